//! All tokens: access and refresh tokens, and the one-time tokens for setup and invitations.

use application::ports::{AccessClaims, InvitationTicket, PublicKey, RefreshToken, ResetTicket, Tokens};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{TenantId, UserId};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::access::{AccessTokens, SigningAlgorithm};
use super::checked;
use super::reset_token;
use super::secrets::{Purpose, Secrets, mac};

/// What refresh tokens begin with.
const REFRESH: &str = "acr_";

/// Tokens of this deployment's keys. Access tokens are JWTs; all others are opaque.
pub struct SignedTokens {
    access: AccessTokens,
    /// The present key, then the one before: whatever it signed stays good.
    one_time: Vec<[u8; 32]>,
    devices: [u8; 32],
    refresh_ttl: TimeDelta,
}

impl SignedTokens {
    /// Tokens under these secrets, signed this way, with these lives.
    pub fn new(
        secrets: &Secrets,
        algorithm: SigningAlgorithm,
        access_ttl: TimeDelta,
        refresh_ttl: TimeDelta,
    ) -> Self {
        let previous = secrets.derive_previous(Purpose::OneTimeTokens);
        Self {
            access: AccessTokens::new(secrets, algorithm, access_ttl),
            one_time: [secrets.derive(Purpose::OneTimeTokens)].into_iter().chain(previous).collect(),
            devices: secrets.derive(Purpose::Devices),
            refresh_ttl,
        }
    }

    /// The code of a one-time token, under the present key.
    fn code(&self, purpose: &[u8], body: &[u8]) -> [u8; 32] {
        mac(&self.one_time[0], &[purpose, body].concat())
    }

    /// Whether it is that code, under any key in use.
    fn is_code(&self, presented: &[u8], purpose: &[u8], body: &[u8]) -> bool {
        self.one_time.iter().any(|key| same(presented, &mac(key, &[purpose, body].concat())))
    }
}

impl Tokens for SignedTokens {
    fn access(&self, claims: &AccessClaims, now: DateTime<Utc>) -> (SecretString, i64) {
        self.access.sign(claims, now)
    }

    fn verify_access(&self, token: &str) -> Option<AccessClaims> {
        self.access.verify(token)
    }

    fn public_keys(&self) -> Vec<PublicKey> {
        self.access.public_keys()
    }

    fn refresh(&self, now: DateTime<Utc>) -> RefreshToken {
        let token = checked::make(REFRESH);
        let digest = Sha256::digest(token.as_bytes()).into();
        RefreshToken { token: token.into(), digest, expires_at: now + self.refresh_ttl }
    }

    fn digest_refresh(&self, token: &str) -> Option<[u8; 32]> {
        checked::is_whole(REFRESH, token).then(|| Sha256::digest(token.as_bytes()).into())
    }

    fn device(&self, network: &str, program: &str) -> [u8; 32] {
        mac(&self.devices, format!("{network}\n{program}").as_bytes())
    }

    fn setup(&self, tenant: TenantId) -> SecretString {
        format!("acs_{}", URL_SAFE_NO_PAD.encode(self.code(b"setup", tenant.0.as_bytes()))).into()
    }

    fn verify_setup(&self, tenant: TenantId, token: &str) -> bool {
        let Some(presented) = token.strip_prefix("acs_").and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
        else {
            return false;
        };
        self.is_code(&presented, b"setup", tenant.0.as_bytes())
    }

    fn invitation(&self, ticket: &InvitationTicket) -> SecretString {
        let issue = ticket.issue.to_be_bytes();
        let body = [ticket.tenant.0.as_bytes().as_slice(), ticket.user.0.as_bytes(), &issue].concat();
        let token = [body.as_slice(), &self.code(b"invitation", &body)].concat();
        format!("aci_{}", URL_SAFE_NO_PAD.encode(token)).into()
    }

    fn reset(&self, ticket: &ResetTicket) -> SecretString {
        reset_token::write(&self.one_time[0], ticket)
    }

    fn verify_reset(&self, token: &str) -> Option<ResetTicket> {
        self.one_time.iter().find_map(|key| reset_token::read(key, token))
    }

    fn verify_invitation(&self, token: &str) -> Option<InvitationTicket> {
        let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix("aci_")?).ok()?;
        let (body, presented) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
        if !self.is_code(presented, b"invitation", body) {
            return None;
        }
        let issue = match body.len() {
            36 => u32::from_be_bytes(body[32..].try_into().ok()?),
            // Sent before invitations were counted: it ends in a time, which the invited user's stream knows as well.
            40 => 1,
            _ => return None,
        };
        Some(InvitationTicket {
            tenant: TenantId(Uuid::from_slice(&body[..16]).ok()?),
            user: UserId(Uuid::from_slice(&body[16..32]).ok()?),
            issue,
        })
    }
}

/// Compares by digest, so that the time it takes says nothing of where two values differ.
pub(super) fn same(presented: &[u8], expected: &[u8]) -> bool {
    Sha256::digest(presented) == Sha256::digest(expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn of(secrets: &Secrets) -> SignedTokens {
        SignedTokens::new(secrets, SigningAlgorithm::Hs256, TimeDelta::minutes(30), TimeDelta::days(7))
    }

    fn tokens() -> SignedTokens {
        let secrets = Secrets::try_new("1".repeat(32).into(), "2".repeat(32).into()).unwrap();
        of(&secrets)
    }

    #[test]
    fn one_time_tokens_are_good_for_what_they_were_made_for_only() {
        let tokens = tokens();
        let (one, two) = (TenantId(Uuid::from_u128(1)), TenantId(Uuid::from_u128(2)));
        let setup = tokens.setup(one);
        assert!(tokens.verify_setup(one, setup.expose_secret()));
        assert!(!tokens.verify_setup(two, setup.expose_secret()));
        assert!(!tokens.verify_setup(one, "acs_"));
        let ticket = InvitationTicket { tenant: one, user: UserId(Uuid::from_u128(5)), issue: 7 };
        let token = tokens.invitation(&ticket);
        assert_eq!(tokens.verify_invitation(token.expose_secret()), Some(ticket));
        assert_eq!(tokens.verify_invitation(&token.expose_secret().replace("aci_AA", "aci_BB")), None);
        assert_eq!(tokens.verify_invitation("aci_"), None);
        let second = tokens.invitation(&InvitationTicket { issue: 8, ..ticket });
        assert_ne!(second.expose_secret(), token.expose_secret());
    }

    #[test]
    fn an_invitation_sent_before_they_were_counted_is_the_first() {
        let tokens = tokens();
        let (tenant, user) = (Uuid::from_u128(1), Uuid::from_u128(5));
        let body = [tenant.as_bytes().as_slice(), user.as_bytes(), &1_800_000_000_i64.to_be_bytes()].concat();
        let bytes = [body.as_slice(), &tokens.code(b"invitation", &body)].concat();
        let token = format!("aci_{}", URL_SAFE_NO_PAD.encode(bytes));
        let first = InvitationTicket { tenant: TenantId(tenant), user: UserId(user), issue: 1 };
        assert_eq!(tokens.verify_invitation(&token), Some(first));
    }

    #[test]
    fn refresh_tokens_are_stored_by_digest_and_anything_else_is_no_token() {
        let tokens = tokens();
        let refresh = tokens.refresh(Utc::now());
        assert_eq!(tokens.digest_refresh(refresh.token.expose_secret()), Some(refresh.digest));
        let token = refresh.token.expose_secret();
        let old = format!("acr_{}", "a".repeat(43));
        for other in ["acr_short", &token[1..], &token.replace("acr_", "acs_"), &format!("{token} "), &old] {
            assert_eq!(tokens.digest_refresh(other), None, "{other}");
        }
    }

    #[test]
    fn one_time_tokens_outlive_a_change_of_the_signing_secret() {
        let secrets =
            |signing: &str| Secrets::try_new(signing.repeat(32).into(), "2".repeat(32).into()).unwrap();
        let (old, forgotten) = (tokens(), of(&secrets("3")));
        let new = of(&secrets("3").with_previous_signing("1".repeat(32).into()).unwrap());
        let tenant = TenantId(Uuid::from_u128(1));
        let ticket = InvitationTicket { tenant, user: UserId(Uuid::from_u128(5)), issue: 2 };
        let (setup, invitation) = (old.setup(tenant), old.invitation(&ticket));
        let (setup, invitation) = (setup.expose_secret(), invitation.expose_secret());
        assert!(new.verify_setup(tenant, setup) && !forgotten.verify_setup(tenant, setup));
        assert_eq!(new.verify_invitation(invitation), Some(ticket));
        assert_eq!(forgotten.verify_invitation(invitation), None);
        let fresh = new.setup(tenant);
        assert!(forgotten.verify_setup(tenant, fresh.expose_secret()), "the present secret makes new ones");
    }
}
