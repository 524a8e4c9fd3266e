use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Time, so that tests can hold it still.
#[async_trait::async_trait]
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> DateTime<Utc>;
    /// Now, by a clock that nobody sets: for how long something is or takes.
    fn instant(&self) -> Instant;
    /// Returns after that long.
    async fn sleep(&self, duration: Duration);
}

/// New identifiers, so that tests can count them.
pub trait Ids: Send + Sync {
    /// A fresh UUIDv7.
    fn fresh(&self) -> Uuid;
}
