//! The leases of a worker and its heartbeat.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use application::ports::{Claimed, Renewal};
use application::{App, Stop, StopCause};
use futures::channel::oneshot;
use infrastructure::postgres::Wake;
use tokio::time::Instant;
use uuid::Uuid;

/// How long a heartbeat waits for its answer, at most.
const ANSWER: Duration = Duration::from_secs(2);

/// How soon the next heartbeat may follow one that a stop asked for.
const PACE: Duration = Duration::from_millis(50);

/// The leases that a worker holds.
pub(super) struct Held {
    lease: Duration,
    running: Mutex<HashMap<Uuid, Lease>>,
}

struct Lease {
    claimed: Claimed,
    /// When it runs out, by this machine's clock and rather too early.
    until: Instant,
    stop: Option<oneshot::Sender<StopCause>>,
}

/// A lease under which an attempt runs; forgotten with it.
struct Hold {
    held: Arc<Held>,
    lease: Uuid,
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.held.leases().remove(&self.lease);
    }
}

/// Runs what was claimed, by a claim asked for at `asked`, to its recorded end.
pub(super) async fn run(app: App, worker: Arc<str>, held: Arc<Held>, claimed: Claimed, asked: Instant) {
    let (_hold, stop) = held.take(claimed, asked);
    if let Err(error) = app.run_claimed(&worker, claimed, stop).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            task.id = %claimed.task,
            "an attempt's end could not be recorded; its lease runs out by itself"
        );
    }
}

impl Held {
    /// None yet; each is taken for so long.
    pub(super) fn new(lease: Duration) -> Self {
        Self { lease, running: Mutex::default() }
    }

    /// How long a lease is.
    pub(super) const fn lease(&self) -> Duration {
        self.lease
    }

    fn leases(&self) -> MutexGuard<'_, HashMap<Uuid, Lease>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a lease on that was asked for at `asked`.
    fn take(self: &Arc<Self>, claimed: Claimed, asked: Instant) -> (Hold, Stop) {
        let (stop, stopped) = oneshot::channel();
        let lease = Lease { claimed, until: asked + self.lease, stop: Some(stop) };
        self.leases().insert(claimed.lease, lease);
        (Hold { held: self.clone(), lease: claimed.lease }, stopped)
    }

    /// Tells every attempt that the worker ends.
    pub(super) fn hand_back(&self) {
        self.leases().values_mut().for_each(|lease| lease.stop(StopCause::Shutdown));
    }

    fn all(&self) -> Vec<Claimed> {
        self.leases().values().map(|lease| lease.claimed).collect()
    }

    fn answered(&self, claimed: &Claimed, renewal: Renewal, asked: Instant) {
        let mut leases = self.leases();
        let Some(lease) = leases.get_mut(&claimed.lease) else {
            return;
        };
        match renewal {
            Renewal::Held => lease.until = asked + self.lease,
            Renewal::Lost => lease.stop(StopCause::LeaseLost),
            Renewal::Suspended => lease.stop(StopCause::Suspended),
        }
    }

    /// Stops attempts whose lease ran out without an answer: the database was away, or this process was frozen.
    fn stop_overdue(&self) {
        let now = Instant::now();
        let mut leases = self.leases();
        let overdue = leases.values_mut().filter(|lease| lease.until <= now);
        overdue.for_each(|lease| lease.stop(StopCause::LeaseLost));
    }
}

impl Lease {
    fn stop(&mut self, cause: StopCause) {
        if let Some(stop) = self.stop.take() {
            // An attempt that has just ended does not listen any more.
            stop.send(cause).ok();
        }
    }
}

/// Keeps the leases alive with one statement for all of them, three times within each, and at once where somebody
/// stopped something; stops attempts that may not go on. Ends never.
pub(super) async fn beat(app: App, wake: Wake, held: Arc<Held>) {
    let (interval, tick) = (held.lease / 3, held.lease / 15);
    let mut last = Instant::now();
    loop {
        let is_told = tokio::select! {
            () = wake.stops() => true,
            () = tokio::time::sleep(tick) => false,
        };
        held.stop_overdue();
        if !is_told && last.elapsed() < interval {
            continue;
        }
        let asked = Instant::now();
        let leases = held.all();
        if leases.is_empty() {
            continue;
        }
        let answer = app.heartbeat(&leases, held.lease);
        let Ok(Ok(renewals)) = tokio::time::timeout(ANSWER.min(interval), answer).await else {
            // While the queue cannot be asked the work goes on, as long as its lease does.
            tracing::warn!(leases = leases.len(), "a heartbeat was not answered");
            continue;
        };
        last = asked;
        for (claimed, renewal) in leases.iter().zip(renewals) {
            held.answered(claimed, renewal, asked);
        }
        tokio::time::sleep(PACE).await;
    }
}
