//! The loop that sends what waits in the outbox.

use std::sync::Arc;
use std::time::Duration;

use application::App;
use tokio::sync::{Notify, watch};

/// How often the outbox is looked at when nobody says that there is something in it: retries come due by time.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Sends until it is told to stop; the mail under way is finished first.
pub(crate) async fn run(app: App, news: Arc<Notify>, mut stop: watch::Receiver<bool>) {
    loop {
        if *stop.borrow_and_update() {
            return;
        }
        // The port has logged why the outbox cannot be reached.
        if matches!(app.send_next_mail().await, Ok(true)) {
            continue;
        }
        tokio::select! {
            () = news.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}
