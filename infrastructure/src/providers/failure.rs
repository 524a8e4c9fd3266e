//! How calls fail.

use application::ports::{FailureClass, ModelFailure};
use domain::Usage;
use domain::task::Failure;
use domain::text::Reason;

/// A call that consumed nothing.
pub(super) fn failed(code: &str, message: &str, class: FailureClass) -> ModelFailure {
    let failure = Failure { code: code.to_owned(), message: Reason::from_lossy(message) };
    ModelFailure { failure, usage: Usage::default(), class }
}

/// The agent's configuration cannot be used.
pub(super) fn misconfigured(message: &str) -> ModelFailure {
    failed("agent.misconfigured", message, FailureClass::Refused)
}
