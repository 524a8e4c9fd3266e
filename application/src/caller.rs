//! Who asks.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Actor, Metadata, Permission, Permissions, Reach, Role, SessionId, TenantId, UserId};
use uuid::Uuid;

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
    /// The same as it was made before the server's secret became another one.
    pub request_before: Option<[u8; 32]>,
    /// What an earlier request with this key did, if its answer was lost: it must not be decided again, because what
    /// it did may now stand in the way of itself.
    pub done: Option<Done>,
}

/// Someone known, in a tenant: a signed-in user, or a program with an API key. Reads and commands of a tenant cannot
/// be asked for without one.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose data the caller may reach.
    pub tenant: TenantId,
    /// Who it is; of a program, the user who made its key.
    pub user: UserId,
    /// By which credential.
    pub credential: Credential,
    /// With which role, as of at most five seconds ago.
    pub role: Role,
    /// To which agents it is narrowed: to all, but for a key that is bound to some. For such a caller nothing else is
    /// there, in reads as in commands.
    pub reach: Reach,
    /// Through which request.
    pub origin: Origin,
}

/// What a caller is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A user signed in.
    Session {
        /// Which session.
        id: SessionId,
        /// With which pair of tokens of that session.
        generation: i32,
        /// When the password was last given.
        authenticated_at: DateTime<Utc>,
    },
    /// A program with a key that a user made.
    ApiKey {
        /// Which key.
        id: Uuid,
        /// What it was made for; it never allows more than its maker's role does now.
        scopes: Permissions,
    },
}

impl IdempotencyKey {
    /// Whether the hash that is stored beside the key is of this request.
    pub fn is_of(&self, stored: &[u8]) -> bool {
        stored == self.request || self.request_before.is_some_and(|before| stored == before)
    }
}

/// How long after the password was given it need not be given again.
const RECENT: TimeDelta = TimeDelta::minutes(5);

impl Caller {
    /// Whether the caller's role grants the permission and the credential was made for it.
    pub fn may(&self, permission: Permission) -> bool {
        self.role.may(permission)
            && match self.credential {
                Credential::Session { .. } => true,
                Credential::ApiKey { scopes, .. } => scopes.grants(permission),
            }
    }

    /// Refuses unless the caller may.
    pub fn require(&self, permission: Permission) -> Result<(), AppError> {
        if self.may(permission) { Ok(()) } else { Err(AppError::Forbidden(permission)) }
    }

    /// The session of a signed-in user; what concerns oneself is not for programs.
    pub const fn require_session(&self) -> Result<SessionId, AppError> {
        match self.credential {
            Credential::Session { id, .. } => Ok(id),
            Credential::ApiKey { .. } => {
                Err(AppError::Denied("session_required", "this takes a signed-in user, not an API key"))
            }
        }
    }

    /// Refuses a user whose password was last given more than five minutes ago: what hurts most asks for it again.
    /// Programs have none to give.
    pub fn require_recent(&self, now: DateTime<Utc>) -> Result<(), AppError> {
        match self.credential {
            Credential::Session { authenticated_at, .. } if now - authenticated_at > RECENT => Err(
                AppError::Denied("reauthentication_required", "the password must be given again for this"),
            ),
            Credential::Session { .. } | Credential::ApiKey { .. } => Ok(()),
        }
    }

    /// Refuses a key that is bound to agents: what makes another agent is not within any reach.
    pub fn require_all_agents(&self) -> Result<(), AppError> {
        if self.reach.is_all() {
            return Ok(());
        }
        Err(AppError::Denied("bound_to_agents", "this key is bound to agents, and makes no others"))
    }

    /// Refuses unless the caller made the thing, or its role lets it manage everybody's.
    pub fn require_own_or(&self, creator: Option<UserId>, permission: Permission) -> Result<(), AppError> {
        if creator == Some(self.user) { Ok(()) } else { self.require(permission) }
    }

    /// What stands beside the events that the caller causes.
    pub fn metadata(&self) -> Metadata {
        match self.credential {
            Credential::Session { id, .. } => {
                Metadata { session: Some(id), ..self.origin.metadata(Actor::User(self.user)) }
            }
            Credential::ApiKey { id, .. } => {
                Metadata { on_behalf_of: Some(self.user), ..self.origin.metadata(Actor::ApiKey(id)) }
            }
        }
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
