use secrecy::SecretString;

/// No hashing capacity was free for two seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked")]
pub struct Busy;

/// Hashing of passwords: slow on purpose, so it is bounded and off the async threads.
#[async_trait::async_trait]
pub trait Passwords: Send + Sync {
    /// The Argon2id hash in PHC form.
    async fn hash(&self, password: SecretString) -> Result<SecretString, Busy>;

    /// Whether the password is the hash's; without a hash it takes as long and is wrong.
    async fn verify(&self, password: SecretString, hash: Option<SecretString>) -> Result<bool, Busy>;
}
