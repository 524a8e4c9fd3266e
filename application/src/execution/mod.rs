//! Task, attempt, model, result.
//!
//! [`App::run_next`] is one step of a worker: take one task, run one attempt, record how it ended. The loop
//! around it lives in the api room. No model is called inside a transaction; an attempt is recorded before and
//! after, so a crash in between is seen by the next worker and the attempt is given up, not forgotten.

mod attempt;
mod backoff;

use std::time::Duration;

use domain::agent::Agent;
use domain::task::{Failure, Stage, Task, TaskCommand};
use domain::text::Reason;
use domain::{AttemptId, Metadata, StreamId, Usage};

use crate::App;
use crate::caller::Origin;
use crate::commit::{Commit, CommitError, Expected};
use crate::error::AppError;
use crate::execute::alone;
use crate::ports::Claimed;

use attempt::Outcome;

/// Whether a worker found something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// One task was taken a step further.
    Ran,
    /// Nothing was due.
    Idle,
}

/// How long a worker holds a task without a sign of life.
pub const LEASE: Duration = Duration::from_secs(15);

impl App {
    /// Takes one task, if one is due, and runs one attempt of it.
    pub async fn run_next(&self, worker: &str) -> Result<Step, AppError> {
        let Some(claimed) = self.queue.claim(worker, LEASE).await? else {
            return Ok(Step::Idle);
        };
        let result = self.run_claimed(worker, &claimed).await;
        // Given back whatever happened; a lease that cannot be given back runs out by itself.
        self.queue.release(&claimed).await.ok();
        result.map(|()| Step::Ran)
    }

    async fn run_claimed(&self, worker: &str, claimed: &Claimed) -> Result<(), AppError> {
        let metadata = Metadata::system(worker);
        let task_stream = StreamId::task(claimed.tenant, claimed.task);
        let agent_stream = StreamId::agent(claimed.tenant, claimed.agent);
        let (task, task_version) = self.load::<Task>(task_stream).await?;
        let Some((work, stage)) = task.present() else {
            return Ok(());
        };
        if let Stage::Running(lost) = stage {
            return self.give_up(&metadata, task_stream, work.attempts_of_this_run(), lost).await;
        }
        let (agent, agent_version) = self.load::<Agent>(agent_stream).await?;
        let Agent::Running(profile) = &agent else {
            return Ok(());
        };

        let attempt = AttemptId(self.ids.fresh());
        let events = task.decide(TaskCommand::StartAttempt { attempt })?;
        let start = Commit::new(claimed.tenant, claimed.task.0, metadata.clone())
            .guard(agent_stream, agent_version)
            .append(task_stream, Expected::Exactly(task_version), events);
        match self.log.commit(start).await {
            Ok(_) => {}
            // Cancelled or amended, or the agent stopped, since the claim: it is looked at again if still due.
            Err(CommitError::VersionConflict | CommitError::Limit(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let outcome = self.attempt(claimed, profile, work).await;
        let nth = work.attempts_of_this_run() + 1;
        let Some(ending) = self.ending(attempt, nth, outcome) else {
            return Ok(());
        };
        self.end_attempt(&metadata, task_stream, ending).await
    }

    /// Records the end of an attempt. An attempt that is no longer the running one leaves no trace: it was
    /// cancelled, or another worker gave it up.
    async fn end_attempt(
        &self,
        metadata: &Metadata,
        task: StreamId,
        ending: TaskCommand,
    ) -> Result<(), AppError> {
        match self.execute_with::<Task>(&Origin::default(), metadata, task, ending, alone).await {
            Ok(_) | Err(AppError::Refused { .. } | AppError::Limit(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn give_up(
        &self,
        metadata: &Metadata,
        task: StreamId,
        nth: u32,
        lost: AttemptId,
    ) -> Result<(), AppError> {
        let failure = Failure {
            code: "worker.lost".to_owned(),
            message: Reason::from_lossy("the worker stopped before it recorded a result"),
        };
        let retry_at = Some(self.clock.now() + backoff::wait(nth, Duration::ZERO, self.ids.fresh()));
        let ending = TaskCommand::FailAttempt { attempt: lost, failure, usage: Usage::default(), retry_at };
        self.end_attempt(metadata, task, ending).await
    }

    fn ending(&self, attempt: AttemptId, nth: u32, outcome: Outcome) -> Option<TaskCommand> {
        match outcome {
            Outcome::Replied(reply) => {
                Some(TaskCommand::Complete { attempt, output: reply.output, usage: reply.usage })
            }
            Outcome::Failed(failed) => {
                let retry_at = failed
                    .retry
                    .map(|at_least| self.clock.now() + backoff::wait(nth, at_least, self.ids.fresh()));
                Some(TaskCommand::FailAttempt {
                    attempt,
                    failure: failed.failure,
                    usage: failed.usage,
                    retry_at,
                })
            }
            Outcome::LeaseLost => None,
        }
    }
}
