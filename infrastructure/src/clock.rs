//! The real clock and real identifiers; the only place that reads either.

use std::time::{Duration, Instant};

use application::ports::{Clock, Ids};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

#[async_trait::async_trait]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn instant(&self) -> Instant {
        Instant::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// UUIDv7: ordered by time, so that new rows go to the end of their indexes.
#[derive(Clone, Copy, Debug)]
pub struct TimeOrderedIds;

impl Ids for TimeOrderedIds {
    fn fresh(&self) -> Uuid {
        Uuid::now_v7()
    }
}
