use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};

use crate::document::Document;
use crate::event::event_names;
use crate::id::{AgentId, AttemptId, UserId};
use crate::text::{Name, Reason};
use crate::usage::Usage;

use super::values::{Failure, MaxAttempts, Priority, TaskKind, TimeoutSeconds};

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
    Completed => "task.completed",
    AttemptFailed => "task.attempt_failed",
    Failed => "task.failed",
    Retried => "task.retried",
    Cancelled => "task.cancelled",
    Withdrawn => "task.withdrawn",
});
