//! Leaving alone who fails: one circuit for each provider, base URL and key.
//!
//! So many failures in a row open a circuit: for a while nothing is sent. Then one call is let through; its end closes
//! the circuit or opens it again. An answer of any kind closes it, also "no" and "too many": who says so is alive. Each
//! process finds out for itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use application::ports::FailureClass;
use moka::sync::Cache;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::remote::Remote;

/// How soon those that wait for the outcome of the one call ask again.
const WHILE_TRYING: Duration = Duration::from_secs(1);
/// A circuit that nobody asked for so long is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3_600);
/// How many circuits are known at most.
const MOST: u64 = 10_000;

/// When circuits open, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Breaking {
    /// So many failures in a row open a circuit.
    pub failures: u32,
    /// For how long.
    pub pause: Duration,
}

impl Default for Breaking {
    fn default() -> Self {
        Self { failures: 5, pause: Duration::from_secs(30) }
    }
}

/// Names a circuit, without giving away the key.
pub(super) type Name = [u8; 32];

/// The circuit of a provider, a base URL and a key.
pub(super) fn name(remote: &Remote, key: Option<&SecretString>) -> Name {
    let key = key.map_or("", |key| key.expose_secret());
    let parts = [remote.quote.provider.as_str(), remote.base.as_str(), key];
    let digest = parts.iter().fold(Sha256::new(), |digest, part| digest.chain_update(part).chain_update([0]));
    digest.finalize().into()
}

#[derive(Clone)]
pub(super) struct Circuits {
    breaking: Breaking,
    known: Cache<Name, Arc<Mutex<Circuit>>>,
}

/// What is known of one.
#[derive(Debug, Default)]
struct Circuit {
    failures: u32,
    open_until: Option<Instant>,
    is_trying: bool,
}

/// Leave for one call. Dropped without [`Pass::ended`], the call says nothing about the other side.
pub(super) struct Pass {
    breaking: Breaking,
    circuit: Arc<Mutex<Circuit>>,
    is_trial: bool,
}

fn lock(circuit: &Mutex<Circuit>) -> MutexGuard<'_, Circuit> {
    circuit.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Circuits {
    pub(super) fn new(breaking: Breaking) -> Self {
        let known = Cache::builder().max_capacity(MOST).time_to_idle(FORGOTTEN_AFTER).build();
        Self { breaking, known }
    }

    /// Leave for a call; where there is none, for how long.
    pub(super) fn enter(&self, name: Name, now: Instant) -> Result<Pass, Duration> {
        let circuit = self.known.get_with(name, Arc::default);
        let is_trial = {
            let mut state = lock(&circuit);
            match state.open_until {
                Some(until) if until > now => return Err(until - now),
                Some(_) if state.is_trying => return Err(WHILE_TRYING),
                Some(_) => {
                    state.is_trying = true;
                    true
                }
                None => false,
            }
        };
        Ok(Pass { breaking: self.breaking, circuit, is_trial })
    }
}

impl Pass {
    /// How the call ended: with an answer, or with a failure of this class.
    pub(super) fn ended(self, failure: Option<FailureClass>, now: Instant) {
        let mut circuit = lock(&self.circuit);
        match failure {
            Some(FailureClass::NeverSent | FailureClass::Unavailable | FailureClass::Ambiguous) => {
                circuit.failures = circuit.failures.saturating_add(1);
                if circuit.failures >= self.breaking.failures
                    && (circuit.open_until.is_none() || self.is_trial)
                {
                    circuit.open_until = Some(now + self.breaking.pause);
                }
            }
            // Calls that were under way when it opened do not close it: the trial does.
            None | Some(FailureClass::Limited(_) | FailureClass::Refused)
                if self.is_trial || circuit.open_until.is_none() =>
            {
                circuit.failures = 0;
                circuit.open_until = None;
            }
            None | Some(FailureClass::Limited(_) | FailureClass::Refused | FailureClass::CircuitOpen(_)) => {}
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.is_trial {
            lock(&self.circuit).is_trying = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: Name = [1; 32];
    const FAILED: Option<FailureClass> = Some(FailureClass::Unavailable);

    /// A circuit that opens after three failures for 30 seconds, and a clock.
    struct Trial {
        circuits: Circuits,
        now: Instant,
    }

    impl Trial {
        fn new() -> Self {
            let breaking = Breaking { failures: 3, pause: Duration::from_secs(30) };
            Self { circuits: Circuits::new(breaking), now: Instant::now() }
        }

        fn pass(&self, seconds: u64) -> Self {
            Self { circuits: self.circuits.clone(), now: self.now + Duration::from_secs(seconds) }
        }

        fn enter(&self) -> Pass {
            self.circuits.enter(NAME, self.now).unwrap_or_else(|_| panic!("it is open"))
        }

        fn call(&self, end: Option<FailureClass>) {
            self.enter().ended(end, self.now);
        }

        /// For how many seconds it is open.
        fn is_open(&self) -> Option<u64> {
            self.circuits.enter(NAME, self.now).err().map(|wait| wait.as_secs())
        }
    }

    #[test]
    fn failures_in_a_row_open_it_for_a_while_and_answers_count_them_anew() {
        let trial = Trial::new();
        let refused = Some(FailureClass::Refused);
        for end in [FAILED, FAILED, None, FAILED, Some(FailureClass::NeverSent), refused] {
            trial.call(end);
        }
        assert_eq!(trial.is_open(), None);
        for end in [FailureClass::NeverSent, FailureClass::Ambiguous, FailureClass::Unavailable] {
            trial.call(Some(end));
        }
        assert_eq!(trial.is_open(), Some(30));
        assert!(trial.circuits.enter([2; 32], trial.now).is_ok(), "another one is not concerned");
        assert_eq!(trial.pass(10).is_open(), Some(20));
    }

    #[test]
    fn one_call_is_let_through_to_see() {
        let trial = Trial::new();
        (0..3).for_each(|_| trial.call(FAILED));
        let trial = trial.pass(30);
        let first = trial.enter();
        assert_eq!(trial.is_open(), Some(1));
        first.ended(FAILED, trial.now);
        assert_eq!(trial.is_open(), Some(30));
        let trial = trial.pass(30);
        // A call that is given up tells nothing: the next one is the trial.
        drop(trial.enter());
        trial.call(Some(FailureClass::Limited(None)));
        (0..2).for_each(|_| trial.call(FAILED));
        assert_eq!(trial.is_open(), None);
    }

    #[test]
    fn calls_that_were_under_way_neither_close_it_nor_keep_it_open_longer() {
        let trial = Trial::new();
        let [slow, slower] = std::array::from_fn(|_| trial.enter());
        (0..3).for_each(|_| trial.call(FAILED));
        let trial = trial.pass(10);
        slow.ended(None, trial.now);
        slower.ended(FAILED, trial.now);
        assert_eq!(trial.is_open(), Some(20));
    }
}
