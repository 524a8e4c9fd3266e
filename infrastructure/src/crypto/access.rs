//! Access tokens: JWTs (RFC 7519) of one form only, verified as RFC 8725 advises.

use std::collections::HashSet;

use application::ports::{AccessClaims, PublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{SessionId, TenantId, UserId};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
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
/// The longest token and the longest header that are looked at, in bytes; ours have about 500 and 80.
const LONGEST: usize = 4 * 1024;
const LONGEST_HEADER: usize = 512;
/// How far clocks may differ, in seconds.
const LEEWAY: u64 = 5;
/// The longest life that the settings allow, in seconds.
const LONGEST_LIFE: u64 = 24 * 60 * 60;

/// How access tokens are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// HMAC with SHA-256: whoever verifies can sign.
    Hs256,
    /// Ed25519: the public key verifies and cannot sign.
    EdDsa,
}

/// Signs and verifies. Each key has one algorithm and one name, and no token chooses either: its `kid` is looked up among
/// these few.
pub(super) struct AccessTokens {
    kid: String,
    signing: EncodingKey,
    /// The present key, then the one before it, as long as its tokens may live.
    verifying: Vec<VerifyingKey>,
    algorithm: Algorithm,
    validation: Validation,
    ttl: TimeDelta,
}

struct VerifyingKey {
    kid: String,
    key: DecodingKey,
    public: Option<[u8; 32]>,
}

/// The only members of a header. Whatever else may stand there (`crit`, `jwk`, `jku`, `x5c`, `x5u`, `b64`, `zip`) makes the
/// token another's, and so does a member that comes twice.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnHeader {
    typ: String,
    alg: Algorithm,
    kid: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    tid: Uuid,
    sid: Uuid,
    #[serde(rename = "gen")]
    generation: i32,
    jti: Uuid,
    iat: u64,
    nbf: u64,
    exp: u64,
}

impl AccessTokens {
    pub(super) fn new(secrets: &Secrets, algorithm: SigningAlgorithm, ttl: TimeDelta) -> Self {
        let (purpose, algorithm) = match algorithm {
            SigningAlgorithm::Hs256 => (Purpose::AccessTokens, Algorithm::HS256),
            SigningAlgorithm::EdDsa => (Purpose::AccessTokensEd25519, Algorithm::EdDSA),
        };
        let (signing, present) = keys(algorithm, &secrets.derive(purpose));
        let previous = secrets.derive_previous(purpose).map(|seed| keys(algorithm, &seed).1);
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.required_spec_claims =
            HashSet::from(["exp", "nbf", "iss", "aud", "sub"].map(ToOwned::to_owned));
        Self {
            kid: present.kid.clone(),
            signing,
            verifying: [present].into_iter().chain(previous).collect(),
            algorithm,
            validation,
            ttl,
        }
    }

    /// A token and how many seconds it lives.
    pub(super) fn sign(&self, claims: &AccessClaims, now: DateTime<Utc>) -> (SecretString, i64) {
        let iat = u64::try_from(now.timestamp()).unwrap_or_default();
        let ttl = self.ttl.num_seconds();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: claims.user.0,
            tid: claims.tenant.0,
            sid: claims.session.0,
            generation: claims.generation,
            jti: Uuid::new_v4(),
            iat,
            nbf: iat,
            exp: iat + ttl.unsigned_abs(),
        };
        let mut header = Header::new(self.algorithm);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.kid.clone());
        let token = jsonwebtoken::encode(&header, &claims, &self.signing)
            .expect("claims of strings and numbers encode");
        (token.into(), ttl)
    }

    /// What a good token says; nothing for any other text.
    pub(super) fn verify(&self, token: &str) -> Option<AccessClaims> {
        if token.len() > LONGEST {
            return None;
        }
        let mut parts = token.split('.');
        let (head, _, _) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || head.len() > LONGEST_HEADER {
            return None;
        }
        let header: OwnHeader = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).ok()?).ok()?;
        if header.typ != TYPE || header.alg != self.algorithm {
            return None;
        }
        let key = self.verifying.iter().find(|key| key.kid == header.kid)?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.key, &self.validation).ok()?.claims;
        let issued_by_now = claims.iat <= jsonwebtoken::get_current_timestamp() + LEEWAY;
        let life = claims.exp.checked_sub(claims.iat)?;
        (issued_by_now && life <= LONGEST_LIFE && claims.generation > 0).then_some(AccessClaims {
            tenant: TenantId(claims.tid),
            user: UserId(claims.sub),
            session: SessionId(claims.sid),
            generation: claims.generation,
        })
    }

    /// The public keys, the present one first.
    pub(super) fn public_keys(&self) -> Vec<PublicKey> {
        let public = |key: &VerifyingKey| Some(PublicKey { id: key.kid.clone(), bytes: key.public? });
        self.verifying.iter().filter_map(public).collect()
    }
}

/// The keys of one seed. Their name says nothing of a secret one, and differs by seed.
fn keys(algorithm: Algorithm, seed: &[u8; 32]) -> (EncodingKey, VerifyingKey) {
    let name = |digest: &[u8]| URL_SAFE_NO_PAD.encode(&digest[..12]);
    if algorithm == Algorithm::EdDSA {
        let pair = SigningKey::from_bytes(seed);
        let public = pair.verifying_key().to_bytes();
        let der = pair.to_pkcs8_der().expect("a key of Ed25519 has a DER form");
        let kid = name(&Sha256::digest(public));
        let key = DecodingKey::from_ed_der(&public);
        return (EncodingKey::from_ed_der(der.as_bytes()), VerifyingKey { kid, key, public: Some(public) });
    }
    let kid = name(&mac(seed, b"key id"));
    let key = DecodingKey::from_secret(seed);
    (EncodingKey::from_secret(seed), VerifyingKey { kid, key, public: None })
}

#[cfg(test)]
mod forgeries;
#[cfg(test)]
mod signatures;
#[cfg(test)]
mod tests;
