//! The steps of a task: a fold over its own events, which are few, so that a step costs no row besides them.

use chrono::{DateTime, Utc};
use domain::task::{Failure, StepKind, TaskEvent};
use domain::{AttemptId, ContentHash, Event, Recorded, Usage};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::columns::text_enum;
use crate::schema::StepKindSchema;
use crate::tasks::{TaskError, TaskUsage};

text_enum! {
    /// Where a step stands.
    pub enum StepState {
        /// It was begun.
        Running = "running",
        /// It came to a result, which later attempts of the run take over.
        Done = "done",
        /// It failed.
        Failed = "failed",
        /// Its task was stopped meanwhile: how it ended is not known.
        CutOff = "cut_off",
        /// It was taken anew: what it came to holds no more.
        Superseded = "superseded",
    }
}

/// A call of a model or a tool, or a wait.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Step)]
pub struct StepRow {
    /// The call, as it is named to the outside.
    pub id: Uuid,
    /// Its place in the run, from 1.
    pub step: u32,
    /// What sort of step.
    #[schema(value_type = StepKindSchema)]
    pub kind: StepKind,
    /// The model or the tool.
    pub name: String,
    /// Whose model it is; empty for a tool.
    pub provider: String,
    /// Where it stands.
    pub state: StepState,
    /// The attempt that took it.
    #[schema(value_type = Uuid)]
    pub attempt_id: AttemptId,
    /// Which attempt that is, from 1, over the whole life of the task.
    pub attempt: u32,
    /// The SHA-256 of what is asked, in hexadecimal.
    #[schema(value_type = String)]
    pub request_hash: ContentHash,
    /// The SHA-256 of what came back.
    #[schema(required, value_type = Option<String>)]
    pub reply_hash: Option<ContentHash>,
    /// Why nothing did.
    #[schema(required)]
    pub error: Option<TaskError>,
    /// Whether it may change something in the world.
    pub has_side_effects: bool,
    /// What was set aside for it, in US dollars with six decimals.
    #[schema(example = "0.012000")]
    pub reserved_usd: String,
    /// What it consumed.
    pub usage: TaskUsage,
    /// The version of the price table that the cost follows.
    #[schema(required)]
    pub price_table: Option<String>,
    /// How long it took, in milliseconds; null while it runs.
    #[schema(required)]
    pub latency_ms: Option<u32>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    #[schema(required)]
    pub ended_at: Option<DateTime<Utc>>,
    /// What is asked, if contents are included.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Object>)]
    pub request: Option<Box<RawValue>>,
    /// What came back, if contents are included.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Object>)]
    pub reply: Option<Box<RawValue>>,
}

/// The names of the events that tell of steps.
pub const STEP_EVENTS: [&str; 5] =
    ["task.attempt_started", "task.step_started", "task.step_ended", "task.retried", "task.cancelled"];

/// The steps of a task, in the order in which they were begun, of its [`STEP_EVENTS`], oldest first.
pub fn steps(events: impl IntoIterator<Item = Recorded>) -> Vec<StepRow> {
    let mut told = Told::default();
    for recorded in events {
        if let Event::Task(event) = &recorded.event {
            told.fold(event, recorded.recorded_at);
        }
    }
    told.steps
}

#[derive(Default)]
struct Told {
    steps: Vec<StepRow>,
    /// Where the steps of the present run begin.
    run: usize,
    attempt: u32,
}

impl Told {
    fn fold(&mut self, event: &TaskEvent, at: DateTime<Utc>) {
        match event {
            TaskEvent::AttemptStarted { number, .. } => self.attempt = *number,
            TaskEvent::StepStarted { step, .. } => {
                let taken_anew = self.steps[self.run..]
                    .iter_mut()
                    .filter(|row| row.step >= *step && row.state == StepState::Done);
                taken_anew.for_each(|row| row.state = StepState::Superseded);
                self.steps.extend(begun(event, self.attempt, at));
            }
            TaskEvent::StepEnded { call_id, reply, failure, usage, price_table, latency_ms, .. } => {
                let open = self.steps.iter_mut().rev().find(|row| row.id == *call_id);
                if let Some(row) = open {
                    row.end(*reply, failure.as_ref(), *usage, at);
                    row.price_table = Some(price_table.clone()).filter(|version| !version.is_empty());
                    row.latency_ms = Some(*latency_ms);
                }
            }
            TaskEvent::Retried {} => self.run = self.steps.len(),
            TaskEvent::Cancelled { .. } => {
                let open = self.steps.iter_mut().filter(|row| row.state == StepState::Running);
                open.for_each(|row| (row.state, row.ended_at) = (StepState::CutOff, Some(at)));
            }
            TaskEvent::Created { .. }
            | TaskEvent::Amended { .. }
            | TaskEvent::Queued { .. }
            | TaskEvent::ApprovalRequested { .. }
            | TaskEvent::ApprovalDecided { .. }
            | TaskEvent::ApprovalExpired { .. }
            | TaskEvent::HandedBack { .. }
            | TaskEvent::Completed { .. }
            | TaskEvent::AttemptFailed { .. }
            | TaskEvent::Failed { .. }
            | TaskEvent::Withdrawn {} => {}
        }
    }
}

fn begun(event: &TaskEvent, attempt: u32, at: DateTime<Utc>) -> Option<StepRow> {
    let TaskEvent::StepStarted {
        attempt_id,
        step,
        kind,
        name,
        provider,
        call_id,
        request,
        reserved_micro_usd,
        has_side_effects,
    } = event
    else {
        return None;
    };
    Some(StepRow {
        id: *call_id,
        step: *step,
        kind: *kind,
        name: name.clone(),
        provider: provider.clone(),
        state: StepState::Running,
        attempt_id: *attempt_id,
        attempt,
        request_hash: *request,
        reply_hash: None,
        error: None,
        has_side_effects: *has_side_effects,
        reserved_usd: reserved_micro_usd.to_decimal(),
        usage: Usage::default().into(),
        price_table: None,
        latency_ms: None,
        started_at: at,
        ended_at: None,
        request: None,
        reply: None,
    })
}

impl StepRow {
    fn end(
        &mut self,
        reply: Option<ContentHash>,
        failure: Option<&Failure>,
        usage: Usage,
        at: DateTime<Utc>,
    ) {
        self.state = if reply.is_some() { StepState::Done } else { StepState::Failed };
        self.reply_hash = reply;
        self.error = failure.map(TaskError::from);
        self.usage = usage.into();
        self.ended_at = Some(at);
    }
}

#[cfg(test)]
mod tests {
    use domain::{Metadata, MicroUsd, StreamId, TaskId, TenantId};

    use super::*;

    fn started(step: u32, call: u128) -> TaskEvent {
        TaskEvent::StepStarted {
            attempt_id: AttemptId(Uuid::nil()),
            step,
            kind: StepKind::Model,
            name: "echo".to_owned(),
            provider: "echo".to_owned(),
            call_id: Uuid::from_u128(call),
            request: ContentHash([1; 32]),
            reserved_micro_usd: MicroUsd::from(7),
            has_side_effects: false,
        }
    }

    fn ended(step: u32, call: u128) -> TaskEvent {
        TaskEvent::StepEnded {
            attempt_id: AttemptId(Uuid::nil()),
            step,
            call_id: Uuid::from_u128(call),
            reply: Some(ContentHash([2; 32])),
            failure: None,
            usage: Usage { cost_micro_usd: MicroUsd::from(5), ..Usage::default() },
            price_table: String::new(),
            latency_ms: 3,
        }
    }

    fn states(events: Vec<TaskEvent>) -> Vec<(u32, StepState)> {
        let recorded = (1..).zip(events).map(|(position, event)| Recorded {
            position,
            stream: StreamId::task(TenantId(Uuid::nil()), TaskId(Uuid::nil())),
            sequence: position,
            id: Uuid::nil(),
            recorded_at: DateTime::UNIX_EPOCH,
            metadata: Metadata::system("worker"),
            event: event.into(),
        });
        steps(recorded).iter().map(|row| (row.step, row.state)).collect()
    }

    #[test]
    fn a_step_that_is_taken_anew_supersedes_those_at_its_place_and_after_it() {
        let events = vec![started(1, 1), ended(1, 1), started(2, 2), ended(2, 2), started(2, 3)];
        assert_eq!(
            states(events),
            [(1, StepState::Done), (2, StepState::Superseded), (2, StepState::Running)]
        );
    }

    #[test]
    fn a_new_run_supersedes_nothing_of_the_one_before() {
        let events = vec![started(1, 1), ended(1, 1), TaskEvent::Retried {}, started(1, 2), ended(1, 2)];
        assert_eq!(states(events), [(1, StepState::Done), (1, StepState::Done)]);
    }

    #[test]
    fn a_step_whose_task_is_cancelled_is_cut_off() {
        let cancelled = TaskEvent::Cancelled { reason: "".parse().unwrap() };
        assert_eq!(states(vec![started(1, 1), cancelled]), [(1, StepState::CutOff)]);
    }
}
