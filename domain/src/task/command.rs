use chrono::{DateTime, Utc};

use crate::document::Document;
use crate::id::{AgentId, AttemptId, UserId};
use crate::text::{Name, Reason};
use crate::usage::Usage;

use super::values::{Failure, MaxAttempts, Priority, TaskKind, TimeoutSeconds};

/// Orders to a task.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskCommand {
    /// Describe the work.
    Create {
        /// Who is to do it.
        agent: AgentId,
        /// What it is called.
        name: Name,
        /// Its shape.
        kind: TaskKind,
        /// What to work on.
        input: Document,
        /// How urgent it is.
        priority: Priority,
        /// How long one attempt may take.
        timeout: TimeoutSeconds,
        /// How often to try.
        max_attempts: MaxAttempts,
        /// Not to be run before.
        scheduled_at: Option<DateTime<Utc>>,
        /// Who created it.
        created_by: Option<UserId>,
    },
    /// Change what is given; only while it waits, for its first attempt or for another.
    Amend(Amendment),
    /// Hand it to the workers.
    Queue,
    /// A worker begins.
    StartAttempt {
        /// The id that every later word of this attempt carries.
        attempt: AttemptId,
    },
    /// The attempt came to a result.
    Complete {
        /// Which attempt; another one than the running one is refused.
        attempt: AttemptId,
        /// The result.
        output: Document,
        /// What it consumed.
        usage: Usage,
    },
    /// The attempt failed.
    FailAttempt {
        /// Which attempt; another one than the running one is refused.
        attempt: AttemptId,
        /// Why.
        failure: Failure,
        /// What it consumed all the same.
        usage: Usage,
        /// When another attempt makes sense; `None` if none does.
        retry_at: Option<DateTime<Utc>>,
    },
    /// Queue a failed or cancelled task again, with a new allowance of attempts.
    Retry,
    /// Stop it, whether it waits or runs.
    Cancel {
        /// Why.
        reason: Reason,
    },
    /// Take it off the list; its history stays.
    Withdraw,
}

/// What may change in a task that waits; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Amendment {
    /// A new name.
    pub name: Option<Name>,
    /// Another shape.
    pub kind: Option<TaskKind>,
    /// New input, all of it.
    pub input: Option<Document>,
    /// Another urgency.
    pub priority: Option<Priority>,
    /// Another time limit.
    pub timeout: Option<TimeoutSeconds>,
    /// Another number of attempts, more than have been made since it was last queued by hand.
    pub max_attempts: Option<MaxAttempts>,
    /// Another earliest time; the inner `None` takes it away.
    pub scheduled_at: Option<Option<DateTime<Utc>>>,
}
