use chrono::{DateTime, TimeDelta, Utc};
use domain::tenant::Subdomain;
use domain::{Email, SessionId, TenantId, UserId};
use secrecy::SecretString;

use super::Unavailable;

/// Passwords and sessions, in ordinary tables: no credential enters an event. Whatever goes along with an event
/// is written as a [`crate::commit::Effect`] instead.
#[async_trait::async_trait]
pub trait Credentials: Send + Sync {
    /// The tenant that holds a subdomain.
    async fn find_tenant(&self, subdomain: &Subdomain) -> Result<Option<TenantId>, Unavailable>;

    /// Who holds an address in a tenant, be it by an invitation.
    async fn find_holder(&self, tenant: TenantId, email: &Email) -> Result<Option<UserId>, Unavailable>;

    /// The stored passwords for an address, in one tenant or in all, the newest first, at most 20.
    async fn find_passwords(
        &self,
        email: &Email,
        tenant: Option<TenantId>,
    ) -> Result<Vec<StoredPassword>, Unavailable>;

    /// Puts a stronger hash of the same password in the place of one, unless the password was changed meanwhile.
    async fn strengthen(&self, of: &StoredPassword, hash: &SecretString) -> Result<(), Unavailable>;

    /// Where a session was opened from; nothing once it is forgotten.
    async fn find_session(
        &self,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Option<SessionOrigin>, Unavailable>;

    /// Whether the user has signed in from that device.
    async fn knows_device(
        &self,
        tenant: TenantId,
        user: UserId,
        device: &[u8; 32],
    ) -> Result<bool, Unavailable>;

    /// Whose open session a refresh token belongs to, whether it is the newest or not.
    async fn find_refresh(&self, presented: &[u8; 32]) -> Result<Option<Holder>, Unavailable>;

    /// Exchanges a refresh token for its successor, in one step: of many at once, one is the newest afterwards.
    async fn rotate(&self, exchange: &Exchange) -> Result<Rotation, Unavailable>;

    /// Notes that an access token of the session's present pair was used; false if that pair was given up, or is not
    /// the present one.
    async fn mark_used(
        &self,
        tenant: TenantId,
        session: SessionId,
        generation: i32,
    ) -> Result<bool, Unavailable>;

    /// The user's open sessions.
    async fn open_sessions(&self, tenant: TenantId, user: UserId) -> Result<Vec<SessionId>, Unavailable>;

    /// Notes that the password was given again in a session.
    async fn mark_authenticated(
        &self,
        tenant: TenantId,
        session: SessionId,
        at: DateTime<Utc>,
    ) -> Result<(), Unavailable>;
}

/// Where a session was opened from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionOrigin {
    /// From which address.
    pub ip: Option<String>,
    /// With which program.
    pub user_agent: Option<String>,
}

/// What a user's password is checked against.
#[derive(Clone, Debug)]
pub struct StoredPassword {
    /// In which tenant.
    pub tenant: TenantId,
    /// Whose.
    pub user: UserId,
    /// The Argon2 hash in PHC form.
    pub hash: SecretString,
}

/// Who holds a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// In which tenant.
    pub tenant: TenantId,
    /// Whose.
    pub user: UserId,
    /// Which.
    pub session: SessionId,
}

/// An exchange of refresh tokens.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    /// The digest of the one presented.
    pub presented: [u8; 32],
    /// The digest of the one to come.
    pub successor: [u8; 32],
    /// When the session ends if the successor is not used before.
    pub refresh_until: DateTime<Utc>,
    /// How long after an exchange the same token is neither exchanged again nor held against its session.
    pub grace: TimeDelta,
}

/// What became of a presented refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It was the newest, or the newest was given up for it because its answer was lost: its successor is in force,
    /// with this generation.
    Rotated(i32),
    /// It was exchanged a moment ago: whoever shares it has its successor by now.
    Superseded,
    /// It had been exchanged, and its successor was used.
    Reused,
    /// It was given up or has run out, or its session has ended.
    Unknown,
}
