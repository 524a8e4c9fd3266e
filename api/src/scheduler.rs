//! The loop that makes the tasks of schedules, in every process that runs tasks.

use std::time::Duration;

use application::App;
use tokio::sync::watch;

/// How often is looked for what is due; a due time comes to its task within so long, when nothing else is in the way.
const TICK: Duration = Duration::from_secs(1);

/// Makes tasks until `shutdown` says so. A tick that was cut off is made up for by whoever looks next.
pub(crate) async fn run(app: App, mut shutdown: watch::Receiver<bool>) {
    while !*shutdown.borrow() {
        match app.run_schedules().await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "schedules could not be followed");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            _ = shutdown.wait_for(|stopping| *stopping) => {}
        }
    }
}
