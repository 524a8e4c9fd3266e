//! How long to wait before the next attempt.

use std::time::Duration;

use chrono::TimeDelta;
use uuid::Uuid;

/// Full jitter: anything up to 1, 2, 4 … 60 seconds after the first, second, third … attempt, on top of what
/// the provider asked for. `random` is a fresh UUID, whose low bits are random.
pub(super) fn wait(nth_attempt: u32, at_least: Duration, random: Uuid) -> TimeDelta {
    let most_ms = 1_000_u64.saturating_mul(1 << nth_attempt.saturating_sub(1).min(6)).min(60_000);
    let share = u64::from(u32::try_from(random.as_u128() & 0xffff).unwrap_or_default());
    let jitter = Duration::from_millis(most_ms * share / 0xffff);
    TimeDelta::from_std(at_least + jitter).unwrap_or(TimeDelta::seconds(60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_minute_and_never_undercuts_what_the_provider_asked_for() {
        let longest = Uuid::from_u128(0xffff);
        let seconds = |nth| wait(nth, Duration::ZERO, longest).num_milliseconds();
        assert_eq!([1, 2, 3, 6, 7, 99].map(seconds), [1_000, 2_000, 4_000, 32_000, 60_000, 60_000]);
        assert_eq!(wait(1, Duration::from_secs(9), Uuid::nil()), TimeDelta::seconds(9));
    }
}
