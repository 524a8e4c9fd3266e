//! The worker's loop: one step after the other until the service stops.

use std::time::Duration;

use application::{App, Step};
use infrastructure::postgres::Wake;
use tokio::sync::watch;

/// How long to wait where nobody says that there is something to do: scheduled tasks and lost leases come due by
/// themselves.
const POLL: Duration = Duration::from_millis(500);

/// Runs tasks until `shutdown` says so; what was begun is finished first.
pub(crate) async fn run(app: App, wake: Wake, name: String, mut shutdown: watch::Receiver<bool>) {
    while !*shutdown.borrow() {
        match app.run_next(&name).await {
            Ok(Step::Ran) => {}
            Ok(Step::Idle) => wait(&wake, &mut shutdown).await,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    worker = name,
                    "a step of a worker failed"
                );
                wait(&wake, &mut shutdown).await;
            }
        }
    }
}

async fn wait(wake: &Wake, shutdown: &mut watch::Receiver<bool>) {
    tokio::select! {
        () = wake.work() => {}
        () = tokio::time::sleep(POLL) => {}
        _ = shutdown.wait_for(|stopping| *stopping) => {}
    }
}
