use chrono::{DateTime, Utc};
use domain::{SessionId, TenantId, UserId};
use secrecy::SecretString;

/// Making and checking tokens. Setup and invitation tokens are derived from a server key and what they stand
/// for, so they are stored nowhere, not even hashed.
pub trait Tokens: Send + Sync {
    /// A signed access token and how many seconds it lives.
    fn access(&self, claims: &AccessClaims, now: DateTime<Utc>) -> (SecretString, i64);

    /// What a valid access token says; nothing for any other text.
    fn verify_access(&self, token: &str) -> Option<AccessClaims>;

    /// A fresh refresh token, valid until the time given with it.
    fn refresh(&self, now: DateTime<Utc>) -> RefreshToken;

    /// The digest under which a refresh token is stored; nothing if it cannot be one.
    fn digest_refresh(&self, token: &str) -> Option<[u8; 32]>;

    /// The token that founds a tenant's first owner.
    fn setup(&self, tenant: TenantId) -> SecretString;

    /// Whether the token is that one.
    fn verify_setup(&self, tenant: TenantId, token: &str) -> bool;

    /// The token of an invitation.
    fn invitation(&self, ticket: &InvitationTicket) -> SecretString;

    /// What a valid invitation token says, expired or not.
    fn verify_invitation(&self, token: &str) -> Option<InvitationTicket>;
}

/// Who an access token speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessClaims {
    /// In which tenant.
    pub tenant: TenantId,
    /// Who.
    pub user: UserId,
    /// In which session.
    pub session: SessionId,
}

/// What an invitation token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvitationTicket {
    /// To which tenant.
    pub tenant: TenantId,
    /// As which user.
    pub user: UserId,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// A refresh token with what is stored of it.
#[derive(Clone, Debug)]
pub struct RefreshToken {
    /// For the client only.
    pub token: SecretString,
    /// For the database.
    pub digest: [u8; 32],
    /// When it ends if it is not used.
    pub expires_at: DateTime<Utc>,
}
