//! Keeps the server up for as long as the service runs.

use super::{lock::DataLock, server::Server};
use std::{error::Error, time::Duration};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep},
};

const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// A server that ran this long did not die of its start, so the next one need not wait.
const STEADY: Duration = Duration::from_secs(60);

/// Starts the server again whenever it dies, until `stop` is sent or dropped; then hands everything back.
/// The lock travels along, so that no other process starts a server while this one still might.
pub(super) async fn supervise(
    mut server: Server,
    lock: DataLock,
    stop: oneshot::Receiver<()>,
) -> (Server, DataLock) {
    tokio::select! {
        // Both a message and a dropped handle mean the same: stop watching.
        _ = stop => {}
        () = keep_up(&mut server) => {}
    }
    (server, lock)
}

async fn keep_up(server: &mut Server) {
    let mut pause = Duration::ZERO;
    loop {
        let up_since = Instant::now();
        server.ended().await;
        tracing::warn!("PostgreSQL ended unexpectedly, starting it again");
        if up_since.elapsed() > STEADY {
            pause = Duration::ZERO;
        }
        loop {
            sleep(pause).await;
            pause = (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
            match server.bring_up().await {
                Ok(()) => break,
                Err(error) => tracing::error!(
                    error = &error as &dyn Error,
                    next_try_ms = pause.as_millis(),
                    "PostgreSQL does not come back"
                ),
            }
        }
        tracing::info!("PostgreSQL is back");
    }
}
