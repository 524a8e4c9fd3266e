//! What a use case hands to the log, as one unit: all of it happens or none.

use chrono::{DateTime, Utc};
use domain::{
    ContentHash, Email, Event, LimitReached, Metadata, MicroUsd, SessionId, StreamId, TaskId, TenantId,
    UserId,
};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::caller::IdempotencyKey;

mod keys;

pub use keys::KeyEffect;

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
    /// Contents that the events name by their hash.
    pub contents: Vec<Content>,
    /// What is set aside for calls, or booked.
    pub holds: Vec<Hold>,
    /// The lease under which a worker records something of a task.
    pub lease: Option<Lease>,
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
    OpenSession(Box<NewSession>),
    /// The end of one session.
    EndSession(SessionId),
    /// The end of all sessions of a user.
    EndSessionsOf(UserId),
    /// The end of all sessions of a user but one.
    EndOtherSessionsOf {
        /// Whose.
        user: UserId,
        /// Which one goes on.
        keep: SessionId,
    },
    /// Keys of programs and of providers.
    Keys(KeyEffect),
}

/// A worker's hold of a task. Nothing is committed under one that is no longer held: a worker that was frozen until
/// another took its task over changes nothing when it wakes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// Which task.
    pub task: TaskId,
    /// Random; who holds it holds the lease.
    pub token: Uuid,
}

/// Bytes that an event names by their hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// SHA-256 of the bytes.
    pub hash: ContentHash,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Content {
    /// The content of some bytes.
    pub fn of(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self { hash: ContentHash(Sha256::digest(&bytes).into()), bytes }
    }
}

/// A change of what is set aside and spent, of a tenant or of one agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The agent, or the tenant itself for all of it.
    pub scope: Uuid,
    /// What is set aside for a call that begins.
    pub reserve: MicroUsd,
    /// What was set aside and is given back, as the call ended.
    pub release: MicroUsd,
    /// What was spent.
    pub spend: MicroUsd,
    /// What may be spent in a month; setting aside more than it leaves is refused.
    pub limit: Option<MicroUsd>,
}

/// A session as it begins, with its first refresh token.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub session: SessionId,
    /// SHA-256 of the refresh token.
    pub refresh: [u8; 32],
    /// When it ends if the refresh token is not used before.
    pub refresh_until: DateTime<Utc>,
    /// When it ends in any case.
    pub expires_at: DateTime<Utc>,
    /// From which address it was opened.
    pub ip: Option<String>,
    /// With which program.
    pub user_agent: Option<String>,
    /// By what the device is known again.
    pub device: [u8; 32],
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
    /// The lease is no longer held.
    #[error("the lease is no longer held")]
    LeaseLost,
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
            contents: vec![],
            holds: vec![],
            lease: None,
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

    /// Keeps contents beside the events.
    #[must_use]
    pub fn keep(mut self, contents: impl IntoIterator<Item = Content>) -> Self {
        self.contents.extend(contents);
        self
    }

    /// Sets money aside, or books it.
    #[must_use]
    pub fn hold(mut self, holds: impl IntoIterator<Item = Hold>) -> Self {
        self.holds.extend(holds);
        self
    }

    /// Commits it only while the lease is held.
    #[must_use]
    pub const fn under(mut self, lease: Lease) -> Self {
        self.lease = Some(lease);
        self
    }

    /// Says what the answer is about, where it is not the stream.
    #[must_use]
    pub const fn about(mut self, resource: Uuid) -> Self {
        self.resource = resource;
        self
    }

    /// Recognises a repeated request.
    #[must_use]
    pub fn once(mut self, key: Option<IdempotencyKey>) -> Self {
        self.idempotency = key;
        self
    }
}
