use secrecy::SecretString;

/// No hashing capacity was free for two seconds, or too many waited for it already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked")]
pub struct Busy;

/// Why a chosen password was not hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// Tried first by anyone who guesses.
    #[error("the password is too easy to guess")]
    TooCommon,
    /// Made of what others know of the person.
    #[error("the password is made of known words")]
    OfKnownWords,
    /// No capacity.
    #[error(transparent)]
    Busy(#[from] Busy),
}

/// Hashing of passwords: slow on purpose, so it is bounded and off the async threads.
#[async_trait::async_trait]
pub trait Passwords: Send + Sync {
    /// The Argon2id hash in PHC form.
    async fn hash(&self, password: SecretString) -> Result<SecretString, Busy>;

    /// The same for a password that someone chooses, unless it is too easy to guess. `known` is what others know of
    /// the person, such as the address and the organisation's name.
    async fn hash_chosen(&self, password: SecretString, known: Vec<String>)
    -> Result<SecretString, NotTaken>;

    /// The password's hash with the present parameters, if the stored one was made with weaker ones.
    async fn strengthen(
        &self,
        password: SecretString,
        stored: &SecretString,
    ) -> Result<Option<SecretString>, Busy>;

    /// Whether the password is the hash's; without a hash it takes as long and is wrong.
    async fn verify(&self, password: SecretString, hash: Option<SecretString>) -> Result<bool, Busy>;
}
