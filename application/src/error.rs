//! Why a use case did not do what it was asked.

use domain::{LimitReached, Permission, Refusal, RefusalKind, TenantId};

use crate::commit::{CommitError, UniqueScope};

/// Every way a use case can fail. The HTTP status of each stands in one table, in the api room.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppError {
    /// The role does not allow it.
    #[error("the role does not grant {}", .0.as_str())]
    Forbidden(Permission),
    /// Forbidden by a rule other than the role; code and reason.
    #[error("{1}")]
    Denied(&'static str, &'static str),
    /// A rule of the domain refused it.
    #[error("{message}")]
    Refused {
        /// What sort of refusal.
        kind: RefusalKind,
        /// Its stable code.
        code: &'static str,
        /// A clause for people.
        message: String,
    },
    /// A limit of the tenant's plan, or the last owner, stands in the way.
    #[error(transparent)]
    Limit(LimitReached),
    /// Something of that name is there already.
    #[error("{} is taken", .0.noun())]
    Taken(UniqueScope),
    /// Others kept changing the same thing.
    #[error("it was changed by others at the same time")]
    Conflict,
    /// The lease under which a worker works is no longer held: nothing of its attempt is recorded any more.
    #[error("the lease is no longer held")]
    LeaseLost,
    /// It is no longer in the version the caller last saw.
    #[error("it is now in version {0}")]
    Stale(i64),
    /// The key was used for another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// Neither the address nor the password says who it is.
    #[error("the credentials are not right")]
    BadCredentials,
    /// The refresh token was exchanged a moment ago by another who shares it.
    #[error("the refresh token has just been exchanged: ask again with its successor")]
    Superseded,
    /// The credentials fit in several tenants.
    #[error("the credentials fit in several organisations")]
    TenantRequired(Vec<TenantId>),
    /// Nothing of that name or id is there.
    #[error("it does not exist")]
    NotFound,
    /// A field of the request is not acceptable; its JSON pointer, a code and a clause for people.
    #[error("{2}")]
    Invalid(&'static str, &'static str, &'static str),
    /// A place within a document of the request is not acceptable.
    #[error("{message}")]
    Unfit {
        /// The JSON pointer of the place within the request.
        field: String,
        /// A stable code.
        code: &'static str,
        /// A clause for people.
        message: String,
    },
    /// Something outside cannot be reached now; how it may have ended is unknown.
    #[error("a part of the service is not available")]
    Unavailable,
    /// Too much to do; nothing was begun.
    #[error("the service is busy")]
    Busy,
}

impl<R: Refusal> From<R> for AppError {
    fn from(refusal: R) -> Self {
        Self::Refused { kind: refusal.kind(), code: refusal.code(), message: refusal.to_string() }
    }
}

impl From<CommitError> for AppError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::VersionConflict => Self::Conflict,
            CommitError::Taken(scope) => Self::Taken(scope),
            CommitError::LeaseLost => Self::LeaseLost,
            CommitError::Limit(limit) => Self::Limit(limit),
            CommitError::NoSuchTenant => Self::NotFound,
            CommitError::IdempotencyKeyReused => Self::IdempotencyKeyReused,
            CommitError::Unavailable => Self::Unavailable,
        }
    }
}

impl From<crate::ports::Unavailable> for AppError {
    fn from(_: crate::ports::Unavailable) -> Self {
        Self::Unavailable
    }
}

impl From<crate::ports::Busy> for AppError {
    fn from(_: crate::ports::Busy) -> Self {
        Self::Busy
    }
}
