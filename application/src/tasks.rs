use chrono::{DateTime, Utc};
use domain::agent::{Agent, AgentRefusal};
use domain::task::{Amendment, MaxAttempts, Priority, Stage, Task, TaskCommand, TaskKind, TimeoutSeconds};
use domain::text::{Name, Reason};
use domain::{AgentId, Document, Permission, StreamId, TaskId};

use crate::App;
use crate::caller::Caller;
use crate::commit::{Commit, Expected};
use crate::error::AppError;
use crate::execute::Done;
use crate::execution::{check, settle_open};
use crate::setup::check_input;

/// What a task is created with.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// Who is to do it.
    pub agent: AgentId,
    /// What it is called.
    pub name: Name,
    /// Its shape.
    pub kind: TaskKind,
    /// What to work on.
    pub input: Document,
    /// How urgent it is.
    pub priority: Priority,
    /// How long one attempt may take.
    pub timeout: TimeoutSeconds,
    /// How often to try.
    pub max_attempts: MaxAttempts,
    /// Not to be run before.
    pub scheduled_at: Option<DateTime<Utc>>,
    /// How long it may wait for a worker.
    pub queue_timeout: Option<TimeoutSeconds>,
}

impl NewTask {
    fn into_command(self, caller: &Caller) -> TaskCommand {
        TaskCommand::Create {
            agent: self.agent,
            name: self.name,
            kind: self.kind,
            input: self.input,
            priority: self.priority,
            timeout: self.timeout,
            max_attempts: self.max_attempts,
            scheduled_at: self.scheduled_at,
            created_by: Some(caller.user),
            queue_timeout: self.queue_timeout,
            conversation: None,
            fork: None,
            configuration: None,
            schedule: None,
        }
    }
}

impl App {
    /// Describes work for an agent of the tenant.
    pub async fn create_task(&self, caller: &Caller, new: NewTask) -> Result<Done, AppError> {
        caller.require(Permission::CreateTasks)?;
        check(new.kind, &new.input)?;
        let agent_stream = StreamId::agent(caller.tenant, new.agent);
        let task = StreamId::task(caller.tenant, TaskId(self.ids.fresh()));
        let new = &new;
        self.commit_on_what_is_known(&caller.into(), task.id, |known| async move {
            let (agent, agent_version) = known.look_at::<Agent>(agent_stream).await?;
            let Some(profile) = agent.profile() else {
                return Err(AppError::Invalid("/agent_id", "unknown", "no agent has this id"));
            };
            check_input(&profile.configuration, &new.input, self.schemas.as_ref())?;
            let events = Task::default().decide(new.clone().into_command(caller))?;
            // The guard keeps the agent from being terminated before the task is there.
            let commit = Commit::new(task.tenant, task.id, caller.metadata())
                .guard(agent_stream, agent_version)
                .append(task, Expected::Exactly(0), events);
            Ok(Some(commit))
        })
        .await
    }

    /// Changes a task that has not run: one's own, or with the permission anybody's.
    pub async fn amend_task(
        &self,
        caller: &Caller,
        task: TaskId,
        amendment: Amendment,
    ) -> Result<Done, AppError> {
        caller.require(Permission::CreateTasks)?;
        self.check_amendment(caller, task, &amendment).await?;
        self.manage_task(caller, task, TaskCommand::Amend(amendment)).await
    }

    /// Hands a task to the workers; its agent must be running, and stays so until the commit.
    pub async fn execute_task(&self, caller: &Caller, task: TaskId) -> Result<Done, AppError> {
        self.queue_task(caller, task, TaskCommand::Queue).await
    }

    /// Queues a failed or cancelled task again; its agent must be running.
    pub async fn retry_task(&self, caller: &Caller, task: TaskId) -> Result<Done, AppError> {
        self.queue_task(caller, task, TaskCommand::Retry).await
    }

    /// Stops a task, whether it waits or runs: one's own, or with the permission anybody's.
    pub async fn cancel_task(&self, caller: &Caller, task: TaskId, reason: Reason) -> Result<Done, AppError> {
        self.manage_task(caller, task, TaskCommand::Cancel { reason }).await
    }

    /// Takes a task off the list: one's own, or with the permission anybody's.
    pub async fn withdraw_task(&self, caller: &Caller, task: TaskId) -> Result<Done, AppError> {
        self.manage_task(caller, task, TaskCommand::Withdraw).await
    }

    async fn queue_task(
        &self,
        caller: &Caller,
        task: TaskId,
        command: TaskCommand,
    ) -> Result<Done, AppError> {
        caller.require(Permission::CreateTasks)?;
        let stream = StreamId::task(caller.tenant, task);
        let command = &command;
        self.commit_on_what_is_known(&caller.into(), task.0, |known| async move {
            let (state, version) = known.look_at::<Task>(stream).await?;
            let (work, _) = state.present().ok_or(AppError::NotFound)?;
            caller.origin.require_version(version)?;
            // Refuse what the task itself forbids before looking at its agent.
            let events = state.decide(command.clone())?;
            let after = self.after_turn(stream, work.conversation).await?;
            let agent_stream = StreamId::agent(caller.tenant, work.agent);
            let (agent, agent_version) = known.look_at::<Agent>(agent_stream).await?;
            match agent {
                Agent::Running(_) => {}
                // Also once it is terminated: what the caller asked for, the task, is there.
                Agent::Idle(_) | Agent::Paused(_) | Agent::Error(_) | Agent::Absent | Agent::Terminated => {
                    return Err(AgentRefusal::NotRunning.into());
                }
            }
            let commit =
                Commit::new(stream.tenant, stream.id, caller.metadata()).guard(agent_stream, agent_version);
            let commit = after.into_iter().fold(commit, |commit, next| commit.guard(next, 0));
            Ok((!events.is_empty()).then(|| commit.append(stream, Expected::Exactly(version), events)))
        })
        .await
    }

    /// Whether the task's shape and its agent take the input that it would have. Of what is not there the command
    /// itself says so.
    async fn check_amendment(
        &self,
        caller: &Caller,
        task: TaskId,
        amendment: &Amendment,
    ) -> Result<(), AppError> {
        if amendment.input.is_none() && amendment.kind.is_none() {
            return Ok(());
        }
        let (task, _) = self.load_for::<Task>(caller, StreamId::task(caller.tenant, task)).await?;
        let Some((work, _)) = task.present() else {
            return Ok(());
        };
        let input = amendment.input.as_ref().unwrap_or(&work.input);
        check(amendment.kind.unwrap_or(work.kind), input)?;
        let (agent, _) = self.load::<Agent>(StreamId::agent(caller.tenant, work.agent)).await?;
        match agent.profile() {
            Some(profile) => check_input(&profile.configuration, input, self.schemas.as_ref()),
            None => Ok(()),
        }
    }

    async fn manage_task(
        &self,
        caller: &Caller,
        task: TaskId,
        command: TaskCommand,
    ) -> Result<Done, AppError> {
        caller.require(Permission::CreateTasks)?;
        let ends = matches!(command, TaskCommand::Cancel { .. });
        self.execute::<Task>(caller, StreamId::task(caller.tenant, task), command, |state, commit| {
            let Some((work, stage)) = state.present() else {
                return Ok(commit);
            };
            caller.require_own_or(work.created_by, Permission::ManageTasks)?;
            Ok(match stage {
                Stage::Running(_) if ends => commit.hold(settle_open(caller.tenant, work)),
                _ => commit,
            })
        })
        .await
    }
}
