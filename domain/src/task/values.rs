//! The bounded values of a task.

use serde::{Deserialize, Serialize};

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

/// Why an attempt, or the whole task, failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A stable code such as `provider.timeout`.
    pub code: String,
    /// A sentence for people.
    pub message: Reason,
}
