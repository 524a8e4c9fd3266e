//! The deployment's secrets.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::seal::SealingKey;

/// The two secrets of a deployment; every key in use is derived from one of them for one purpose, so that no key
/// serves two. The first signs, the second seals what is stored: they are rotated for different reasons.
#[derive(Clone)]
pub struct Secrets {
    signing: SecretString,
    sealing: SecretString,
}

/// What a derived key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Signing access tokens.
    AccessTokens,
    /// Deriving setup and invitation tokens.
    OneTimeTokens,
    /// Sealing the keys of persons.
    PersonalKeys,
    /// Sealing stored answers.
    Answers,
    /// Hashing requests that are answered once.
    RequestHashes,
    /// The password of the service's own database login.
    DatabaseLogin,
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
    #[error("SECRET_KEY and AGENTCORES_MASTER_KEY must differ")]
    Shared,
}

impl Secrets {
    /// Takes the secrets if they are fit for use.
    pub fn try_new(signing: SecretString, sealing: SecretString) -> Result<Self, SecretsError> {
        for (name, secret) in [("SECRET_KEY", &signing), ("AGENTCORES_MASTER_KEY", &sealing)] {
            let text = secret.expose_secret();
            if text.len() < 32 {
                return Err(SecretsError::TooShort(name));
            }
            if text.contains("change-in-production") || text.contains("change-me") {
                return Err(SecretsError::Example(name));
            }
        }
        if signing.expose_secret() == sealing.expose_secret() {
            return Err(SecretsError::Shared);
        }
        Ok(Self { signing, sealing })
    }

    /// 32 bytes for one purpose.
    pub fn derive(&self, purpose: Purpose) -> [u8; 32] {
        let (secret, label) = match purpose {
            Purpose::AccessTokens => (&self.signing, "agentcores access tokens v1"),
            Purpose::OneTimeTokens => (&self.signing, "agentcores one-time tokens v1"),
            Purpose::PersonalKeys => (&self.sealing, "agentcores personal keys v1"),
            Purpose::Answers => (&self.sealing, "agentcores stored answers v1"),
            Purpose::RequestHashes => (&self.sealing, "agentcores request hashes v1"),
            Purpose::DatabaseLogin => (&self.sealing, "agentcores database login v1"),
        };
        mac(secret.expose_secret().as_bytes(), label.as_bytes())
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
    }

    #[test]
    fn every_purpose_has_its_own_key() {
        let secrets = secrets(&"1".repeat(32), &"2".repeat(32)).unwrap();
        let keys = [
            Purpose::AccessTokens,
            Purpose::OneTimeTokens,
            Purpose::PersonalKeys,
            Purpose::Answers,
            Purpose::RequestHashes,
            Purpose::DatabaseLogin,
        ]
        .map(|purpose| secrets.derive(purpose));
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key));
        }
    }
}
