//! What a use case hands to the log, as one unit: all of it happens or none.

use chrono::{DateTime, Utc};
use domain::{Email, Event, LimitReached, Metadata, SessionId, StreamId, TenantId, UserId};
use secrecy::SecretString;
use uuid::Uuid;

use crate::caller::IdempotencyKey;

/// One unit of work in one tenant.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The tenant; every stream below is one of its own.
    pub tenant: TenantId,
    /// Streams to append to, in this order.
    pub appends: Vec<Append>,
    /// Unique names to take.
    pub claims: Vec<Claim>,
    /// Unique names to give back.
    pub releases: Vec<Claim>,
    /// Credentials to write along with the events.
    pub effects: Vec<Effect>,
    /// Recognises a repeated request.
    pub idempotency: Option<IdempotencyKey>,
    /// What the answer is about; a repeated request gets the first one's.
    pub resource: Uuid,
    /// The circumstances, for every event.
    pub metadata: Metadata,
}

/// Events for one stream.
#[derive(Clone, Debug)]
pub struct Append {
    /// Where to.
    pub stream: StreamId,
    /// In which version the stream must be.
    pub expected: Expected,
    /// What happened; with no events the append only guards the stream's version.
    pub events: Vec<Event>,
}

/// In which version a stream must be for an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// In exactly this one; 0 for a stream that does not exist yet.
    Exactly(i64),
    /// In whichever it is: for events that record something and decide nothing.
    Any,
}

/// A name that only one may hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Among what it is unique.
    pub scope: UniqueScope,
    /// The name, in its canonical form.
    pub value: String,
    /// Who holds it.
    pub holder: Uuid,
}

/// Among what a name is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UniqueScope {
    /// Subdomains, over all tenants.
    Subdomain,
    /// Users' addresses, within a tenant.
    Email,
    /// The one founder of a tenant.
    Founder,
}

impl UniqueScope {
    /// The text stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Subdomain => "subdomain",
            Self::Email => "email",
            Self::Founder => "founder",
        }
    }

    /// What is taken, for people.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Subdomain => "the subdomain",
            Self::Email => "the e-mail address",
            Self::Founder => "the place of the first owner",
        }
    }

    /// Whether it is unique over all tenants rather than within one.
    pub const fn is_global(self) -> bool {
        matches!(self, Self::Subdomain)
    }
}

/// A write to the credential tables, in the same transaction as the events.
#[derive(Clone, Debug)]
pub enum Effect {
    /// The password a user signs in with.
    SetPassword {
        /// Whose.
        user: UserId,
        /// With which address.
        email: Email,
        /// The Argon2 hash in PHC form.
        hash: SecretString,
    },
    /// A new session with its first refresh token.
    OpenSession {
        /// Whose.
        user: UserId,
        /// Which.
        session: SessionId,
        /// SHA-256 of the refresh token.
        refresh: [u8; 32],
        /// When the refresh token ends if it is not used.
        expires_at: DateTime<Utc>,
    },
    /// The end of one session.
    EndSession(SessionId),
    /// The end of all sessions of a user.
    EndSessionsOf(UserId),
}

/// What a commit led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The position of its last event in the tenant's log.
    pub position: i64,
    /// What the answer is about.
    pub resource: Uuid,
    /// Whether an earlier request with the same idempotency key did the work.
    pub replayed: bool,
}

/// Why nothing was committed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A stream is not in the expected version: load, decide and commit again.
    #[error("a stream has another version")]
    VersionConflict,
    /// A unique name is held by another.
    #[error("{} is taken", .0.noun())]
    Taken(UniqueScope),
    /// The tenant's census forbids it.
    #[error(transparent)]
    Limit(#[from] LimitReached),
    /// The log of that tenant does not exist.
    #[error("there is no such tenant")]
    NoSuchTenant,
    /// The key was used for another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// The database cannot be reached; whether the commit happened is unknown.
    #[error("the event log is not available")]
    Unavailable,
}

impl Commit {
    /// A commit that appends nothing yet.
    pub const fn new(tenant: TenantId, resource: Uuid, metadata: Metadata) -> Self {
        Self {
            tenant,
            appends: vec![],
            claims: vec![],
            releases: vec![],
            effects: vec![],
            idempotency: None,
            resource,
            metadata,
        }
    }

    /// Adds events for a stream.
    #[must_use]
    pub fn append<E: Into<Event>>(mut self, stream: StreamId, expected: Expected, events: Vec<E>) -> Self {
        self.appends.push(Append { stream, expected, events: events.into_iter().map(Into::into).collect() });
        self
    }

    /// Makes the commit depend on a stream that it does not change.
    #[must_use]
    pub fn guard(mut self, stream: StreamId, version: i64) -> Self {
        self.appends.push(Append { stream, expected: Expected::Exactly(version), events: vec![] });
        self
    }

    /// Takes a unique name.
    #[must_use]
    pub fn claim(mut self, scope: UniqueScope, value: impl Into<String>, holder: Uuid) -> Self {
        self.claims.push(Claim { scope, value: value.into(), holder });
        self
    }

    /// Gives a unique name back.
    #[must_use]
    pub fn release(mut self, scope: UniqueScope, value: impl Into<String>, holder: Uuid) -> Self {
        self.releases.push(Claim { scope, value: value.into(), holder });
        self
    }

    /// Writes credentials along with the events.
    #[must_use]
    pub fn effect(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }

    /// Recognises a repeated request.
    #[must_use]
    pub fn once(mut self, key: Option<IdempotencyKey>) -> Self {
        self.idempotency = key;
        self
    }
}
