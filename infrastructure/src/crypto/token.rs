//! Access, refresh, setup and invitation tokens.

use std::collections::HashSet;

use application::ports::{AccessClaims, InvitationTicket, RefreshToken, Tokens};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{SessionId, TenantId, UserId};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::secrets::{Purpose, Secrets, mac};

const ISSUER: &str = "agentcores";
const AUDIENCE: &str = "agentcores-api";
/// RFC 9068, section 2.1: tells an access token from every other JWT.
const TYPE: &str = "at+jwt";

/// Tokens signed with keys of this deployment. Access tokens are JWTs (HS256, strictly validated); all others are
/// opaque.
pub struct SignedTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    one_time: [u8; 32],
    access_ttl: TimeDelta,
    refresh_ttl: TimeDelta,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    tid: Uuid,
    sid: Uuid,
    jti: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl SignedTokens {
    /// Tokens under these secrets, with these lives.
    pub fn new(secrets: &Secrets, access_ttl: TimeDelta, refresh_ttl: TimeDelta) -> Self {
        let key = secrets.derive(Purpose::AccessTokens);
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 5;
        validation.validate_nbf = true;
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.required_spec_claims =
            HashSet::from(["exp", "nbf", "iss", "aud", "sub"].map(ToOwned::to_owned));
        Self {
            encoding: EncodingKey::from_secret(&key),
            decoding: DecodingKey::from_secret(&key),
            validation,
            one_time: secrets.derive(Purpose::OneTimeTokens),
            access_ttl,
            refresh_ttl,
        }
    }

    fn ticket_mac(&self, body: &[u8]) -> [u8; 32] {
        mac(&self.one_time, &[b"invitation".as_slice(), body].concat())
    }
}

impl Tokens for SignedTokens {
    fn access(&self, claims: &AccessClaims, now: DateTime<Utc>) -> (SecretString, i64) {
        let iat = now.timestamp();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: claims.user.0,
            tid: claims.tenant.0,
            sid: claims.session.0,
            jti: Uuid::new_v4(),
            iat,
            nbf: iat,
            exp: iat + self.access_ttl.num_seconds(),
        };
        let header = Header { typ: Some(TYPE.to_owned()), ..Header::new(Algorithm::HS256) };
        let token = jsonwebtoken::encode(&header, &claims, &self.encoding)
            .expect("claims of strings and numbers encode");
        (token.into(), self.access_ttl.num_seconds())
    }

    fn verify_access(&self, token: &str) -> Option<AccessClaims> {
        if token.len() > 4_096 {
            return None;
        }
        let header = jsonwebtoken::decode_header(token).ok()?;
        if header.typ.as_deref() != Some(TYPE) {
            return None;
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation).ok()?.claims;
        Some(AccessClaims {
            tenant: TenantId(claims.tid),
            user: UserId(claims.sub),
            session: SessionId(claims.sid),
        })
    }

    fn refresh(&self, now: DateTime<Utc>) -> RefreshToken {
        let random: [u8; 32] = rand::random();
        let token = format!("acr_{}", URL_SAFE_NO_PAD.encode(random));
        let digest = Sha256::digest(token.as_bytes()).into();
        RefreshToken { token: token.into(), digest, expires_at: now + self.refresh_ttl }
    }

    fn digest_refresh(&self, token: &str) -> Option<[u8; 32]> {
        (token.len() == 47 && token.starts_with("acr_")).then(|| Sha256::digest(token.as_bytes()).into())
    }

    fn setup(&self, tenant: TenantId) -> SecretString {
        let mac = mac(&self.one_time, &[b"setup".as_slice(), tenant.0.as_bytes()].concat());
        format!("acs_{}", URL_SAFE_NO_PAD.encode(mac)).into()
    }

    fn verify_setup(&self, tenant: TenantId, token: &str) -> bool {
        let Some(presented) = token.strip_prefix("acs_").and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
        else {
            return false;
        };
        same(&presented, &mac(&self.one_time, &[b"setup".as_slice(), tenant.0.as_bytes()].concat()))
    }

    fn invitation(&self, ticket: &InvitationTicket) -> SecretString {
        let seconds = ticket.expires_at.timestamp().to_be_bytes();
        let body = [ticket.tenant.0.as_bytes().as_slice(), ticket.user.0.as_bytes(), &seconds].concat();
        let token = [body.as_slice(), &self.ticket_mac(&body)].concat();
        format!("aci_{}", URL_SAFE_NO_PAD.encode(token)).into()
    }

    fn verify_invitation(&self, token: &str) -> Option<InvitationTicket> {
        let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix("aci_")?).ok()?;
        let (body, presented) = bytes.split_at_checked(40)?;
        if !same(presented, &self.ticket_mac(body)) {
            return None;
        }
        let seconds = i64::from_be_bytes(body[32..].try_into().ok()?);
        Some(InvitationTicket {
            tenant: TenantId(Uuid::from_slice(&body[..16]).ok()?),
            user: UserId(Uuid::from_slice(&body[16..32]).ok()?),
            expires_at: DateTime::from_timestamp(seconds, 0)?,
        })
    }
}

/// Compares by digest, so that the time it takes says nothing of where two values differ.
fn same(presented: &[u8], expected: &[u8]) -> bool {
    Sha256::digest(presented) == Sha256::digest(expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn tokens() -> SignedTokens {
        let secrets = Secrets::try_new("1".repeat(32).into(), "2".repeat(32).into()).unwrap();
        SignedTokens::new(&secrets, TimeDelta::minutes(30), TimeDelta::days(7))
    }

    fn claims() -> AccessClaims {
        let id = Uuid::from_u128;
        AccessClaims { tenant: TenantId(id(1)), user: UserId(id(2)), session: SessionId(id(3)) }
    }

    #[test]
    fn an_access_token_says_who_it_speaks_for_until_it_expires() {
        let tokens = tokens();
        let (token, seconds) = tokens.access(&claims(), Utc::now());
        assert_eq!(seconds, 1_800);
        assert_eq!(tokens.verify_access(token.expose_secret()), Some(claims()));
        let (old, _) = tokens.access(&claims(), Utc::now() - TimeDelta::minutes(31));
        assert_eq!(tokens.verify_access(old.expose_secret()), None);
        let (early, _) = tokens.access(&claims(), Utc::now() + TimeDelta::minutes(1));
        assert_eq!(tokens.verify_access(early.expose_secret()), None);
    }

    #[test]
    fn unsigned_foreign_and_mistyped_tokens_are_refused() {
        let tokens = tokens();
        let (token, _) = tokens.access(&claims(), Utc::now());
        let [_, body, signature] = token.expose_secret().split('.').collect::<Vec<_>>()[..] else { panic!() };
        let head = |json: &str| URL_SAFE_NO_PAD.encode(json);
        for header in
            [r#"{"alg":"none","typ":"at+jwt"}"#, r#"{"alg":"HS512","typ":"at+jwt"}"#, r#"{"alg":"HS256"}"#]
        {
            assert_eq!(
                tokens.verify_access(&format!("{}.{body}.{signature}", head(header))),
                None,
                "{header}"
            );
            assert_eq!(tokens.verify_access(&format!("{}.{body}.", head(header))), None, "{header}");
        }
        let other = Secrets::try_new("3".repeat(32).into(), "2".repeat(32).into()).unwrap();
        let other = SignedTokens::new(&other, TimeDelta::minutes(30), TimeDelta::days(7));
        assert_eq!(tokens.verify_access(other.access(&claims(), Utc::now()).0.expose_secret()), None);
    }

    #[test]
    fn one_time_tokens_are_good_for_what_they_were_made_for_only() {
        let tokens = tokens();
        let (one, two) = (TenantId(Uuid::from_u128(1)), TenantId(Uuid::from_u128(2)));
        let setup = tokens.setup(one);
        assert!(tokens.verify_setup(one, setup.expose_secret()));
        assert!(!tokens.verify_setup(two, setup.expose_secret()));
        assert!(!tokens.verify_setup(one, "acs_"));
        let expires_at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let ticket = InvitationTicket { tenant: one, user: UserId(Uuid::from_u128(5)), expires_at };
        let token = tokens.invitation(&ticket);
        assert_eq!(tokens.verify_invitation(token.expose_secret()), Some(ticket));
        assert_eq!(tokens.verify_invitation(&token.expose_secret().replace("aci_AA", "aci_BB")), None);
        assert_eq!(tokens.verify_invitation("aci_"), None);
    }

    #[test]
    fn refresh_tokens_are_stored_by_digest_and_anything_else_is_no_token() {
        let tokens = tokens();
        let refresh = tokens.refresh(Utc::now());
        assert_eq!(tokens.digest_refresh(refresh.token.expose_secret()), Some(refresh.digest));
        assert_eq!(tokens.digest_refresh("acr_short"), None);
    }
}
