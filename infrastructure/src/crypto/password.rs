//! Password hashing.

use std::sync::Arc;
use std::time::Duration;

use application::ports::{Busy, Passwords};
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

/// Argon2id with 46 MiB, one pass, one lane: the first recommendation of the OWASP password storage cheat sheet.
/// Hashing runs on blocking threads, at most `parallel` at once; who waits longer than two seconds is told that
/// the service is busy.
pub struct Argon2Passwords {
    permits: Arc<Semaphore>,
    nobody: SecretString,
}

const WAIT: Duration = Duration::from_secs(2);

impl Argon2Passwords {
    /// A hasher that runs up to `parallel` hashes at once.
    pub fn new(parallel: usize) -> Self {
        let nobody = hash_now("no password hashes to this: nobody's");
        Self { permits: Arc::new(Semaphore::new(parallel)), nobody }
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let permit = tokio::time::timeout(WAIT, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| Busy)?
            .map_err(|_| Busy)?;
        // The permit goes along: a request that goes away does not make room for more than `parallel` hashes.
        let task = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        task.await.map_err(|_| Busy)
    }
}

#[async_trait::async_trait]
impl Passwords for Argon2Passwords {
    async fn hash(&self, password: SecretString) -> Result<SecretString, Busy> {
        self.run(move || hash_now(password.expose_secret())).await
    }

    async fn verify(&self, password: SecretString, hash: Option<SecretString>) -> Result<bool, Busy> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.clone());
        let fits = self
            .run(move || {
                PasswordHash::new(hash.expose_secret()).is_ok_and(|hash| {
                    argon2().verify_password(password.expose_secret().as_bytes(), &hash).is_ok()
                })
            })
            .await?;
        Ok(known && fits)
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(47_104, 1, 1, None).expect("the parameters are in range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash_now(password: &str) -> SecretString {
    let hash = argon2().hash_password(password.as_bytes()).expect("Argon2 takes passwords up to 4 GiB");
    hash.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_fits_and_without_a_hash_none_does() {
        let passwords = Argon2Passwords::new(1);
        let hash = passwords.hash("correct horse".to_owned().into()).await.unwrap();
        assert!(hash.expose_secret().starts_with("$argon2id$v=19$m=47104,t=1,p=1$"));
        let verify =
            |password: &str, hash: Option<SecretString>| passwords.verify(password.to_owned().into(), hash);
        assert!(verify("correct horse", Some(hash.clone())).await.unwrap());
        assert!(!verify("correct hors", Some(hash)).await.unwrap());
        assert!(!verify("no password hashes to this: nobody's", None).await.unwrap());
    }
}
