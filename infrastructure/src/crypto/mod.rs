//! Cryptography, all of it by well-kept libraries.

mod access;
mod api_key;
mod checked;
mod key_ring;
mod password;
mod password_policy;
mod reset_token;
mod seal;
mod secrets;
mod token;

pub use access::SigningAlgorithm;
#[cfg(test)]
mod hygiene;

pub use api_key::{API_KEY_PATTERN, DerivedApiKeys};
pub use key_ring::KeyRing;
pub use password::Argon2Passwords;
pub use seal::{SealError, SealingKey};
pub use secrets::{Purpose, Secrets, SecretsError};
pub use token::SignedTokens;
