//! Who asks.

use domain::{Actor, Metadata, Permission, Role, SessionId, TenantId, UserId};

use crate::error::AppError;
use crate::execute::Done;

/// Where a request came from and how it is told apart; known before anyone is signed in.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The client's address.
    pub ip: Option<String>,
    /// The client's program.
    pub user_agent: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
    /// What larger undertaking it belongs to.
    pub correlation_id: Option<String>,
    /// The W3C trace id.
    pub trace_id: Option<String>,
    /// The key under which a repeated request is recognised.
    pub idempotency: Option<IdempotencyKey>,
    /// The version that the client last saw, from `If-Match`.
    pub expected_version: Option<i64>,
}

/// An idempotency key with the request that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The key, unique within the tenant; for requests without a tenant, over all of those.
    pub key: String,
    /// SHA-256 of method, path, caller and body.
    pub request: [u8; 32],
    /// What an earlier request with this key did, if its answer was lost: it must not be decided again, because what
    /// it did may now stand in the way of itself.
    pub done: Option<Done>,
}

/// A signed-in user, in a tenant. Reads and commands of a tenant cannot be asked for without one.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose data the caller may reach.
    pub tenant: TenantId,
    /// Who it is.
    pub user: UserId,
    /// In which session.
    pub session: SessionId,
    /// With which role, as of at most five seconds ago.
    pub role: Role,
    /// Through which request.
    pub origin: Origin,
}

impl Caller {
    /// Refuses unless the caller's role grants the permission.
    pub fn require(&self, permission: Permission) -> Result<(), AppError> {
        if self.role.may(permission) { Ok(()) } else { Err(AppError::Forbidden(permission)) }
    }

    /// Refuses unless the caller made the thing, or its role lets it manage everybody's.
    pub fn require_own_or(&self, creator: Option<UserId>, permission: Permission) -> Result<(), AppError> {
        if creator == Some(self.user) { Ok(()) } else { self.require(permission) }
    }

    /// What stands beside the events that the caller causes.
    pub fn metadata(&self) -> Metadata {
        Metadata { session: Some(self.session), ..self.origin.metadata(Actor::User(self.user)) }
    }
}

impl Origin {
    /// What an earlier request with the same idempotency key did.
    pub(crate) fn done_before(&self) -> Option<Done> {
        self.idempotency.as_ref()?.done
    }

    /// Refuses if the client saw another version than the present one, which is 0 for what does not exist.
    pub(crate) fn require_version(&self, present: i64) -> Result<(), AppError> {
        match self.expected_version {
            Some(expected) if expected != present => {
                tracing::debug!(expected, present, "the client saw another version");
                // What is absent is not there, whatever version was named.
                Err(if present == 0 { AppError::NotFound } else { AppError::Stale(present) })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What stands beside the events of this request when `actor` causes them.
    pub fn metadata(&self, actor: Actor) -> Metadata {
        Metadata {
            ip: self.ip.clone(),
            user_agent: self.user_agent.clone(),
            request_id: self.request_id.clone(),
            correlation_id: self.correlation_id.clone().or_else(|| self.request_id.clone()),
            causation_id: self.request_id.clone(),
            trace_id: self.trace_id.clone(),
            ..Metadata::of(actor)
        }
    }
}
