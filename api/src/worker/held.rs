//! The leases of a worker and its heartbeat.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use application::ports::{Claimed, Renewal};
use application::{App, HEARTBEAT, LEASE, Stop, StopCause};
use futures::channel::oneshot;
use tokio::time::Instant;
use uuid::Uuid;

/// How often leases are looked at.
const TICK: Duration = Duration::from_secs(1);

/// How long a heartbeat waits for its answer.
const ANSWER: Duration = Duration::from_secs(2);

/// The leases that a worker holds, and those whose attempts have ended.
#[derive(Default)]
pub(super) struct Held(Mutex<Leases>);

#[derive(Default)]
struct Leases {
    running: HashMap<Uuid, Lease>,
    ended: Vec<Claimed>,
}

struct Lease {
    claimed: Claimed,
    /// When it runs out, by this machine's clock and rather too early.
    until: Instant,
    stop: Option<oneshot::Sender<StopCause>>,
}

/// A lease under which an attempt runs; forgotten with it.
pub(super) struct Hold {
    held: Arc<Held>,
    claimed: Claimed,
    has_ended: bool,
}

impl Hold {
    /// The attempt's end is recorded: the lease can be given back.
    pub(super) fn ended(mut self) {
        self.has_ended = true;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut leases = self.held.leases();
        leases.running.remove(&self.claimed.lease);
        // Without a recorded end the lease is left to run out, so that the same failure is not met again at once.
        if self.has_ended {
            leases.ended.push(self.claimed);
        }
    }
}

impl Held {
    fn leases(&self) -> MutexGuard<'_, Leases> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a lease on that was asked for at `asked`.
    pub(super) fn take(self: &Arc<Self>, claimed: Claimed, asked: Instant) -> (Hold, Stop) {
        let (stop, stopped) = oneshot::channel();
        let lease = Lease { claimed, until: asked + LEASE, stop: Some(stop) };
        self.leases().running.insert(claimed.lease, lease);
        (Hold { held: self.clone(), claimed, has_ended: false }, stopped)
    }

    /// The leases of attempts that have ended since the last call.
    pub(super) fn take_ended(&self) -> Vec<Claimed> {
        std::mem::take(&mut self.leases().ended)
    }

    /// Tells every attempt that the worker ends.
    pub(super) fn hand_back(&self) {
        self.leases().running.values_mut().for_each(|lease| lease.stop(StopCause::Shutdown));
    }

    fn all(&self) -> Vec<Claimed> {
        self.leases().running.values().map(|lease| lease.claimed).collect()
    }

    fn answered(&self, claimed: &Claimed, renewal: Renewal, asked: Instant) {
        let mut leases = self.leases();
        let Some(lease) = leases.running.get_mut(&claimed.lease) else {
            return;
        };
        match renewal {
            Renewal::Held => lease.until = asked + LEASE,
            Renewal::Lost => lease.stop(StopCause::LeaseLost),
            Renewal::Suspended => lease.stop(StopCause::Suspended),
        }
    }

    /// Stops attempts whose lease ran out without an answer: the database was away, or this process was frozen.
    fn stop_overdue(&self) {
        let now = Instant::now();
        let mut leases = self.leases();
        let overdue = leases.running.values_mut().filter(|lease| lease.until <= now);
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

/// Keeps the leases alive with one statement for all of them, and stops attempts that may not go on. Ends never.
pub(super) async fn beat(app: App, held: Arc<Held>) {
    let mut last = Instant::now();
    loop {
        tokio::time::sleep(TICK).await;
        held.stop_overdue();
        if last.elapsed() < HEARTBEAT {
            continue;
        }
        let asked = Instant::now();
        let leases = held.all();
        if leases.is_empty() {
            continue;
        }
        let Ok(Ok(renewals)) = tokio::time::timeout(ANSWER, app.heartbeat(&leases)).await else {
            // While the queue cannot be asked the work goes on, as long as its lease does.
            tracing::warn!(leases = leases.len(), "a heartbeat was not answered");
            continue;
        };
        last = asked;
        for (claimed, renewal) in leases.iter().zip(renewals) {
            held.answered(claimed, renewal, asked);
        }
    }
}
