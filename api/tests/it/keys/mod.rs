//! Keys of programs, keys of providers, and the keys under which both are kept.

mod agents;
mod hygiene;
mod life;
mod providers;
mod rotation;
mod scopes;

use std::time::{Duration, Instant};

use crate::support::{Session, TestApp};

/// Waits until a path answers so; five seconds are promised, and looking takes time as well.
async fn until_status(app: &TestApp, by: &Session, path: &str, status: u16) {
    let deadline = Instant::now() + Duration::from_secs(8);
    loop {
        let answer = app.get(by, path).await;
        if answer.status.as_u16() == status {
            return;
        }
        assert!(Instant::now() < deadline, "{path}: still {} {}", answer.status, answer.body);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
