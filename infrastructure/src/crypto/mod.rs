//! Cryptography, all of it by well-kept libraries.

mod password;
mod seal;
mod secrets;
mod token;

pub use password::Argon2Passwords;
pub use seal::{SealError, SealingKey};
pub use secrets::{Purpose, Secrets, SecretsError};
pub use token::SignedTokens;
