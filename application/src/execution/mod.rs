//! Task, attempt, steps, result.
//!
//! An attempt runs the program of its task's type (`program`). A program asks for steps (`steps`): calls of the model and
//! of tools, and waits. The recorder answers them: it takes over what the run has done already (`past`), and records what
//! it does itself before and after (`ledger`), by the rules of the agent (`setup`) and out of its budgets (`budget`).
//!
//! A worker takes tasks with [`App::claim`], runs each with [`App::run_claimed`], and keeps its leases alive with
//! [`App::heartbeat`]. The loop around it lives in the api room. No model is called inside a transaction; an attempt is
//! recorded before and after, so a crash in between is seen by the next worker ([`App::rescue`]) and the attempt is given
//! up, not forgotten. All that is recorded of an attempt is committed under its lease.

mod attempt;
mod backoff;
mod budget;
mod halt;
mod ledger;
mod live;
mod overdue;
mod past;
mod program;
mod record;
mod recorder;
mod replay;
mod setup;
mod steps;
mod stop;

use std::time::Duration;

use domain::agent::Agent;
use domain::task::{Stage, Task};
use domain::{Actor, AttemptId, Metadata, StreamId};

use crate::App;
use crate::caller::Origin;
use crate::error::AppError;
use crate::execute::Acting;
use crate::ports::{Claimed, Renewal};

pub(crate) use budget::settle_open;
pub(crate) use program::check;
pub use record::answer_text;
pub use replay::{NewFork, Replayed};
pub(crate) use setup::read;
pub use stop::{Stop, StopCause};

use halt::Halt;
use ledger::Ledger;
use setup::Setup;

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
        let agent_stream = StreamId::agent(claimed.tenant, claimed.agent);
        let stream = StreamId::task(claimed.tenant, claimed.task);
        let (mut task, mut version, is_remembered) = self.recall::<Task>(stream).await?;
        if is_remembered && task.present().is_none_or(|(_, stage)| stage != Stage::Queued) {
            (task, version) = self.load(stream).await?;
        }
        let Some((work, stage)) = task.present() else {
            return self.let_go(claimed).await;
        };
        if let Stage::Running(lost) = stage {
            return self.give_up(&Metadata::system(worker), claimed, lost).await;
        }
        // A claim is for agents that run. One that was changed since is noticed when the attempt's beginning is committed;
        // the task is claimed again then.
        let (mut agent, mut agent_version, is_remembered) = self.recall::<Agent>(agent_stream).await?;
        if is_remembered && !matches!(agent, Agent::Running(_)) {
            (agent, agent_version) = self.load(agent_stream).await?;
        }
        let Agent::Running(profile) = &agent else {
            return self.let_go(claimed).await;
        };
        if stage != Stage::Queued {
            return self.let_go(claimed).await;
        }
        let work = work.clone();
        let metadata = Metadata {
            on_behalf_of: work.created_by,
            worker: Some(worker.to_owned()),
            ..Metadata::of(Actor::Agent(claimed.agent))
        };
        let ledger = Ledger::begin(self, claimed, (task, version), (agent_stream, agent_version), metadata);
        let ended = match ledger {
            Ok(ledger) => self.attempt(profile, &work, ledger, &mut stop).await,
            Err(halt) => Err(halt),
        };
        match ended {
            Err(Halt::NotBegun) => self.let_go(claimed).await,
            Err(Halt::Broken(error)) => Err(error),
            // An attempt that is no longer the running one leaves no trace: it was cancelled, or another worker gave it
            // up.
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Gives a lease back under which nothing was begun.
    async fn let_go(&self, claimed: Claimed) -> Result<(), AppError> {
        Ok(self.queue.release(&[claimed]).await?)
    }

    async fn give_up(&self, metadata: &Metadata, claimed: Claimed, lost: AttemptId) -> Result<(), AppError> {
        let (agent, _) = self.load::<Agent>(StreamId::agent(claimed.tenant, claimed.agent)).await?;
        let stream = StreamId::task(claimed.tenant, claimed.task);
        let origin = Origin::default();
        let by = Acting::unbound(&origin, metadata);
        let given_up = self.commit_decision(by, stream, |task: &Task, _, commit| {
            let work = task.present().map(|(work, _)| work);
            let setup = agent.profile().zip(work).and_then(|(agent, work)| Setup::of(agent, work).ok());
            let rules = setup.map(|setup| setup.rules).unwrap_or_default();
            let holds = work.map(|work| settle_open(claimed.tenant, work)).unwrap_or_default();
            Ok((self.lost(task, lost, &rules)?, commit.under(claimed.lease()).hold(holds)))
        });
        match given_up.await {
            Ok(_) | Err(AppError::Refused { .. } | AppError::Limit(_) | AppError::LeaseLost) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
