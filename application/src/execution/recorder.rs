//! The steps of a worker's attempt: recorded before and after, paid for out of the budgets, taken over from earlier
//! attempts where they were done already.

use std::pin::Pin;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::task::{DoneStep, Failure, NewStep, StepEnd, StepKind, TaskCommand};
use domain::{MicroUsd, Usage};
use futures::future::{Either, select};
use uuid::Uuid;

use crate::App;
use crate::commit::Content;
use crate::ports::{ToolGrant, ToolSpec};

use super::budget::{Budgets, settled};
use super::halt::{Halt, failure};
use super::ledger::{Beside, Ledger};
use super::past::Past;
use super::setup::Setup;
use super::stop::{Stop, StopCause, stopped};

/// Takes the steps of an attempt.
pub(super) struct Recorder<'r, 'a> {
    pub(super) app: &'a App,
    pub(super) ledger: &'r mut Ledger<'a>,
    pub(super) setup: &'r Setup,
    pub(super) past: Past,
    /// How many steps the program has taken.
    pub(super) place: u32,
    /// What the steps so far used, those of earlier attempts too.
    pub(super) used: Usage,
    pub(super) grant: ToolGrant,
    /// Once they were asked for.
    pub(super) tools: Option<Vec<ToolSpec>>,
    budgets: Budgets,
    open: Option<Open>,
    deadline: Pin<Box<dyn Future<Output = ()> + Send + 'a>>,
    limit: Duration,
    stop: &'r mut Stop,
}

/// A step as it is about to begin.
pub(super) struct Beginning {
    pub(super) kind: StepKind,
    pub(super) name: String,
    pub(super) provider: String,
    pub(super) call: Uuid,
    pub(super) request: Content,
    pub(super) reserved: MicroUsd,
    pub(super) price_table: String,
    pub(super) has_side_effects: bool,
}

/// A step that was begun.
struct Open {
    call: Uuid,
    reserved: MicroUsd,
    since: DateTime<Utc>,
    price_table: String,
    has_side_effects: bool,
}

impl<'r, 'a> Recorder<'r, 'a> {
    /// Takes steps after those of the past, for as long as `limit`.
    pub(super) fn new(
        app: &'a App,
        ledger: &'r mut Ledger<'a>,
        (setup, budgets): (&'r Setup, Budgets),
        past: Past,
        limit: Duration,
        stop: &'r mut Stop,
    ) -> Self {
        let grant = ToolGrant {
            tenant: ledger.claimed.tenant,
            capabilities: setup.capabilities.clone(),
            configuration: setup.configuration.clone(),
        };
        Self {
            app,
            ledger,
            setup,
            place: 0,
            used: Usage::default(),
            grant,
            tools: None,
            budgets,
            past,
            open: None,
            deadline: app.clock.sleep(limit),
            limit,
            stop,
        }
    }

    /// The step at the next place as it was done before, if it holds for what is asked now.
    pub(super) fn take_over(&mut self, kind: StepKind, request: &Content) -> Result<Option<DoneStep>, Halt> {
        let taken = self.past.take(self.place + 1, kind, request.hash)?;
        if let Some(step) = &taken {
            self.place += 1;
            self.used = self.used.plus(self.past.usage_of(step));
        }
        Ok(taken)
    }

    /// How many calls of models went before in this run.
    pub(super) fn model_calls(&self) -> u32 {
        let own = self.ledger.task().present().map_or(0, |(work, _)| work.journal.model_calls());
        own + self.past.given_model_calls()
    }

    /// Records that a step begins, and sets aside what it may cost.
    pub(super) async fn begin_step(&mut self, new: Beginning) -> Result<(), Halt> {
        let holds = self.budgets.reserve(self.app, new.reserved).await?;
        let command = TaskCommand::StartStep {
            attempt: self.ledger.attempt,
            step: NewStep {
                step: self.place + 1,
                kind: new.kind,
                name: new.name,
                provider: new.provider,
                call: new.call,
                request: new.request.hash,
                reserved: new.reserved,
                has_side_effects: new.has_side_effects,
            },
        };
        let beside = Beside { contents: vec![new.request], holds };
        self.ledger.record(command, beside).await?;
        self.place += 1;
        self.open = Some(Open {
            call: new.call,
            reserved: new.reserved,
            since: self.app.clock.now(),
            price_table: new.price_table,
            has_side_effects: new.has_side_effects,
        });
        Ok(())
    }

    /// Notes how the open step ended; it is recorded with what comes next.
    pub(super) fn end_step(&mut self, outcome: Result<Content, Failure>, usage: Usage) -> Result<(), Halt> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let (outcome, contents) = match outcome {
            Ok(content) => (Ok(content.hash), vec![content]),
            Err(failure) => (Err(failure), vec![]),
        };
        let took = self.app.clock.now() - open.since;
        let end = StepEnd {
            outcome,
            usage,
            price_table: open.price_table,
            latency_ms: u32::try_from(took.num_milliseconds()).unwrap_or_default(),
        };
        let holds = settled(self.ledger.claimed, open.reserved, usage.cost_micro_usd);
        let command = TaskCommand::EndStep { attempt: self.ledger.attempt, call: open.call, end };
        self.ledger.note(command, Beside { contents, holds })?;
        self.used = self.used.plus(usage);
        self.ledger.used = self.ledger.used.plus(usage);
        Ok(())
    }

    /// Waits for something outside until it answers, the attempt's time is up, or the attempt is to end. What is cut
    /// short ends as failed; what it cost is unknown, and booked as all that was set aside.
    pub(super) async fn outside<T>(&mut self, work: impl Future<Output = T> + Send) -> Result<T, Halt> {
        let cut = {
            let work = std::pin::pin!(work);
            let end = std::pin::pin!(stopped(self.stop));
            match select(work, select(self.deadline.as_mut(), end)).await {
                Either::Left((answer, _)) => return Ok(answer),
                Either::Right((Either::Left(_), _)) => None,
                Either::Right((Either::Right((cause, _)), _)) => Some(cause),
            }
        };
        Err(self.cut_short(cut))
    }

    fn cut_short(&mut self, cause: Option<StopCause>) -> Halt {
        let is_ambiguous = self.open.as_ref().is_some_and(|open| open.has_side_effects)
            && !self.setup.rules.retries_ambiguous_tool();
        let (why, halt) = match cause {
            None => {
                let message = format!("no answer within {} s", self.limit.as_secs());
                (failure("task.timeout", &message), Halt::passing_failure("task.timeout", &message))
            }
            Some(cause) => (failure("worker.stopped", "the call was cut short"), Halt::Stopped(cause)),
        };
        let spent = self.open.as_ref().map(|open| open.reserved).unwrap_or_default();
        let usage = Usage { cost_micro_usd: spent, ..Usage::default() };
        if let Err(error) = self.end_step(Err(why), usage) {
            return error;
        }
        match halt {
            // Nothing may be recorded any more, whatever is unknown.
            Halt::Stopped(StopCause::LeaseLost) => halt,
            _ if is_ambiguous => ambiguous(),
            halt => halt,
        }
    }
}

/// A call that may have changed something in the world was cut short.
pub(super) fn ambiguous() -> Halt {
    Halt::final_failure(
        "tool.ambiguous",
        "a call that may have changed something was sent, and whether it was done is not known",
    )
}
