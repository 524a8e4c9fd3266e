use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::header::{HeaderName, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue};

/// Where someone stands towards a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The most at once.
    pub(super) limit: u32,
    /// How many are left now.
    pub(super) remaining: u32,
    /// How long until all are there again.
    pub(super) full_in: Duration,
    /// How long until all are there again once none is left.
    pub(super) window: Duration,
    /// How long until one is there again, where none was left.
    pub(super) wait: Option<Duration>,
}

/// The tightest standing of a request; handlers and middleware share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tightest(Arc<Mutex<Option<Standing>>>);

impl Standing {
    /// Whole seconds until it may be tried again, at least one.
    pub(crate) fn retry_after(&self) -> u64 {
        seconds(self.wait.unwrap_or_default()).max(1)
    }

    /// Tells the client, in the fields of draft-ietf-httpapi-ratelimit-headers-06.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let mut tell = |name, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        };
        tell(HeaderName::from_static("ratelimit-limit"), self.limit.to_string());
        tell(HeaderName::from_static("ratelimit-remaining"), self.remaining.to_string());
        tell(HeaderName::from_static("ratelimit-reset"), seconds(self.full_in).to_string());
        let policy = format!("{};w={}", self.limit, seconds(self.window));
        tell(HeaderName::from_static("ratelimit-policy"), policy);
        if self.wait.is_some() {
            tell(RETRY_AFTER, self.retry_after().to_string());
        }
    }

    fn is_tighter_than(&self, other: &Self) -> bool {
        u64::from(self.remaining) * u64::from(other.limit)
            < u64::from(other.remaining) * u64::from(self.limit)
    }
}

impl Tightest {
    pub(super) fn note(&self, standing: Standing) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_none_or(|held| standing.is_tighter_than(&held)) {
            *held = Some(standing);
        }
    }

    pub(crate) fn get(&self) -> Option<Standing> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
