//! Tasks whose workers are gone, those that no worker takes in time, and those whose questions nobody answers.

use std::sync::Arc;
use std::time::Duration;

use application::App;
use futures::future::join_all;
use tokio::time::Instant;

use super::held::{self, Held};

/// How often dead leases are looked for.
const EVERY: Duration = Duration::from_secs(1);

/// How many looks there are to one at every tenant.
const LOOKS: u32 = 30;

/// How many looks there are to one at the questions that nobody answered.
const QUESTIONS: u32 = 5;

/// The most tasks taken over at once.
const MOST: usize = 32;

/// Takes over what other workers had begun and records it as lost, so that it is tried again, and fails what has waited
/// too long; needs no slot. Ends never.
pub(super) async fn look_after(app: App, worker: Arc<str>, held: Arc<Held>) {
    for look in 0_u32.. {
        if look.is_multiple_of(LOOKS) {
            // Whoever cannot look around now does so with the next round.
            app.queue.look_around().await.ok();
        }
        if look.is_multiple_of(QUESTIONS) {
            // Whoever is left waits for the next look.
            app.expire_approvals(&worker, MOST).await.ok();
        }
        let asked = Instant::now();
        match app.rescue(&worker, held.lease(), MOST).await {
            Ok(lost) => {
                if !lost.is_empty() {
                    tracing::warn!(tasks = lost.len(), "taking over tasks whose workers are gone");
                }
                let given_up = lost
                    .into_iter()
                    .map(|lost| held::run(app.clone(), worker.clone(), held.clone(), lost, asked));
                join_all(given_up).await;
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "no tasks could be taken over");
            }
        }
        if let Err(error) = app.expire_queued(&worker, MOST).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "no tasks could be expired");
        }
        tokio::time::sleep(EVERY).await;
    }
}
