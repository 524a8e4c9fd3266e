//! Orders that end what is under way: stopping and reopening an organisation's work, stopping and pausing an agent.

use domain::task::{Task, TaskCommand};
use domain::tenant::{Tenant, TenantCommand};
use domain::text::Reason;
use domain::{AgentId, Permission, Root, StreamId, Usage};
use futures::stream::{StreamExt as _, TryStreamExt as _, iter};

use crate::App;
use crate::caller::Caller;
use crate::commit::{Commit, CommitError, Expected};
use crate::error::AppError;
use crate::execute::{ATTEMPTS, Done, alone};
use crate::execution::settle_open;

/// What an order does to the tasks that run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    /// Cancels those of one agent.
    Cancel(AgentId, &'static str),
    /// Gives back all attempts of the tenant.
    HandBack,
}

/// How many tasks are loaded at once.
const LOADED_AT_ONCE: usize = 8;

impl App {
    /// Stops all work of the caller's organisation. From the order's position on no attempt begins and none of those
    /// under way may record anything. It asks for no password: in need it must be quick, and what a thief of the
    /// session could do with it is undone by reopening.
    pub async fn stop_all_work(&self, caller: &Caller, reason: Reason) -> Result<Done, AppError> {
        caller.require(Permission::StopWork)?;
        let command = TenantCommand::StopAll { reason };
        self.execute::<Tenant>(caller, StreamId::tenant(caller.tenant), command, alone).await
    }

    /// Lets the work go on. The attempts that the stop cut off are given back in the same commit, so that a worker
    /// that slept through stop and reopening records nothing either.
    pub async fn reopen_work(&self, caller: &Caller) -> Result<Done, AppError> {
        caller.require(Permission::StopWork)?;
        caller.require_recent(self.clock.now())?;
        let order = (StreamId::tenant(caller.tenant), TenantCommand::Reopen);
        self.execute_and_end::<Tenant>(caller, order, Ending::HandBack, |_| Ok(())).await
    }

    /// A decision with whose events the attempts of running tasks end, in one commit. Where a task comes to another
    /// end meanwhile it is all decided anew. `allow` sees the state and may refuse.
    pub(crate) async fn execute_and_end<A>(
        &self,
        caller: &Caller,
        (stream, command): (StreamId, A::Command),
        ending: Ending,
        allow: impl Fn(&A) -> Result<(), AppError> + Send + Sync,
    ) -> Result<Done, AppError>
    where
        A: Root,
        A::Command: Clone + Send + Sync,
        domain::Event: From<A::Event>,
    {
        if let Some(done) = caller.origin.done_before() {
            return Ok(done);
        }
        let mut attempt = 1;
        loop {
            let (state, version) = self.load_for::<A>(caller, stream).await?;
            allow(&state)?;
            caller.origin.require_version(version)?;
            let events = state.decide(command.clone())?;
            let commit = Commit::new(stream.tenant, stream.id, caller.metadata())
                .once(caller.origin.idempotency.clone())
                .append(stream, Expected::Exactly(version), events);
            // Looked up after the state was read: what the commit finds unchanged held all the while.
            let commit = self.end_running(commit, ending).await?;
            match self.log.commit(commit).await {
                Ok(receipt) => return Ok(receipt.into()),
                Err(CommitError::VersionConflict) if attempt < ATTEMPTS => {
                    self.clock.sleep(self.jitter(attempt)).await;
                    attempt += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Ends what began just before the order that ended all others.
    pub(crate) async fn end_the_rest(&self, caller: &Caller, ending: Ending) -> Result<(), AppError> {
        for attempt in 1..=ATTEMPTS {
            let commit = Commit::new(caller.tenant, caller.tenant.0, caller.metadata());
            let commit = self.end_running(commit, ending).await?;
            if commit.appends.is_empty() {
                return Ok(());
            }
            match self.log.commit(commit).await {
                // Looked at again: nothing may be left.
                Ok(_) => {}
                Err(CommitError::VersionConflict) => self.clock.sleep(self.jitter(attempt)).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::Conflict)
    }

    /// Adds the end of every attempt that is under way.
    async fn end_running(&self, commit: Commit, ending: Ending) -> Result<Commit, AppError> {
        let tenant = commit.tenant;
        let agent = match ending {
            Ending::Cancel(agent, _) => Some(agent),
            Ending::HandBack => None,
        };
        let running = self.running.list_running(tenant, agent).await?;
        let streams = running.into_iter().map(|task| StreamId::task(tenant, task));
        let loaded = iter(streams).map(|stream| async move {
            let (task, version) = self.load::<Task>(stream).await?;
            Ok::<_, AppError>((stream, task, version))
        });
        let loaded: Vec<_> = loaded.buffered(LOADED_AT_ONCE).try_collect().await?;
        loaded.into_iter().try_fold(commit, |commit, (stream, task, version)| {
            Ok(match ending.of(&task) {
                Some(command) => {
                    let holds = task.present().map(|(work, _)| settle_open(tenant, work)).unwrap_or_default();
                    commit.append(stream, Expected::Exactly(version), task.decide(command)?).hold(holds)
                }
                None => commit,
            })
        })
    }
}

impl Ending {
    /// What is ordered of a task; nothing if it does not run any more.
    fn of(self, task: &Task) -> Option<TaskCommand> {
        let (_, stage) = task.present()?;
        let attempt = stage.attempt()?;
        Some(match self {
            Self::Cancel(_, reason) => TaskCommand::Cancel { reason: Reason::from_lossy(reason) },
            Self::HandBack => TaskCommand::HandBack { attempt, usage: Usage::default(), not_before: None },
        })
    }
}
