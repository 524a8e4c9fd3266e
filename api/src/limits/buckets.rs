use std::hash::{BuildHasher, Hash, RandomState};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use super::Standing;

/// The most keys that are told apart, in about 10 MiB. Beyond them all share buckets: a flood of made-up keys narrows the
/// limits for its moment rather than the memory. Keys are let go of as soon as nothing of theirs is used.
const MOST_KEYS: usize = 200_000;
const SHARED: u64 = 1_024;
/// After so many requests old keys are looked for.
const SWEEP_AFTER: usize = 4_096;

/// One limit for many keys, in memory.
pub(super) struct Buckets<C: Clock = DefaultClock> {
    limiter: RateLimiter<u64, DashMapStateStore<u64>, C, StateInformationMiddleware>,
    clock: C,
    hasher: RandomState,
    asked: AtomicUsize,
    is_full: AtomicBool,
    limit: u32,
}

impl Buckets {
    /// So many a minute for each key, a minute's worth at once.
    pub(super) fn per_minute(limit: u32) -> Self {
        Self::by_clock(limit, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Buckets<C> {
    fn by_clock(limit: u32, clock: C) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(limit).unwrap_or(NonZeroU32::MIN));
        Self {
            limiter: RateLimiter::dashmap_with_clock(quota, clock.clone()).with_middleware(),
            clock,
            hasher: RandomState::new(),
            asked: AtomicUsize::new(0),
            is_full: AtomicBool::new(false),
            limit,
        }
    }

    /// Takes one for the key: where it stands then, or where it stood when there was none left.
    pub(super) fn take(&self, key: &impl Hash) -> Result<Standing, Standing> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % SWEEP_AFTER == SWEEP_AFTER - 1 {
            self.sweep();
        }
        let hash = self.hasher.hash_one(key);
        let key = if self.is_full.load(Ordering::Relaxed) { hash % SHARED } else { hash };
        let window = Duration::from_secs(60);
        match self.limiter.check_key(&key) {
            Ok(left) => {
                let remaining = left.remaining_burst_capacity();
                let used = self.limit.saturating_sub(remaining);
                let full_in = window.mul_f64(f64::from(used) / f64::from(self.limit));
                Ok(Standing { limit: self.limit, remaining, full_in, window, wait: None })
            }
            Err(until) => {
                let wait = Some(until.wait_time_from(self.clock.now()));
                Err(Standing { limit: self.limit, remaining: 0, full_in: window, window, wait })
            }
        }
    }

    fn sweep(&self) {
        if self.limiter.len() > MOST_KEYS {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        self.is_full.store(self.limiter.len() > MOST_KEYS, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    #[test]
    fn each_key_has_its_own_and_is_told_when_to_come_again() {
        let buckets = Buckets::per_minute(3);
        let left: Vec<u32> = (0..3).map(|_| buckets.take(&"a").unwrap().remaining).collect();
        assert_eq!(left, [2, 1, 0]);
        let refused = buckets.take(&"a").unwrap_err();
        assert!((1..=20).contains(&refused.retry_after()), "{refused:?}");
        assert!(buckets.take(&"b").is_ok());
    }

    #[test]
    fn a_million_made_up_keys_take_bounded_memory_and_open_nothing() {
        // All of them at one moment, however long this machine takes for them.
        let clock = FakeRelativeClock::default();
        let buckets = Buckets::by_clock(120, clock.clone());
        for _ in 0..1_000_000 {
            buckets.take(&rand::random::<u128>()).ok();
        }
        let keys = buckets.limiter.len();
        assert!(keys <= MOST_KEYS + SWEEP_AFTER + usize::try_from(SHARED).unwrap(), "{keys} keys");
        // A key and a state of 8 bytes each with a byte of control, in a table that is at worst half empty.
        assert!(keys * 2 * 17 * 2 <= 64 * 1024 * 1024, "{keys} keys");
        let allowed = (0..SHARED * 1_000).filter(|_| buckets.take(&rand::random::<u128>()).is_ok()).count();
        assert!(allowed < 125_000, "all share what is left: {allowed}");
        clock.advance(Duration::from_secs(60));
        for _ in 0..SWEEP_AFTER {
            buckets.take(&"known").ok();
        }
        assert!(!buckets.is_full.load(Ordering::Relaxed), "the flood is over");
        assert!(buckets.limiter.len() <= SWEEP_AFTER, "{} keys", buckets.limiter.len());
    }
}
