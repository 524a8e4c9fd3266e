//! One attempt: its program and its end.

use std::time::Duration;

use domain::agent::Profile;
use domain::task::{Counting, StepEnd, Task, TaskCommand, TaskEvent, Work};
use domain::{AttemptId, Document, Usage};

use crate::App;
use crate::commit::Content;
use crate::error::AppError;

use super::backoff;
use super::budget::Budgets;
use super::halt::{Halt, Then, failure};
use super::ledger::{Beside, Ledger};
use super::past::{Needed, Past};
use super::program::Job;
use super::recorder::{Recorder, ambiguous};
use super::setup::{Rules, Setup};
use super::stop::{Stop, StopCause};

impl App {
    /// Runs the program of a task and records how the attempt ended.
    pub(super) async fn attempt<'a>(
        &'a self,
        agent: &Profile,
        work: &Work,
        mut ledger: Ledger<'a>,
        stop: &mut Stop,
    ) -> Result<(), Halt> {
        let came_to = self.program(agent, work, &mut ledger, stop).await;
        let nth = work.tries_of_this_run() + 1;
        let (ending, contents) = self.ending((ledger.attempt, nth), ledger.used, came_to)?;
        ledger.record(ending, Beside { contents, holds: vec![] }).await
    }

    async fn program<'a>(
        &'a self,
        agent: &Profile,
        work: &Work,
        ledger: &mut Ledger<'a>,
        stop: &mut Stop,
    ) -> Result<Document, Halt> {
        let setup = Setup::of(agent, work).map_err(|why| Halt::Failed(why, Then::GiveUp))?;
        // An attempt that was ended from outside may have left a call open: it is as if its worker was lost.
        let left_open = work.journal.open().is_some_and(|open| open.has_side_effects);
        if left_open && !setup.rules.retries_ambiguous_tool() {
            return Err(ambiguous());
        }
        let past = Past::of(self, ledger.claimed.tenant, work, Needed::Replies).await?;
        let budgets = Budgets::of(agent, ledger.claimed);
        let seconds = work.timeout.get().min(setup.rules.timeout_seconds.unwrap_or(u32::MAX));
        let limit = Duration::from_secs(u64::from(seconds));
        let mut recorder = Recorder::new(self, ledger, (&setup, budgets), past, limit, stop);
        let job = Job { kind: work.kind, input: &work.input, rules: &setup.rules, schemas: &*self.schemas };
        job.run(&mut recorder).await
    }

    /// What is recorded at the end of an attempt; a halt if nothing may be.
    fn ending(
        &self,
        (attempt, nth): (AttemptId, u32),
        usage: Usage,
        came_to: Result<Document, Halt>,
    ) -> Result<(TaskCommand, Vec<Content>), Halt> {
        let command = match came_to {
            Ok(output) => TaskCommand::Complete { attempt, output, usage },
            Err(Halt::Asks(asked)) => {
                let (question, shown) = *asked;
                return Ok((TaskCommand::AskApproval { attempt, question, usage }, vec![shown]));
            }
            Err(Halt::Failed(failure, then)) => {
                let (wait, counting) = match then {
                    Then::GiveUp => (None, Counting::Counts),
                    Then::Retry(wait) => (Some(wait), Counting::Counts),
                    Then::Defer(wait) => (Some(wait), Counting::Deferred),
                };
                let retry_at = wait.map(|wait| self.clock.now() + backoff::wait(nth, wait, self.ids.fresh()));
                TaskCommand::FailAttempt { attempt, failure, usage, retry_at, counting }
            }
            Err(Halt::Stopped(StopCause::Suspended)) => {
                let halt = Halt::passing_failure("tenant.suspended", "the organisation was suspended");
                return self.ending((attempt, nth), usage, Err(halt));
            }
            Err(Halt::Stopped(StopCause::Shutdown)) => {
                TaskCommand::HandBack { attempt, usage, not_before: None }
            }
            Err(Halt::Waits(until)) => TaskCommand::HandBack { attempt, usage, not_before: Some(until) },
            Err(
                halt @ (Halt::Stopped(StopCause::LeaseLost) | Halt::NotBegun | Halt::Over | Halt::Broken(_)),
            ) => return Err(halt),
        };
        Ok((command, vec![]))
    }

    /// How an attempt ends whose worker was lost: its open step, and itself. Of a call that may have changed something
    /// nobody knows whether it was done, so it is made again only where the agent's owner says so.
    pub(super) fn lost(
        &self,
        task: &Task,
        lost: AttemptId,
        rules: &Rules,
    ) -> Result<Vec<TaskEvent>, AppError> {
        let Some((work, _)) = task.present() else {
            return Ok(vec![]);
        };
        let why = failure("worker.lost", "the worker stopped before it recorded a result");
        let open = work.journal.open().filter(|open| open.attempt == lost);
        let is_ambiguous = open.is_some_and(|open| open.has_side_effects) && !rules.retries_ambiguous_tool();
        let end_step = open.map(|open| {
            let usage = Usage { cost_micro_usd: open.reserved, ..Usage::default() };
            let (price_table, latency_ms) = (String::new(), 0);
            let end = StepEnd { outcome: Err(why.clone()), usage, price_table, latency_ms };
            TaskCommand::EndStep { attempt: lost, call: open.call, end }
        });
        let ending = if is_ambiguous {
            // A halt of this sort always has an ending.
            let ending = self.ending((lost, 0), Usage::default(), Err(ambiguous()));
            ending.ok().map(|(ending, _)| ending)
        } else {
            let wait = backoff::wait(work.tries_of_this_run(), Duration::ZERO, self.ids.fresh());
            Some(TaskCommand::LoseWorker { attempt: lost, retry_at: self.clock.now() + wait })
        };
        let mut task = task.clone();
        let mut events = vec![];
        for command in end_step.into_iter().chain(ending) {
            let decided = task.decide(command)?;
            decided.iter().cloned().for_each(|event| task.evolve(event));
            events.extend(decided);
        }
        Ok(events)
    }
}
