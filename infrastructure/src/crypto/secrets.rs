//! The deployment's secrets.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::key_ring::KeyRing;
use super::seal::SealingKey;

/// The two secrets of a deployment; every key in use is derived from one of them for one purpose, so that no key
/// serves two. The first signs, the second seals what is stored: they are rotated for different reasons.
#[derive(Clone)]
pub struct Secrets {
    signing: SecretString,
    previous_signing: Option<SecretString>,
    sealing: SecretString,
    previous_sealing: Option<SecretString>,
}

/// What a derived key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Signing access tokens with a shared secret.
    AccessTokens,
    /// Signing access tokens with a private key.
    AccessTokensEd25519,
    /// Deriving setup and invitation tokens.
    OneTimeTokens,
    /// Knowing a device again.
    Devices,
    /// Sealing the keys of persons.
    PersonalKeys,
    /// Sealing stored answers.
    Answers,
    /// Hashing requests that are answered once.
    RequestHashes,
    /// Hashing whom a limit limits.
    RateLimits,
    /// The password of the service's own database login.
    DatabaseLogin,
    /// Making API keys that a repeated request is told again.
    ApiKeys,
    /// Sealing the data keys of tenants.
    TenantKeys,
    /// The fingerprint by which a master key is told.
    MasterKeyId,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 12] = [
        Self::AccessTokens,
        Self::AccessTokensEd25519,
        Self::OneTimeTokens,
        Self::Devices,
        Self::PersonalKeys,
        Self::Answers,
        Self::RequestHashes,
        Self::DatabaseLogin,
        Self::RateLimits,
        Self::ApiKeys,
        Self::TenantKeys,
        Self::MasterKeyId,
    ];

    /// What the key is derived with; never the same for two.
    pub const fn label(self) -> &'static str {
        match self {
            Self::AccessTokens => "agentcores access tokens v1",
            Self::AccessTokensEd25519 => "agentcores access tokens ed25519 v1",
            Self::OneTimeTokens => "agentcores one-time tokens v1",
            Self::Devices => "agentcores devices v1",
            Self::PersonalKeys => "agentcores personal keys v1",
            Self::Answers => "agentcores stored answers v1",
            Self::RequestHashes => "agentcores request hashes v1",
            Self::DatabaseLogin => "agentcores database login v1",
            Self::RateLimits => "agentcores rate limits v1",
            Self::ApiKeys => "agentcores api keys v1",
            Self::TenantKeys => "agentcores tenant keys v1",
            Self::MasterKeyId => "agentcores master key id v1",
        }
    }

    /// Whether its key comes from the secret that signs, else from the one that seals.
    const fn signs(self) -> bool {
        matches!(self, Self::AccessTokens | Self::AccessTokensEd25519 | Self::OneTimeTokens | Self::ApiKeys)
    }
}

/// Why a secret is not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    /// Too little to guess.
    #[error("{0} must be at least 32 characters")]
    TooShort(&'static str),
    /// The value of an example.
    #[error("{0} is an example's value: choose a random one, such as of `openssl rand -hex 32`")]
    Example(&'static str),
    /// One secret for two purposes.
    #[error("SECRET_KEY must differ from AGENTCORES_MASTER_KEY and from the one before it")]
    Shared,
}

impl Secrets {
    /// Takes the secrets if they are fit for use.
    pub fn try_new(signing: SecretString, sealing: SecretString) -> Result<Self, SecretsError> {
        fit("SECRET_KEY", &signing)?;
        fit("AGENTCORES_MASTER_KEY", &sealing)?;
        if signing.expose_secret() == sealing.expose_secret() {
            return Err(SecretsError::Shared);
        }
        Ok(Self { signing, previous_signing: None, sealing, previous_sealing: None })
    }

    /// With the signing secret of before, whose tokens stay good while they live.
    pub fn with_previous_signing(self, previous: SecretString) -> Result<Self, SecretsError> {
        fit("SECRET_KEY_PREVIOUS", &previous)?;
        Ok(Self { previous_signing: Some(previous), ..self })
    }

    /// Also opens what another secret sealed, whose place this one takes. The same one again is none.
    pub fn with_previous_sealing(mut self, previous: SecretString) -> Result<Self, SecretsError> {
        fit("AGENTCORES_MASTER_KEY_PREVIOUS", &previous)?;
        if previous.expose_secret() == self.signing.expose_secret() {
            return Err(SecretsError::Shared);
        }
        let is_other = previous.expose_secret() != self.sealing.expose_secret();
        self.previous_sealing = is_other.then_some(previous);
        Ok(self)
    }

    /// 32 bytes for one purpose.
    pub fn derive(&self, purpose: Purpose) -> [u8; 32] {
        derived(if purpose.signs() { &self.signing } else { &self.sealing }, purpose)
    }

    /// The same as the secret before would have it; nothing if there is none.
    pub fn derive_previous(&self, purpose: Purpose) -> Option<[u8; 32]> {
        let previous = if purpose.signs() { &self.previous_signing } else { &self.previous_sealing };
        previous.as_ref().map(|secret| derived(secret, purpose))
    }

    /// The keys of the present master key and of the one before, for one purpose.
    pub fn key_ring(&self, purpose: Purpose) -> KeyRing {
        let id = |bytes: [u8; 32]| hex::encode(&bytes[..8]);
        let present = (id(self.derive(Purpose::MasterKeyId)), self.sealing_key(purpose));
        let previous = self.derive_previous(Purpose::MasterKeyId).zip(self.derive_previous(purpose));
        KeyRing::new(present, previous.map(|(name, key)| (id(name), SealingKey::new(key))))
    }

    /// A sealing key for one purpose.
    pub fn sealing_key(&self, purpose: Purpose) -> SealingKey {
        SealingKey::new(self.derive(purpose))
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// Refuses a secret that others may know or find.
fn fit(name: &'static str, secret: &SecretString) -> Result<(), SecretsError> {
    let text = secret.expose_secret();
    if text.len() < 32 {
        return Err(SecretsError::TooShort(name));
    }
    if text.contains("change-in-production") || text.contains("change-me") {
        return Err(SecretsError::Example(name));
    }
    Ok(())
}

fn derived(secret: &SecretString, purpose: Purpose) -> [u8; 32] {
    mac(secret.expose_secret().as_bytes(), purpose.label().as_bytes())
}

/// HMAC-SHA-256.
pub(super) fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(signing: &str, sealing: &str) -> Result<Secrets, SecretsError> {
        Secrets::try_new(signing.to_owned().into(), sealing.to_owned().into())
    }

    #[test]
    fn short_shared_and_example_secrets_are_refused() {
        let (one, two) = ("1".repeat(32), "2".repeat(32));
        assert!(secrets(&one, &two).is_ok());
        assert_eq!(secrets("short", &two).err(), Some(SecretsError::TooShort("SECRET_KEY")));
        assert_eq!(secrets(&one, "short").err(), Some(SecretsError::TooShort("AGENTCORES_MASTER_KEY")));
        assert_eq!(secrets(&one, &one).err(), Some(SecretsError::Shared));
        let example = "your-super-secret-jwt-key-change-in-production";
        assert_eq!(secrets(example, &two).err(), Some(SecretsError::Example("SECRET_KEY")));
        let with_previous =
            |text: &str| secrets(&one, &two).unwrap().with_previous_signing(text.to_owned().into());
        assert!(with_previous(&"3".repeat(32)).is_ok());
        assert_eq!(with_previous("short").err(), Some(SecretsError::TooShort("SECRET_KEY_PREVIOUS")));
        assert_eq!(with_previous(example).err(), Some(SecretsError::Example("SECRET_KEY_PREVIOUS")));
    }

    #[test]
    fn every_purpose_has_its_own_key() {
        let secrets = secrets(&"1".repeat(32), &"2".repeat(32)).unwrap();
        let keys = Purpose::ALL.map(|purpose| secrets.derive(purpose));
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key));
        }
    }
}
