//! Leaving alone who fails: one circuit for each provider, base URL and key.
//!
//! So many failures in a row open a circuit: for a while nothing is sent. Then one call is let through; its failure opens
//! the circuit again. From its answer on one more call may be under way for each answer, so who has just come back is not
//! met by everybody who waited; after so many it is closed. "No" and "too many" are answers too: who says so is alive.
//! Each process finds out for itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use application::ports::FailureClass;
use moka::sync::Cache;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::remote::Remote;

/// How soon those ask again for whom there is no room among the calls that find out.
const WHILE_TRYING: Duration = Duration::from_secs(1);
/// After so many answers a circuit is closed.
const RECOVERED: u32 = 64;
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
    /// In a row.
    failures: u32,
    /// How often it opened.
    opened: u64,
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Closed,
    Open {
        until: Instant,
    },
    /// So many calls of those that find out are under way, and so many were answered.
    Trying {
        under_way: u32,
        answered: u32,
    },
}

/// Leave for one call. Dropped without [`Pass::ended`], the call says nothing about the other side.
pub(super) struct Pass {
    breaking: Breaking,
    circuit: Arc<Mutex<Circuit>>,
    /// How often the circuit had opened. Calls that were under way when it opened again say nothing any more.
    opened: u64,
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
        let (opened, is_trial) = {
            let mut state = lock(&circuit);
            (state.opened, state.enter(now)?)
        };
        Ok(Pass { breaking: self.breaking, circuit, opened, is_trial })
    }
}

impl Circuit {
    /// Whether the call is one of those that find out.
    fn enter(&mut self, now: Instant) -> Result<bool, Duration> {
        match &mut self.state {
            State::Closed => Ok(false),
            State::Open { until } if *until > now => Err(*until - now),
            State::Open { .. } => {
                self.state = State::Trying { under_way: 1, answered: 0 };
                Ok(true)
            }
            State::Trying { under_way, answered } if *under_way > *answered => Err(WHILE_TRYING),
            State::Trying { under_way, .. } => {
                *under_way += 1;
                Ok(true)
            }
        }
    }

    fn failed(&mut self, breaking: Breaking, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        let is_first_trial = matches!(self.state, State::Trying { answered: 0, .. });
        if is_first_trial || self.failures >= breaking.failures {
            self.opened += 1;
            self.state = State::Open { until: now + breaking.pause };
        }
    }

    fn answered(&mut self) {
        self.failures = 0;
        if let State::Trying { answered, .. } = &mut self.state {
            *answered += 1;
            if *answered >= RECOVERED {
                self.state = State::Closed;
            }
        }
    }
}

impl Pass {
    /// How the call ended: with an answer, or with a failure of this class.
    pub(super) fn ended(self, failure: Option<FailureClass>, now: Instant) {
        let mut circuit = lock(&self.circuit);
        if circuit.opened != self.opened {
            return;
        }
        match failure {
            Some(FailureClass::NeverSent | FailureClass::Unavailable | FailureClass::Ambiguous) => {
                circuit.failed(self.breaking, now);
            }
            None | Some(FailureClass::Limited(_) | FailureClass::Refused) => circuit.answered(),
            Some(FailureClass::CircuitOpen(_)) => {}
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut circuit = lock(&self.circuit);
        if circuit.opened == self.opened
            && let State::Trying { under_way, .. } = &mut circuit.state
        {
            *under_way = under_way.saturating_sub(u32::from(self.is_trial));
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
    fn who_has_just_come_back_is_met_by_one_more_call_for_each_answer() {
        let trial = Trial::new();
        (0..3).for_each(|_| trial.call(FAILED));
        let trial = trial.pass(30);
        let under_way = |trial: &Trial| {
            let mut passes = vec![];
            while let Ok(pass) = trial.circuits.enter(NAME, trial.now) {
                passes.push(pass);
                assert!(passes.len() < 1_000, "it is closed");
            }
            passes
        };
        for round in 0..6 {
            let passes = under_way(&trial);
            assert_eq!(
                passes.len(),
                1 << round,
                "as many answers as there were calls, so twice as many calls"
            );
            for pass in passes {
                pass.ended(None, trial.now);
            }
        }
        trial.call(None);
        let all: Vec<Pass> = (0..999).map(|_| trial.enter()).collect();
        assert_eq!(trial.is_open(), None, "it is closed");
        drop(all);
        // Who fails again on the way is left alone again, and what is still under way then says nothing.
        (0..3).for_each(|_| trial.call(FAILED));
        let trial = trial.pass(30);
        trial.call(None);
        trial.call(None);
        let mut passes = under_way(&trial);
        assert_eq!(passes.len(), 3);
        let late = passes.split_off(2);
        for pass in passes {
            pass.ended(FAILED, trial.now);
        }
        trial.call(FAILED);
        assert_eq!(trial.is_open(), Some(30));
        for pass in late {
            pass.ended(None, trial.now);
        }
        let trial = trial.pass(30);
        assert_eq!(under_way(&trial).len(), 1, "it begins with one again");
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
