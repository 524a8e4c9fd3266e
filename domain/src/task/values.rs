//! The bounded values of a task.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::content::ContentHash;
use crate::id::TaskId;
use crate::text::Reason;

macro_rules! bounded_number {
    ($($(#[$doc:meta])* $name:ident: $min:literal..=$max:literal, default $default:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "i64", into = "i64")]
        pub struct $name(u32);

        impl $name {
            /// The number.
            pub const fn get(self) -> u32 {
                self.0
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self($default)
            }
        }

        impl TryFrom<i64> for $name {
            type Error = &'static str;

            fn try_from(number: i64) -> Result<Self, Self::Error> {
                u32::try_from(number)
                    .ok()
                    .filter(|number| ($min..=$max).contains(number))
                    .map(Self)
                    .ok_or(concat!("out_of_range: must be ", $min, " to ", $max))
            }
        }

        impl From<$name> for i64 {
            fn from(number: $name) -> Self {
                Self::from(number.0)
            }
        }
    )+};
}

bounded_number! {
    /// How urgent: 1 to 5, 5 most.
    Priority: 1..=5, default 3;
    /// How long one attempt may take, in seconds.
    TimeoutSeconds: 1..=86_400, default 300;
    /// How often a task is tried before it has failed.
    MaxAttempts: 1..=10, default 3;
}

impl TimeoutSeconds {
    /// As a length of time.
    pub fn duration(self) -> TimeDelta {
        TimeDelta::seconds(i64::from(self.0))
    }
}

/// The shape of the work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// The input is put to the agent as it is.
    #[default]
    Prompt,
    /// A text and what to do with it.
    TextProcessing,
    /// One HTTP request.
    ApiCall,
    /// Ordered steps.
    Workflow,
}

impl TaskKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Prompt, Self::TextProcessing, Self::ApiCall, Self::Workflow];

    /// The text stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::TextProcessing => "text_processing",
            Self::ApiCall => "api_call",
            Self::Workflow => "workflow",
        }
    }
}

/// What sort of step an attempt takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// A call of the agent's model.
    Model,
    /// A call of a tool.
    Tool,
    /// A wait.
    Delay,
}

impl StepKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Model, Self::Tool, Self::Delay];

    /// The text stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Tool => "tool",
            Self::Delay => "delay",
        }
    }
}

/// Where a task begins that goes another way from a step of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fork {
    /// The other task.
    pub task_id: TaskId,
    /// The step, from 1, that is the first to be done anew; those before it are taken over.
    pub at_step: u32,
}

/// What a person is asked to approve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Which question.
    pub approval_id: Uuid,
    /// The step that waits for the answer.
    pub step: u32,
    /// The tool that would be called.
    pub tool: String,
    /// The hash of exactly what is shown: the tool and its arguments.
    pub shown: ContentHash,
    /// When it is too late to answer.
    pub expires_at: DateTime<Utc>,
    /// What happens then.
    pub on_timeout: OnTimeout,
}

/// What becomes of a question that nobody answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnTimeout {
    /// The task fails.
    #[default]
    Fail,
    /// It goes on as if the call had been refused.
    Deny,
}

/// A person's answer to a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The step that waited for it.
    pub step: u32,
    /// The hash of what was shown.
    pub shown: ContentHash,
    /// Yes or no.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The call may be made.
    Approved,
    /// It may not.
    Denied,
}

/// Why an attempt, or the whole task, failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A stable code such as `provider.timeout`.
    pub code: String,
    /// A sentence for people.
    pub message: Reason,
}
