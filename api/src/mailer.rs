//! The loops that send what waits in the outbox, and put in what is due by time.

use std::sync::Arc;
use std::time::Duration;

use application::App;
use tokio::sync::{Notify, watch};

/// How often the outbox is looked at when nobody says that there is something in it: retries come due by time.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often is looked for API keys that end soon. Every service looks; a mail is put in once all the same.
const REMIND_EVERY: Duration = Duration::from_secs(3_600);

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

/// Reminds of API keys that end soon, until it is cut off.
pub(crate) async fn remind(app: App, news: Arc<Notify>) {
    loop {
        // The port has logged why it cannot; the next hour makes up for it.
        if matches!(app.remind_of_api_keys().await, Ok(true)) {
            news.notify_one();
        }
        tokio::time::sleep(REMIND_EVERY).await;
    }
}
