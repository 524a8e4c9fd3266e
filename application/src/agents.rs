use domain::agent::{Agent, AgentCommand, AgentKind};
use domain::text::{Capabilities, Description, Name};
use domain::{AgentId, Document, Permission, StreamId};

use crate::App;
use crate::caller::Caller;
use crate::error::AppError;
use crate::execute::{Done, alone};

/// What an agent is created with.
#[derive(Clone, Debug)]
pub struct NewAgent {
    /// What it is called.
    pub name: Name,
    /// What it is for.
    pub description: Description,
    /// What runs it.
    pub kind: AgentKind,
    /// How it is set up.
    pub configuration: Document,
    /// What it may use.
    pub capabilities: Capabilities,
}

/// What changes of an agent; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default)]
pub struct AgentChange {
    /// A new name.
    pub name: Option<Name>,
    /// A new description.
    pub description: Option<Description>,
    /// Another thing to run it.
    pub kind: Option<AgentKind>,
    /// A new configuration, all of it.
    pub configuration: Option<Document>,
    /// New capabilities, all of them.
    pub capabilities: Option<Capabilities>,
}

impl App {
    /// Creates an agent, idle. The plan's limit is checked where the log is written.
    pub async fn create_agent(&self, caller: &Caller, new: NewAgent) -> Result<Done, AppError> {
        caller.require(Permission::CreateAgents)?;
        let agent = AgentId(self.ids.fresh());
        let command = AgentCommand::Create {
            name: new.name,
            description: new.description,
            kind: new.kind,
            configuration: new.configuration,
            capabilities: new.capabilities,
            created_by: Some(caller.user),
        };
        let stream = StreamId::agent(caller.tenant, agent);
        self.create::<Agent>(&caller.origin, &caller.metadata(), stream, command, |commit| commit).await
    }

    /// Changes what describes an agent: one's own, or with the permission anybody's.
    pub async fn change_agent(
        &self,
        caller: &Caller,
        agent: AgentId,
        new: AgentChange,
    ) -> Result<Done, AppError> {
        let command = AgentCommand::Change {
            name: new.name,
            description: new.description,
            kind: new.kind,
            configuration: new.configuration,
            capabilities: new.capabilities,
        };
        self.manage_agent(caller, agent, command).await
    }

    /// Lets an agent take tasks.
    pub async fn start_agent(&self, caller: &Caller, agent: AgentId) -> Result<Done, AppError> {
        self.run_agent(caller, agent, AgentCommand::Start).await
    }

    /// Lets an agent take no more tasks.
    pub async fn stop_agent(&self, caller: &Caller, agent: AgentId) -> Result<Done, AppError> {
        self.run_agent(caller, agent, AgentCommand::Stop).await
    }

    /// Lets an agent take no tasks for a while.
    pub async fn pause_agent(&self, caller: &Caller, agent: AgentId) -> Result<Done, AppError> {
        self.run_agent(caller, agent, AgentCommand::Pause).await
    }

    /// Lets a paused agent take tasks again.
    pub async fn resume_agent(&self, caller: &Caller, agent: AgentId) -> Result<Done, AppError> {
        self.run_agent(caller, agent, AgentCommand::Resume).await
    }

    /// Ends an agent for good: one's own, or with the permission anybody's.
    pub async fn terminate_agent(&self, caller: &Caller, agent: AgentId) -> Result<Done, AppError> {
        self.manage_agent(caller, agent, AgentCommand::Terminate).await
    }

    async fn run_agent(
        &self,
        caller: &Caller,
        agent: AgentId,
        command: AgentCommand,
    ) -> Result<Done, AppError> {
        caller.require(Permission::RunAgents)?;
        self.execute::<Agent>(caller, StreamId::agent(caller.tenant, agent), command, alone).await
    }

    async fn manage_agent(
        &self,
        caller: &Caller,
        agent: AgentId,
        command: AgentCommand,
    ) -> Result<Done, AppError> {
        caller.require(Permission::CreateAgents)?;
        self.execute::<Agent>(caller, StreamId::agent(caller.tenant, agent), command, |state, commit| {
            if let Some(profile) = state.profile() {
                caller.require_own_or(profile.created_by, Permission::ManageAgents)?;
            }
            Ok(commit)
        })
        .await
    }
}
