//! Why tools do not answer. The words are for people and models: they say nothing of URLs and headers, which may hold
//! credentials, nor of what the service can reach.

use application::ports::{SchemaProblem, ToolFailure, Unavailable};

use crate::outbound::OutboundError;

pub(super) fn not_granted(name: &str) -> ToolFailure {
    let shown: String = name.chars().take(64).collect();
    last("tool.not_granted", format!("the agent has no tool {shown:?}"))
}

pub(super) fn misconfigured(message: impl Into<String>) -> ToolFailure {
    last("tool.misconfigured", message)
}

pub(super) fn not_fitting(problem: &SchemaProblem) -> ToolFailure {
    let SchemaProblem { path, message } = problem;
    let place = if path.is_empty() { "the arguments" } else { path };
    last("tool.invalid_arguments", format!("{place}: {message}"))
}

/// Arguments that fit the schema and still cannot be read.
pub(super) fn misread(error: &serde_json::Error) -> ToolFailure {
    last("tool.invalid_arguments", format!("the arguments cannot be read: {error}"))
}

pub(super) fn invalid_arguments(message: impl Into<String>) -> ToolFailure {
    last("tool.invalid_arguments", message)
}

pub(super) fn timeout(message: impl Into<String>) -> ToolFailure {
    passing("tool.timeout", message)
}

/// The other side answered what it should not.
pub(super) fn protocol(message: impl Into<String>) -> ToolFailure {
    last("tool.protocol", message)
}

impl From<OutboundError> for ToolFailure {
    fn from(error: OutboundError) -> Self {
        let message = error.to_string();
        match error {
            OutboundError::Forbidden(_) => last("tool.forbidden_target", message),
            OutboundError::Invalid => last("tool.invalid_arguments", message),
            OutboundError::Unresolved | OutboundError::Unreachable | OutboundError::Broken => {
                unreachable(message)
            }
            OutboundError::Timeout => timeout(message),
            OutboundError::HeadersTooLarge | OutboundError::Encoded | OutboundError::TooLarge(_) => {
                protocol(message)
            }
        }
    }
}

/// The other side cannot be spoken to now.
pub(super) fn unreachable(message: impl Into<String>) -> ToolFailure {
    passing("tool.unreachable", message)
}

/// The other side asks for credentials that it was not given.
pub(super) fn unauthorized(message: impl Into<String>) -> ToolFailure {
    last("tool.unauthorized", message)
}

/// A part of the service that a tool needs does not answer.
pub(super) fn unavailable(_: Unavailable) -> ToolFailure {
    passing("tool.unavailable", "a part of the service that the tool needs is not available")
}

fn last(code: &'static str, message: impl Into<String>) -> ToolFailure {
    ToolFailure { code, message: message.into(), is_final: true }
}

fn passing(code: &'static str, message: impl Into<String>) -> ToolFailure {
    ToolFailure { code, message: message.into(), is_final: false }
}
