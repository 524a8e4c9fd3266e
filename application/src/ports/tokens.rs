use chrono::{DateTime, Utc};
use domain::{ResetId, SessionId, TenantId, UserId};
use secrecy::SecretString;

/// Making and checking tokens. Setup and invitation tokens are derived from a server key and what they stand
/// for, so they are stored nowhere, not even hashed.
pub trait Tokens: Send + Sync {
    /// A signed access token and how many seconds it lives.
    fn access(&self, claims: &AccessClaims, now: DateTime<Utc>) -> (SecretString, i64);

    /// What a valid access token says; nothing for any other text.
    fn verify_access(&self, token: &str) -> Option<AccessClaims>;

    /// The public keys that access tokens are verified with; none where a shared secret signs them.
    fn public_keys(&self) -> Vec<PublicKey>;

    /// A fresh refresh token, valid until the time given with it.
    fn refresh(&self, now: DateTime<Utc>) -> RefreshToken;

    /// By what a device is known again: a keyed hash, so that who reads it cannot try addresses against it.
    fn device(&self, network: &str, program: &str) -> [u8; 32];

    /// The digest under which a refresh token is stored; nothing if it cannot be one.
    fn digest_refresh(&self, token: &str) -> Option<[u8; 32]>;

    /// The token that founds a tenant's first owner.
    fn setup(&self, tenant: TenantId) -> SecretString;

    /// Whether the token is that one.
    fn verify_setup(&self, tenant: TenantId, token: &str) -> bool;

    /// The token of an invitation.
    fn invitation(&self, ticket: &InvitationTicket) -> SecretString;

    /// What a genuine invitation token says; whether it is still good is for the invited user's stream to say.
    fn verify_invitation(&self, token: &str) -> Option<InvitationTicket>;

    /// The token of a request to reset a password.
    fn reset(&self, ticket: &ResetTicket) -> SecretString;

    /// What a valid token to reset a password says, expired or not.
    fn verify_reset(&self, token: &str) -> Option<ResetTicket>;
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
    /// With which pair of tokens of that session, counted from 1.
    pub generation: i32,
}

/// A public key of Ed25519.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// The name that tokens call it by.
    pub id: String,
    /// The key.
    pub bytes: [u8; 32],
}

/// What an invitation token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvitationTicket {
    /// To which tenant.
    pub tenant: TenantId,
    /// As which user.
    pub user: UserId,
    /// The number of the invitation it was sent with.
    pub issue: u32,
}

/// What a token to reset a password stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResetTicket {
    /// In which tenant.
    pub tenant: TenantId,
    /// Whose password.
    pub user: UserId,
    /// By which request.
    pub reset: ResetId,
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
