//! What an attempt records: every append goes through here, in the version that the attempt knows.
//!
//! The end of a step waits for the next commit, which follows at once: the beginning of the next step or the end of the
//! attempt. So an attempt of n steps takes n + 1 commits.

use domain::task::{Stage, Task, TaskCommand, TaskEvent};
use domain::{AttemptId, LimitReached, Metadata, StreamId, Usage};

use crate::App;
use crate::commit::{Commit, CommitError, Content, Expected, Hold};
use crate::error::AppError;
use crate::execute::ATTEMPTS;
use crate::ports::Claimed;

use super::halt::Halt;
use super::stop::StopCause;

/// The record of one attempt.
pub(super) struct Ledger<'a> {
    app: &'a App,
    pub(super) claimed: Claimed,
    pub(super) attempt: AttemptId,
    metadata: Metadata,
    stream: StreamId,
    /// As it is once everything that waits is recorded.
    task: Task,
    /// Of the stream, before what waits.
    version: i64,
    waiting: Vec<TaskEvent>,
    beside: Beside,
    /// Until the beginning of the attempt is recorded: the agent must not have changed since it was looked at.
    guard: Option<(StreamId, i64)>,
    /// What the attempt used.
    pub(super) used: Usage,
}

/// What goes along with events into their commit.
#[derive(Default)]
pub(super) struct Beside {
    pub(super) contents: Vec<Content>,
    pub(super) holds: Vec<Hold>,
}

impl<'a> Ledger<'a> {
    /// The record of an attempt that begins; that it does is recorded with its first step.
    pub(super) fn begin(
        app: &'a App,
        claimed: Claimed,
        (task, version): (Task, i64),
        (agent, agent_version): (StreamId, i64),
        metadata: Metadata,
    ) -> Result<Self, Halt> {
        let attempt = AttemptId(app.ids.fresh());
        let mut ledger = Self {
            app,
            claimed,
            attempt,
            metadata,
            stream: StreamId::task(claimed.tenant, claimed.task),
            task,
            version,
            waiting: vec![],
            beside: Beside::default(),
            guard: Some((agent, agent_version)),
            used: Usage::default(),
        };
        ledger.note(TaskCommand::StartAttempt { attempt, agent_version }, Beside::default())?;
        Ok(ledger)
    }

    /// The task with everything that waits.
    pub(super) const fn task(&self) -> &Task {
        &self.task
    }

    /// Lets what a command leads to wait for the next commit.
    pub(super) fn note(&mut self, command: TaskCommand, with: Beside) -> Result<(), Halt> {
        let events = self.decide(command)?;
        self.evolve(&events);
        self.waiting.extend(events);
        self.beside.contents.extend(with.contents);
        self.beside.holds.extend(with.holds);
        Ok(())
    }

    /// Commits what a command leads to, after everything that waited. Where it is refused, what waited still does.
    pub(super) async fn record(&mut self, command: TaskCommand, with: Beside) -> Result<(), Halt> {
        let events = self.decide(command)?;
        let mut tries = 1;
        loop {
            let all = [self.waiting.clone(), events.clone()].concat();
            let recorded = i64::try_from(all.len()).unwrap_or_default();
            match self.app.log.commit(self.commit(all, &with)).await {
                Ok(_) => {
                    self.version += recorded;
                    self.evolve(&events);
                    (self.waiting, self.beside, self.guard) = (vec![], Beside::default(), None);
                    return Ok(());
                }
                Err(CommitError::VersionConflict) if self.guard.is_none() && tries < ATTEMPTS => {
                    self.catch_up().await?;
                    tries += 1;
                }
                Err(error) => return Err(self.refused(error)),
            }
        }
    }

    fn commit(&self, events: Vec<TaskEvent>, with: &Beside) -> Commit {
        let commit = Commit::new(self.claimed.tenant, self.claimed.task.0, self.metadata.clone());
        let commit = match self.guard {
            Some((agent, version)) => commit.guard(agent, version),
            None => commit,
        };
        commit
            .under(self.claimed.lease())
            .append(self.stream, Expected::Exactly(self.version), events)
            .keep(self.beside.contents.iter().chain(&with.contents).cloned())
            .hold(self.beside.holds.iter().chain(&with.holds).copied())
    }

    /// Something else was recorded of the task: the attempt goes on only if it is still the running one.
    async fn catch_up(&mut self) -> Result<(), Halt> {
        let (task, version) = self.app.load::<Task>(self.stream).await?;
        let stage = task.present().map(|(_, stage)| stage);
        if stage != Some(Stage::Running(self.attempt)) || version <= self.version {
            return Err(Halt::Over);
        }
        self.version = version;
        Ok(())
    }

    fn refused(&self, error: CommitError) -> Halt {
        match error {
            CommitError::Limit(LimitReached::Budget { .. }) => {
                Halt::final_failure("budget.exceeded", &error.to_string())
            }
            CommitError::Limit(LimitReached::Suspended) if self.guard.is_none() => {
                Halt::Stopped(StopCause::Suspended)
            }
            CommitError::VersionConflict | CommitError::Limit(_) if self.guard.is_some() => Halt::NotBegun,
            CommitError::VersionConflict | CommitError::Limit(_) | CommitError::LeaseLost => Halt::Over,
            error => Halt::Broken(AppError::from(error)),
        }
    }

    fn decide(&self, command: TaskCommand) -> Result<Vec<TaskEvent>, Halt> {
        self.task.decide(command).map_err(|refusal| Halt::Broken(refusal.into()))
    }

    fn evolve(&mut self, events: &[TaskEvent]) {
        events.iter().cloned().for_each(|event| self.task.evolve(event));
    }
}
