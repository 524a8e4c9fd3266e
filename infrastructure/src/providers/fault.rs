//! Why an answer that had begun came to no good end.

use application::ports::{FailureClass, ModelFailure};

use crate::outbound::OutboundError;

use super::failure::failed;

/// What is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is not what the protocol says; the clause follows "the provider's answer".
    Malformed(&'static str),
    /// It ended in the middle.
    BrokeOff,
    /// Nothing came for too long.
    Silent,
    /// It has no end, or is larger than any answer.
    TooLarge,
    /// The provider tells in the middle of it that it failed.
    Told(ModelFailure),
}

impl From<OutboundError> for Fault {
    fn from(error: OutboundError) -> Self {
        match error {
            OutboundError::Timeout => Self::Silent,
            OutboundError::TooLarge(_) => Self::TooLarge,
            OutboundError::Encoded => Self::Malformed("is compressed, which was not asked for"),
            OutboundError::Forbidden(_)
            | OutboundError::Invalid
            | OutboundError::Unresolved
            | OutboundError::Unreachable
            | OutboundError::Broken
            | OutboundError::HeadersTooLarge => Self::BrokeOff,
        }
    }
}

/// Other types or members than the protocol's.
pub(super) fn wrong_form(_: serde_json::Error) -> Fault {
    Fault::Malformed("is not what the protocol says")
}

impl From<Fault> for ModelFailure {
    fn from(fault: Fault) -> Self {
        let (code, message) = match fault {
            Fault::Told(failure) => return failure,
            Fault::Malformed(what) => ("provider.malformed_answer", format!("the provider's answer {what}")),
            Fault::BrokeOff => ("provider.broke_off", "the provider's answer broke off".to_owned()),
            Fault::Silent => ("provider.timeout", "the provider fell silent".to_owned()),
            Fault::TooLarge => ("provider.answer_too_large", "the provider's answer is too large".to_owned()),
        };
        failed(code, &message, FailureClass::Ambiguous)
    }
}

/// Why there is not even the head of an answer.
pub(super) fn unanswered(error: &OutboundError) -> ModelFailure {
    let (code, class) = match error {
        OutboundError::Forbidden(_) => ("provider.forbidden_address", FailureClass::Refused),
        OutboundError::Invalid => ("agent.misconfigured", FailureClass::Refused),
        OutboundError::Unresolved | OutboundError::Unreachable => {
            ("provider.unreachable", FailureClass::NeverSent)
        }
        OutboundError::Timeout => ("provider.timeout", FailureClass::Ambiguous),
        OutboundError::Broken | OutboundError::HeadersTooLarge => {
            ("provider.broke_off", FailureClass::Ambiguous)
        }
        OutboundError::Encoded | OutboundError::TooLarge(_) => {
            ("provider.malformed_answer", FailureClass::Ambiguous)
        }
    };
    failed(code, &error.to_string(), class)
}
