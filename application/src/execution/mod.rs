//! Task, attempt, model, result.
//!
//! A worker takes tasks with [`App::claim`], runs each with [`App::run_claimed`], and keeps its leases alive with
//! [`App::heartbeat`]. The loop around it lives in the api room. No model is called inside a transaction; an attempt is
//! recorded before and after, so a crash in between is seen by the next worker ([`App::rescue`]) and the attempt is given
//! up, not forgotten. All that is recorded of an attempt is committed under its lease.

mod attempt;
mod backoff;
mod stop;

use std::time::Duration;

use domain::agent::Agent;
use domain::task::{Counting, Stage, Task, TaskCommand};
use domain::{AttemptId, Metadata, StreamId, Usage};

use crate::App;
use crate::caller::Origin;
use crate::commit::{Commit, CommitError, Expected};
use crate::error::AppError;
use crate::ports::{Claimed, FailureClass, Renewal};

pub use stop::{Stop, StopCause};

use attempt::Outcome;

impl App {
    /// Takes at most `most` tasks that are due, each under a lease: so long the worker holds a task without a sign of
    /// life.
    pub async fn claim(&self, worker: &str, lease: Duration, most: usize) -> Result<Vec<Claimed>, AppError> {
        Ok(self.queue.claim(worker, lease, most).await?)
    }

    /// Takes at most `most` tasks over whose workers gave no sign of life.
    pub async fn rescue(&self, worker: &str, lease: Duration, most: usize) -> Result<Vec<Claimed>, AppError> {
        Ok(self.queue.rescue(worker, lease, most).await?)
    }

    /// Lengthens all leases of a worker; says of each, in the same order, whether the work may go on.
    pub async fn heartbeat(&self, held: &[Claimed], lease: Duration) -> Result<Vec<Renewal>, AppError> {
        Ok(self.queue.renew(held, lease).await?)
    }

    /// Runs one attempt of a claimed task until its end is recorded; the lease goes with it, or is given back where
    /// nothing was begun. Of a task that another worker left in the middle, that attempt is given up. `stop` ends it
    /// early.
    pub async fn run_claimed(&self, worker: &str, claimed: Claimed, mut stop: Stop) -> Result<(), AppError> {
        let metadata = Metadata::system(worker);
        let task_stream = StreamId::task(claimed.tenant, claimed.task);
        let agent_stream = StreamId::agent(claimed.tenant, claimed.agent);
        let (task, task_version) = self.load::<Task>(task_stream).await?;
        let Some((work, stage)) = task.present() else {
            return self.let_go(claimed).await;
        };
        if let Stage::Running(lost) = stage {
            return self.give_up(&metadata, &claimed, work.attempts_of_this_run(), lost).await;
        }
        let (agent, agent_version) = self.load::<Agent>(agent_stream).await?;
        let Agent::Running(profile) = &agent else {
            return self.let_go(claimed).await;
        };

        let attempt = AttemptId(self.ids.fresh());
        let Ok(events) = task.decide(TaskCommand::StartAttempt { attempt, agent_version }) else {
            return self.let_go(claimed).await;
        };
        let start = Commit::new(claimed.tenant, claimed.task.0, metadata.clone())
            .under(claimed.lease())
            .guard(agent_stream, agent_version)
            .append(task_stream, Expected::Exactly(task_version), events);
        match self.log.commit(start).await {
            Ok(_) => {}
            // Cancelled or amended, or the agent stopped, since the claim: it is looked at again if still due.
            Err(CommitError::VersionConflict | CommitError::Limit(_)) => return self.let_go(claimed).await,
            Err(CommitError::LeaseLost) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let outcome = self.attempt(&claimed, profile, work, &mut stop).await;
        let nth = work.attempts_of_this_run() + 1;
        let Some(ending) = self.ending(attempt, nth, outcome) else {
            return Ok(());
        };
        self.end_attempt(&metadata, &claimed, ending).await
    }

    /// Gives a lease back under which nothing was begun.
    async fn let_go(&self, claimed: Claimed) -> Result<(), AppError> {
        Ok(self.queue.release(&[claimed]).await?)
    }

    /// Records the end of an attempt. An attempt that is no longer the running one leaves no trace: it was
    /// cancelled, or another worker gave it up.
    async fn end_attempt(
        &self,
        metadata: &Metadata,
        claimed: &Claimed,
        ending: TaskCommand,
    ) -> Result<(), AppError> {
        let task = StreamId::task(claimed.tenant, claimed.task);
        let under = |_: &Task, commit: Commit| Ok(commit.under(claimed.lease()));
        match self.execute_with(&Origin::default(), metadata, task, ending, under).await {
            Ok(_) | Err(AppError::Refused { .. } | AppError::Limit(_) | AppError::LeaseLost) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn give_up(
        &self,
        metadata: &Metadata,
        claimed: &Claimed,
        nth: u32,
        lost: AttemptId,
    ) -> Result<(), AppError> {
        let retry_at = self.clock.now() + backoff::wait(nth, Duration::ZERO, self.ids.fresh());
        self.end_attempt(metadata, claimed, TaskCommand::LoseWorker { attempt: lost, retry_at }).await
    }

    fn ending(&self, attempt: AttemptId, nth: u32, outcome: Outcome) -> Option<TaskCommand> {
        match outcome {
            Outcome::Replied(reply) => {
                Some(TaskCommand::Complete { attempt, output: attempt::output(&reply), usage: reply.usage })
            }
            Outcome::Failed(failed) => {
                let at_least = match failed.class {
                    FailureClass::Refused => None,
                    FailureClass::Limited(Some(wait)) | FailureClass::CircuitOpen(wait) => Some(wait),
                    FailureClass::Limited(None)
                    | FailureClass::NeverSent
                    | FailureClass::Unavailable
                    | FailureClass::Ambiguous => Some(Duration::ZERO),
                };
                let retry_at =
                    at_least.map(|wait| self.clock.now() + backoff::wait(nth, wait, self.ids.fresh()));
                Some(TaskCommand::FailAttempt {
                    attempt,
                    failure: failed.failure,
                    usage: failed.usage,
                    retry_at,
                    counting: Counting::Counts,
                })
            }
            Outcome::HandedBack => Some(TaskCommand::HandBack { attempt, usage: Usage::default() }),
            Outcome::LeaseLost => None,
        }
    }
}
