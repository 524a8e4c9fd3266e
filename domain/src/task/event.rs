use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::content::ContentHash;
use crate::document::Document;
use crate::event::event_names;
use crate::id::{AgentId, AttemptId, ConversationId, ScheduleId, UserId};
use crate::text::{Name, Reason};
use crate::usage::{MicroUsd, Usage};

use super::values::{
    Answer, Failure, Fork, MaxAttempts, Priority, Question, StepKind, TaskKind, TimeoutSeconds,
};

/// What happened to a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskEvent {
    /// The work was described.
    Created {
        /// Who is to do it.
        agent_id: AgentId,
        /// What it is called.
        name: Name,
        /// Its shape.
        task_type: TaskKind,
        /// What to work on.
        input_data: Document,
        /// How urgent it is.
        priority: Priority,
        /// How long one attempt may take.
        timeout_seconds: TimeoutSeconds,
        /// How often to try.
        max_attempts: MaxAttempts,
        /// Not to be run before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scheduled_at: Option<DateTime<Utc>>,
        /// Who created it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        created_by: Option<UserId>,
        /// How long it may wait for a worker.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        queue_timeout_seconds: Option<TimeoutSeconds>,
        /// The conversation that it is a turn of.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conversation_id: Option<ConversationId>,
        /// Where it goes another way from another task.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        forked_from: Option<Fork>,
        /// The configuration for this task alone, in place of the agent's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        configuration: Option<Document>,
        /// The schedule that it follows from; `scheduled_at` says from which of its times.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        schedule_id: Option<ScheduleId>,
    },
    /// Some of it became other.
    Amended {
        /// The new name, if it changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Name>,
        /// The new shape, if it changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task_type: Option<TaskKind>,
        /// The new input, if it changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        input_data: Option<Document>,
        /// The new urgency, if it changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        priority: Option<Priority>,
        /// The new time limit, if it changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_seconds: Option<TimeoutSeconds>,
        /// The new number of attempts, if it changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_attempts: Option<MaxAttempts>,
        /// The new earliest time, if it changed; `null` if there is none any more.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
        scheduled_at: Option<Option<DateTime<Utc>>>,
    },
    /// Was handed to the workers.
    Queued {
        /// Not to be run before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_before: Option<DateTime<Utc>>,
    },
    /// A worker began.
    AttemptStarted {
        /// This attempt.
        attempt_id: AttemptId,
        /// Which one it is, from 1, over the whole life of the task.
        number: u32,
        /// The version of the agent's stream that it runs by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent_version: Option<i64>,
    },
    /// A step of the running attempt began: recorded before the first byte leaves.
    StepStarted {
        /// Which attempt.
        attempt_id: AttemptId,
        /// Its place in the run, from 1. What was done at this place or after it before is void.
        step: u32,
        /// What sort of step.
        kind: StepKind,
        /// The model or the tool.
        name: String,
        /// Whose model it is; empty for a tool.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        provider: String,
        /// The call, as it is named to the outside.
        call_id: Uuid,
        /// The hash of what is asked.
        request: ContentHash,
        /// What is set aside for it.
        reserved_micro_usd: MicroUsd,
        /// Whether it may change something in the world.
        has_side_effects: bool,
    },
    /// The step came to a result, or failed.
    StepEnded {
        /// Which attempt.
        attempt_id: AttemptId,
        /// Its place in the run.
        step: u32,
        /// The call.
        call_id: Uuid,
        /// The hash of what came back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply: Option<ContentHash>,
        /// Why nothing did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
        /// What it consumed.
        usage: Usage,
        /// The version of the price table that the cost follows.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        price_table: String,
        /// How long it took, in milliseconds.
        latency_ms: u32,
    },
    /// The running attempt stopped at a call that a person must approve.
    ApprovalRequested {
        /// Which attempt.
        attempt_id: AttemptId,
        /// What is asked.
        question: Question,
        /// What the attempt consumed so far.
        usage: Usage,
    },
    /// A person, named in the metadata, answered.
    ApprovalDecided {
        /// Which question.
        approval_id: Uuid,
        /// The answer.
        answer: Answer,
    },
    /// Nobody answered in time.
    ApprovalExpired {
        /// Which question.
        approval_id: Uuid,
        /// The step that waited.
        step: u32,
    },
    /// The worker gave the attempt back, because it stopped or the task waits for a time; it does not count.
    HandedBack {
        /// Which attempt.
        attempt_id: AttemptId,
        /// What it consumed.
        usage: Usage,
        /// Before when no other attempt begins; at once if it does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_before: Option<DateTime<Utc>>,
    },
    /// The running attempt came to a result.
    Completed {
        /// Which attempt.
        attempt_id: AttemptId,
        /// The result.
        output_data: Document,
        /// What it consumed.
        usage: Usage,
    },
    /// The running attempt failed.
    AttemptFailed {
        /// Which attempt.
        attempt_id: AttemptId,
        /// Why.
        failure: Failure,
        /// What it consumed all the same.
        usage: Usage,
        /// When the next attempt is due; absent after the last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at: Option<DateTime<Utc>>,
        /// Whether it was only put off, as the provider had too much to do: it does not count as an attempt.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_deferral: bool,
    },
    /// No attempt is left: the task has failed.
    Failed {
        /// Why the last attempt failed.
        failure: Failure,
    },
    /// Was queued again by hand.
    Retried {},
    /// Was stopped.
    Cancelled {
        /// Why.
        reason: Reason,
    },
    /// Was taken off the list.
    Withdrawn {},
}

/// Tells a member that is `null` (there is none any more) from one that is absent (unchanged).
#[expect(clippy::option_option, reason = "unchanged, none any more and a new one are three things")]
fn present<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

event_names!(TaskEvent, Task, "1.0", {
    Created => "task.created",
    Amended => "task.amended",
    Queued => "task.queued",
    AttemptStarted => "task.attempt_started",
    StepStarted => "task.step_started",
    StepEnded => "task.step_ended",
    ApprovalRequested => "task.approval_requested",
    ApprovalDecided => "task.approval_decided",
    ApprovalExpired => "task.approval_expired",
    HandedBack => "task.handed_back",
    Completed => "task.completed",
    AttemptFailed => "task.attempt_failed",
    Failed => "task.failed",
    Retried => "task.retried",
    Cancelled => "task.cancelled",
    Withdrawn => "task.withdrawn",
});
