//! Password hashing.

use std::sync::Arc;
use std::time::Duration;

use application::ports::{Busy, NotTaken, Passwords};
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::password_policy::judge;

/// Argon2id with 46 MiB, one pass, one lane: the first recommendation of the OWASP password storage cheat sheet.
/// Hashing runs on blocking threads, at most `parallel` at once; who finds 32 waiting, or waits longer than two seconds,
/// is told that the service is busy.
pub struct Argon2Passwords {
    permits: Arc<Semaphore>,
    /// Places to work and to wait in.
    places: Arc<Semaphore>,
    nobody: SecretString,
}

const WAIT: Duration = Duration::from_secs(2);
const MOST_WAITING: usize = 32;
/// KiB, passes, lanes.
const PARAMETERS: (u32, u32, u32) = (47_104, 1, 1);

impl Argon2Passwords {
    /// A hasher that runs up to `parallel` hashes at once.
    pub fn new(parallel: usize) -> Self {
        let nobody = hash_now("no password hashes to this: nobody's");
        Self {
            permits: Arc::new(Semaphore::new(parallel)),
            places: Arc::new(Semaphore::new(parallel + MOST_WAITING)),
            nobody,
        }
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Busy)?;
        let permit = tokio::time::timeout(WAIT, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| Busy)?
            .map_err(|_| Busy)?;
        // The permit goes along: a request that goes away does not make room for more than `parallel` hashes.
        let task = tokio::task::spawn_blocking(move || {
            let result = work();
            drop((permit, place));
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

    async fn hash_chosen(
        &self,
        password: SecretString,
        known: Vec<String>,
    ) -> Result<SecretString, NotTaken> {
        let judged = move || {
            judge(password.expose_secret(), &known)?;
            Ok(hash_now(password.expose_secret()))
        };
        self.run(judged).await?
    }

    async fn strengthen(
        &self,
        password: SecretString,
        stored: &SecretString,
    ) -> Result<Option<SecretString>, Busy> {
        if is_weaker(stored) { self.hash(password).await.map(Some) } else { Ok(None) }
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
    let (memory, passes, lanes) = PARAMETERS;
    let params = Params::new(memory, passes, lanes, None).expect("the parameters are in range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Whether any parameter is below the present one's, or the algorithm is another.
fn is_weaker(stored: &SecretString) -> bool {
    let Ok(hash) = PasswordHash::new(stored.expose_secret()) else { return true };
    let Ok(params) = Params::try_from(&hash) else { return true };
    let (memory, passes, lanes) = PARAMETERS;
    hash.algorithm.as_str() != Algorithm::Argon2id.as_str()
        || params.m_cost() < memory
        || params.t_cost() < passes
        || params.p_cost() < lanes
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

    fn weak(password: &str) -> SecretString {
        let params = Params::new(19_456, 2, 1, None).unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password(password.as_bytes()).unwrap().to_string().into()
    }

    #[tokio::test]
    async fn a_hash_of_weaker_parameters_fits_and_is_renewed() {
        let passwords = Argon2Passwords::new(1);
        let password = || SecretString::from("correct horse".to_owned());
        let stored = weak("correct horse");
        assert!(passwords.verify(password(), Some(stored.clone())).await.unwrap());
        let renewed = passwords.strengthen(password(), &stored).await.unwrap().unwrap();
        assert!(renewed.expose_secret().starts_with("$argon2id$v=19$m=47104,t=1,p=1$"));
        assert!(passwords.verify(password(), Some(renewed.clone())).await.unwrap());
        assert!(passwords.strengthen(password(), &renewed).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn who_finds_too_many_waiting_is_told_at_once() {
        let passwords = Argon2Passwords::new(1);
        // Nobody works, so nobody who waits gets on.
        let _working = passwords.permits.clone().acquire_owned().await.unwrap();
        let _waiting = passwords.places.clone().acquire_many_owned(33).await.unwrap();
        let begun = std::time::Instant::now();
        let refused = passwords.verify("correct horse".to_owned().into(), None).await;
        assert_eq!(refused, Err(Busy));
        assert!(begun.elapsed() < WAIT);
    }
}
