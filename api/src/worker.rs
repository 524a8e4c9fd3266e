//! The worker of a process: loops that claim tasks for its free slots, keep their leases alive and look after those of
//! lost workers, until the service stops.

mod held;
mod rescue;

use std::sync::Arc;
use std::time::Duration;

use application::App;
use infrastructure::postgres::Wake;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use held::Held;

/// How long to wait where nobody says that there is something to do: scheduled tasks come due by themselves, and so do
/// tasks that a limit kept back.
const POLL: Duration = Duration::from_millis(500);

/// How long one claim is made do: what ends or comes due meanwhile is claimed for together. A claim costs the database as
/// much as an attempt's commit, however few tasks it takes.
const PACE: Duration = Duration::from_millis(5);

/// The same while fewer than an eighth of the slots are free: the other slots are at work meanwhile.
const PACE_FOR_FEW: Duration = Duration::from_millis(20);

/// How long attempts may take to record that they are handed back.
const HAND_BACK: Duration = Duration::from_secs(5);

/// How a worker works.
#[derive(Clone, Copy, Debug)]
pub struct WorkerOptions {
    /// How many tasks it runs at once.
    pub slots: u16,
    /// How long it holds a task without a sign of life.
    pub lease: Duration,
    /// How long what it has begun may take to come to its end, once it is to end.
    pub grace: Duration,
}

/// Runs tasks, each in a slot of its own.
pub struct Worker {
    app: App,
    wake: Wake,
    name: Arc<str>,
    options: WorkerOptions,
    held: Arc<Held>,
}

impl Worker {
    /// A worker on these ports.
    pub fn new(app: App, wake: Wake, options: WorkerOptions) -> Self {
        Self { app, wake, name: name().into(), options, held: Arc::new(Held::new(options.lease)) }
    }

    /// Runs tasks until `shutdown` says so, then finishes what was begun or hands it back.
    pub async fn run(self, mut shutdown: watch::Receiver<bool>) {
        let mut beside = JoinSet::new();
        beside.spawn(held::beat(self.app.clone(), self.wake.clone(), self.held.clone()));
        beside.spawn(rescue::look_after(self.app.clone(), self.name.clone(), self.held.clone()));
        let mut running = JoinSet::new();
        let mut claimed_at = None;
        while !*shutdown.borrow() {
            if let Some(last) = claimed_at {
                tokio::time::sleep_until(last + PACE).await;
                self.reap(&mut running, last + PACE_FOR_FEW).await;
            }
            claimed_at = Some(Instant::now());
            self.fill(&mut running).await;
            let is_free = running.len() < self.slots();
            tokio::select! {
                Some(_) = running.join_next() => {}
                () = self.wake.work(), if is_free => {}
                () = tokio::time::sleep(POLL), if is_free => {}
                _ = shutdown.wait_for(|stopping| *stopping) => {}
            }
        }
        self.finish(running).await;
    }

    fn slots(&self) -> usize {
        self.options.slots.into()
    }

    /// Waits until enough slots are free to be claimed for, at most until then.
    async fn reap(&self, running: &mut JoinSet<()>, until: Instant) {
        let enough = (self.slots() / 8).max(1);
        while running.try_join_next().is_some() {}
        while self.slots().saturating_sub(running.len()) < enough {
            tokio::select! {
                Some(_) = running.join_next() => {}
                () = tokio::time::sleep_until(until) => return,
            }
        }
    }

    /// Claims for the free slots.
    async fn fill(&self, running: &mut JoinSet<()>) {
        let free = self.slots().saturating_sub(running.len());
        if free == 0 {
            return;
        }
        let asked = Instant::now();
        match self.app.claim(&self.name, self.options.lease, free).await {
            Ok(claimed) => {
                for claimed in claimed {
                    running.spawn(held::run(
                        self.app.clone(),
                        self.name.clone(),
                        self.held.clone(),
                        claimed,
                        asked,
                    ));
                }
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "no tasks could be claimed");
            }
        }
    }

    async fn finish(&self, mut running: JoinSet<()>) {
        let begun = running.len();
        let ended = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(self.options.grace, ended).await.is_err() {
            tracing::info!(tasks = running.len(), "handing back tasks that did not end in time");
            self.held.hand_back();
            let ended = async { while running.join_next().await.is_some() {} };
            tokio::time::timeout(HAND_BACK, ended).await.ok();
        }
        tracing::info!(begun, left = running.len(), worker = &*self.name, "the worker has ended");
    }
}

/// Names this worker in the log: no two are ever the same.
fn name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let host = host.as_deref().map(str::trim).filter(|host| !host.is_empty()).unwrap_or("host");
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("worker-{host}-{}-{}", std::process::id(), &random[..8])
}
