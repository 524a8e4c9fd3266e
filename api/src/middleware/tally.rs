//! What is answered so often under load that a line for each would be a load of its own.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often is told what was counted.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Answers by code that were not logged one by one.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Mutex<BTreeMap<&'static str, u64>>>);

impl Tally {
    /// Counts an answer; true if it is the first after a quiet time, which is logged by itself.
    pub(crate) fn note(&self, code: &'static str) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.entry(code) {
            Entry::Vacant(quiet) => {
                quiet.insert(0);
                true
            }
            Entry::Occupied(mut busy) => {
                *busy.get_mut() += 1;
                false
            }
        }
    }

    /// What was counted since the last time. A code of which nothing was is quiet from now on.
    fn take(&self) -> Vec<(&'static str, u64)> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.retain(|_, count| *count > 0);
        counts.iter_mut().map(|(code, count)| (*code, std::mem::take(count))).collect()
    }

    /// Tells from time to time, for as long as it is run.
    pub(crate) async fn tell(self) {
        loop {
            tokio::time::sleep(TELL_EVERY).await;
            for (code, count) in self.take() {
                let seconds = TELL_EVERY.as_secs();
                tracing::warn!(code, count, "answered {count} more requests with 503 in {seconds} seconds");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_after_a_quiet_time_is_told_at_once_and_the_others_by_their_number() {
        let tally = Tally::default();
        assert!(tally.note("busy"));
        assert!(!tally.note("busy") && !tally.note("busy"));
        assert!(tally.note("unavailable"));
        assert_eq!(tally.take(), [("busy", 2)]);
        assert!(!tally.note("busy"), "busy for another interval");
        assert!(tally.note("unavailable"), "it was quiet");
        assert_eq!(tally.take(), [("busy", 1)]);
        assert_eq!(tally.take(), []);
        assert!(tally.note("busy"));
    }
}
