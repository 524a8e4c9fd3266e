//! `agentcores worker`: a process that runs tasks and nothing else.

use std::net::SocketAddr;
use std::time::Instant;

use sqlx::postgres::PgConnectOptions;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{Failure, StopSignals, beside_service};
use crate::Patience;
use crate::settings::Settings;
use crate::wire::Service;

/// Runs tasks until it is to end; then what was begun comes to its end or is handed back.
pub(super) async fn work(settings: &Settings, health: Option<SocketAddr>) -> Result<(), Failure> {
    if settings.workers == 0 {
        return Err("a worker that runs no tasks has nothing to do: set AGENTCORES_WORKERS".into());
    }
    let signals = StopSignals::listen()?;
    // The port first: if another process has it, nothing else is touched.
    let listener = match health {
        Some(address) => Some(
            TcpListener::bind(address)
                .await
                .map_err(|error| format!("cannot listen on {address}: {error}"))?,
        ),
        None => None,
    };
    beside_service(settings, async |owner| run(settings, listener, signals, owner).await).await
}

async fn run(
    settings: &Settings,
    listener: Option<TcpListener>,
    mut signals: StopSignals,
    owner: PgConnectOptions,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let service = Service::start_to_work(settings, owner).await?;
    let mut workers = service.work(settings.workers);
    let mut showing = JoinSet::new();
    if let Some(listener) = listener {
        let address = listener.local_addr()?;
        let router = crate::health_router(service.state.clone());
        showing.spawn(crate::serve(listener, router, Patience::default(), std::future::pending()));
        tracing::info!(took_ms = begun.elapsed().as_millis(), "running tasks; health on http://{address}");
    } else {
        tracing::info!(took_ms = begun.elapsed().as_millis(), "running tasks");
    }
    signals.received().await;
    tracing::info!("stopping: what was begun is finished first");
    service.begin_stop();
    // A worker keeps to the grace period by itself.
    while workers.join_next().await.is_some() {}
    showing.abort_all();
    service.stop().await;
    tracing::info!("stopped");
    Ok(())
}
