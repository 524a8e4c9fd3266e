use chrono::{DateTime, Utc};

use uuid::Uuid;

use crate::content::ContentHash;
use crate::document::Document;
use crate::id::{AgentId, AttemptId, ConversationId, ScheduleId, UserId};
use crate::text::{Name, Reason};
use crate::usage::Usage;

use super::journal::{NewStep, StepEnd};
use super::values::{Failure, Fork, MaxAttempts, Priority, Question, TaskKind, TimeoutSeconds, Verdict};

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
        /// How long it may wait for a worker.
        queue_timeout: Option<TimeoutSeconds>,
        /// The conversation that it is a turn of.
        conversation: Option<ConversationId>,
        /// Where it goes another way from another task.
        fork: Option<Fork>,
        /// The configuration for this task alone, in place of the agent's.
        configuration: Option<Document>,
        /// The schedule that it follows from.
        schedule: Option<ScheduleId>,
    },
    /// Change what is given; only while it waits, for its first attempt or for another.
    Amend(Amendment),
    /// Hand it to the workers.
    Queue,
    /// A worker begins.
    StartAttempt {
        /// The id that every later word of this attempt carries.
        attempt: AttemptId,
        /// The version of the agent's stream that it runs by.
        agent_version: i64,
    },
    /// The attempt is about to take a step.
    StartStep {
        /// Which attempt; another one than the running one is refused.
        attempt: AttemptId,
        /// The step.
        step: NewStep,
    },
    /// The step is over.
    EndStep {
        /// Which attempt; another one than the running one is refused.
        attempt: AttemptId,
        /// The call that the step began with.
        call: Uuid,
        /// How it ended.
        end: StepEnd,
    },
    /// The attempt waits for a person's approval; the worker goes on to other work.
    AskApproval {
        /// Which attempt; another one than the running one is refused.
        attempt: AttemptId,
        /// What is asked.
        question: Question,
        /// What the attempt consumed so far.
        usage: Usage,
    },
    /// Answer the question, and let the task go on.
    Decide {
        /// Which question; another one than the open one is refused.
        approval: Uuid,
        /// The hash of what the person was shown; another one than was asked is refused.
        shown: ContentHash,
        /// Yes or no.
        verdict: Verdict,
        /// Why.
        reason: Reason,
        /// Now.
        at: DateTime<Utc>,
    },
    /// Nobody answered in time.
    ExpireApproval {
        /// Now; refused before it is too late to answer.
        at: DateTime<Utc>,
    },
    /// The worker gives the attempt back: it stops, or the task waits for a time.
    HandBack {
        /// Which attempt; another one than the running one is refused.
        attempt: AttemptId,
        /// What it consumed.
        usage: Usage,
        /// Before when no other attempt begins.
        not_before: Option<DateTime<Utc>>,
    },
    /// It waited too long for a worker.
    ExpireInQueue {
        /// Since when it waits and might have been taken.
        queued_at: DateTime<Utc>,
        /// Now; refused before the time is up.
        at: DateTime<Utc>,
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
        /// Whether this attempt counts.
        counting: Counting,
    },
    /// The worker gave no sign of life any more.
    LoseWorker {
        /// Which attempt; another one than the running one is refused.
        attempt: AttemptId,
        /// When another attempt makes sense.
        retry_at: DateTime<Utc>,
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

/// Whether a failed attempt counts towards the most that a task may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// It does.
    Counts,
    /// The provider had too much to do: the attempt is put off, a bounded number of times.
    Deferred,
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
