use domain::agent::{Agent, AgentCommand, AgentKind, PauseMode};
use domain::text::{Capabilities, Description, Name};
use domain::{AgentId, Document, Permission, StreamId};

use crate::App;
use crate::caller::Caller;
use crate::error::AppError;
use crate::execute::{Done, alone};
use crate::stops::Ending;

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
        caller.require_all_agents()?;
        self.check_configuration(&new.configuration)?;
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
        caller.require(Permission::CreateAgents)?;
        if let Some(configuration) = &new.configuration {
            self.check_configuration(configuration)?;
        }
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

    /// Lets an agent take no more tasks, and cancels those that run.
    pub async fn stop_agent(&self, caller: &Caller, agent: AgentId) -> Result<Done, AppError> {
        caller.require(Permission::RunAgents)?;
        self.halt_agent(caller, (agent, AgentCommand::Stop), "the agent was stopped", |_| Ok(())).await
    }

    /// Lets an agent take no tasks for a while. Those that run come to their own end, or are cancelled.
    pub async fn pause_agent(
        &self,
        caller: &Caller,
        agent: AgentId,
        mode: PauseMode,
    ) -> Result<Done, AppError> {
        let command = AgentCommand::Pause { mode };
        match mode {
            PauseMode::Drain => self.run_agent(caller, agent, command).await,
            PauseMode::Cancel => {
                caller.require(Permission::RunAgents)?;
                self.halt_agent(caller, (agent, command), "the agent was paused", |_| Ok(())).await
            }
        }
    }

    /// Lets a paused agent take tasks again.
    pub async fn resume_agent(&self, caller: &Caller, agent: AgentId) -> Result<Done, AppError> {
        self.run_agent(caller, agent, AgentCommand::Resume).await
    }

    /// Ends an agent for good, and cancels its tasks that run: one's own, or with the permission anybody's.
    pub async fn terminate_agent(&self, caller: &Caller, agent: AgentId) -> Result<Done, AppError> {
        caller.require(Permission::CreateAgents)?;
        let order = (agent, AgentCommand::Terminate);
        self.halt_agent(caller, order, "the agent was terminated", |state| own_or_managed(caller, state))
            .await
    }

    /// An order after which the agent runs nothing. Starting an attempt depends on the version of the agent's stream,
    /// so what began between the look-up and the commit is all that is left to cancel afterwards.
    async fn halt_agent(
        &self,
        caller: &Caller,
        (agent, command): (AgentId, AgentCommand),
        reason: &'static str,
        allow: impl Fn(&Agent) -> Result<(), AppError> + Send + Sync,
    ) -> Result<Done, AppError> {
        let (order, ending) =
            ((StreamId::agent(caller.tenant, agent), command), Ending::Cancel(agent, reason));
        let done = self.execute_and_end::<Agent>(caller, order, ending, allow).await?;
        self.end_the_rest(caller, ending).await?;
        Ok(done)
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
            own_or_managed(caller, state)?;
            Ok(commit)
        })
        .await
    }
}

/// Refuses unless the caller made the agent or manages everybody's.
fn own_or_managed(caller: &Caller, agent: &Agent) -> Result<(), AppError> {
    match agent.profile() {
        Some(profile) => caller.require_own_or(profile.created_by, Permission::ManageAgents),
        None => Ok(()),
    }
}
