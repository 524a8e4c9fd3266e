//! The worker of a process: one loop that claims tasks for its free slots until the service stops.

mod held;

use std::sync::Arc;
use std::time::Duration;

use application::App;
use infrastructure::postgres::Wake;
use tokio::sync::watch;
use tokio::task::JoinSet;

use held::Held;

/// How long to wait where nobody says that there is something to do: scheduled tasks and lost leases come due by
/// themselves, and so do tasks that a limit kept back.
const POLL: Duration = Duration::from_millis(500);

/// How long attempts may take to record that they are handed back.
const HAND_BACK: Duration = Duration::from_secs(5);

/// Runs tasks, each in a slot of its own.
pub struct Worker {
    app: App,
    wake: Wake,
    name: Arc<str>,
    slots: usize,
    grace: Duration,
    held: Arc<Held>,
}

impl Worker {
    /// A worker that runs so many tasks at once. Once it is to end, what it has begun has `grace` to come to its end.
    pub fn new(app: App, wake: Wake, slots: u16, grace: Duration) -> Self {
        Self { app, wake, name: name().into(), slots: slots.into(), grace, held: Arc::default() }
    }

    /// Runs tasks until `shutdown` says so, then finishes what was begun or hands it back.
    pub async fn run(self, mut shutdown: watch::Receiver<bool>) {
        let mut beating = JoinSet::new();
        beating.spawn(held::beat(self.app.clone(), self.held.clone()));
        let mut running = JoinSet::new();
        while !*shutdown.borrow() {
            self.fill(&mut running).await;
            let is_free = running.len() < self.slots;
            // What is due meanwhile is claimed once the leases of all that has ended are given back.
            tokio::select! {
                Some(_) = running.join_next() => {}
                () = self.wake.work(), if is_free => {}
                () = tokio::time::sleep(POLL), if is_free => {}
                _ = shutdown.wait_for(|stopping| *stopping) => {}
            }
            self.let_go(&mut running).await;
        }
        self.finish(running).await;
    }

    /// Claims until every slot is taken or nothing more is due.
    async fn fill(&self, running: &mut JoinSet<()>) {
        while let free @ 1.. = self.slots.saturating_sub(running.len()) {
            let asked = tokio::time::Instant::now();
            match self.app.claim(&self.name, free).await {
                Ok(claimed) if claimed.is_empty() => return,
                Ok(claimed) => {
                    for claimed in claimed {
                        let (app, name) = (self.app.clone(), self.name.clone());
                        let (hold, stop) = self.held.take(claimed, asked);
                        running.spawn(async move {
                            match app.run_claimed(&name, claimed, stop).await {
                                Ok(()) => hold.ended(),
                                Err(error) => tracing::warn!(
                                    error = &error as &dyn std::error::Error,
                                    task.id = %claimed.task,
                                    "an attempt's end could not be recorded; its lease runs out by itself"
                                ),
                            }
                        });
                    }
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "no tasks could be claimed");
                    return;
                }
            }
        }
    }

    /// Gives back the leases of all that has ended, before anything is claimed in its place.
    async fn let_go(&self, running: &mut JoinSet<()>) {
        while running.try_join_next().is_some() {}
        let ended = self.held.take_ended();
        // What cannot be given back runs out by itself.
        if !ended.is_empty() {
            self.app.release(&ended).await.ok();
        }
    }

    async fn finish(&self, mut running: JoinSet<()>) {
        let begun = running.len();
        let ended = async {
            while running.join_next().await.is_some() {
                self.let_go(&mut running).await;
            }
        };
        if tokio::time::timeout(self.grace, ended).await.is_err() {
            tracing::info!(tasks = running.len(), "handing back tasks that did not end in time");
            self.held.hand_back();
            let ended = async { while running.join_next().await.is_some() {} };
            tokio::time::timeout(HAND_BACK, ended).await.ok();
        }
        self.let_go(&mut running).await;
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
