//! Why a program does not come to its end.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::task::{Failure, Question};
use domain::text::Reason;

use crate::commit::Content;
use crate::error::AppError;
use crate::ports::{FailureClass, ModelFailure};

use super::stop::StopCause;

/// Why an attempt ends without a result.
#[derive(Debug)]
pub(super) enum Halt {
    /// It failed.
    Failed(Failure, Then),
    /// The next step is for this time: no worker is kept for it.
    Waits(DateTime<Utc>),
    /// A person must approve the next call, of which this is shown.
    Asks(Box<(Question, Content)>),
    /// It was told to end.
    Stopped(StopCause),
    /// The task or its agent changed before the attempt had begun: it is looked at again if still due.
    NotBegun,
    /// The attempt is no longer the running one: nothing may be recorded.
    Over,
    /// What happens cannot be recorded: the lease runs out, and the next worker gives the attempt up.
    Broken(AppError),
}

/// What a failure means for the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Trying again makes no sense.
    GiveUp,
    /// Another attempt makes sense, after so long at least.
    Retry(Duration),
    /// There is too much to do: the attempt is put off for so long at least, and does not count.
    Defer(Duration),
}

impl Halt {
    /// A failure that another attempt would meet again.
    pub(super) fn final_failure(code: &str, message: &str) -> Self {
        Self::Failed(failure(code, message), Then::GiveUp)
    }

    /// A failure that another attempt may not meet.
    pub(super) fn passing_failure(code: &str, message: &str) -> Self {
        Self::Failed(failure(code, message), Then::Retry(Duration::ZERO))
    }

    /// Of a model call that came to nothing.
    pub(super) fn of_model(failed: ModelFailure, retries_ambiguous: bool) -> Self {
        let then = match failed.class {
            FailureClass::Refused => Then::GiveUp,
            FailureClass::Limited(wait) => Then::Defer(wait.unwrap_or_default()),
            FailureClass::CircuitOpen(wait) => Then::Defer(wait),
            FailureClass::Ambiguous if !retries_ambiguous => Then::GiveUp,
            FailureClass::NeverSent | FailureClass::Unavailable | FailureClass::Ambiguous => {
                Then::Retry(Duration::ZERO)
            }
        };
        Self::Failed(failed.failure, then)
    }
}

impl From<AppError> for Halt {
    fn from(error: AppError) -> Self {
        Self::Broken(error)
    }
}

impl From<crate::ports::Unavailable> for Halt {
    fn from(error: crate::ports::Unavailable) -> Self {
        Self::Broken(error.into())
    }
}

/// A stable code with a sentence.
pub(super) fn failure(code: &str, message: &str) -> Failure {
    Failure { code: code.to_owned(), message: Reason::from_lossy(message) }
}
