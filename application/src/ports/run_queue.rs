use std::time::Duration;

use domain::{AgentId, TaskId, TenantId};
use uuid::Uuid;

use super::Unavailable;

/// Tasks that wait for a worker. The queue follows from the log; only the leases are its own.
#[async_trait::async_trait]
pub trait RunQueue: Send + Sync {
    /// Takes at most `most` due tasks whose agents take tasks, most urgent first, under leases of that length; among
    /// them those whose worker let its lease run out. Fewer may come although more are due.
    async fn claim(&self, worker: &str, lease: Duration, most: usize) -> Result<Vec<Claimed>, Unavailable>;

    /// Lengthens these leases; says of each, in the same order, whether the work may go on.
    async fn renew(&self, held: &[Claimed], lease: Duration) -> Result<Vec<Renewal>, Unavailable>;

    /// Gives leases back.
    async fn release(&self, held: &[Claimed]) -> Result<(), Unavailable>;
}

/// Whether the work under a lease may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It may.
    Held,
    /// The lease is no longer held, or the task no longer waits or runs.
    Lost,
    /// The tenant is suspended: everything of it stops.
    Suspended,
}

/// A task under a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub task: TaskId,
    /// For which agent.
    pub agent: AgentId,
    /// Random; who holds it holds the lease.
    pub lease: Uuid,
}
