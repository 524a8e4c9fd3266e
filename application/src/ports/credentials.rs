use chrono::{DateTime, Utc};
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

    /// The stored passwords for an address, in one tenant or in all, at most 20.
    async fn find_passwords(
        &self,
        email: &Email,
        tenant: Option<TenantId>,
    ) -> Result<Vec<StoredPassword>, Unavailable>;

    /// Exchanges a refresh token for its successor; each works once.
    async fn rotate(
        &self,
        presented: [u8; 32],
        successor: [u8; 32],
        expires_at: DateTime<Utc>,
    ) -> Result<Rotation, Unavailable>;
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

/// What became of a presented refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It was the newest: its successor is in force.
    Rotated {
        /// In which tenant.
        tenant: TenantId,
        /// Whose.
        user: UserId,
        /// In which session.
        session: SessionId,
    },
    /// It had been used before: its whole session is ended now.
    Reused,
    /// Nothing known of it, or it has run out.
    Unknown,
}
