use std::time::Duration;

use domain::{AgentId, TaskId, TenantId};
use uuid::Uuid;

use super::Unavailable;

/// Tasks that wait for a worker. The queue follows from the log; only the leases are its own.
#[async_trait::async_trait]
pub trait RunQueue: Send + Sync {
    /// Takes the most urgent due task whose agent takes tasks, under a lease of that length; also one whose
    /// worker let its lease run out. `None` if there is nothing to do.
    async fn claim(&self, worker: &str, lease: Duration) -> Result<Option<Claimed>, Unavailable>;

    /// Lengthens the lease; false if it is no longer held or the task no longer waits or runs.
    async fn renew(&self, claimed: &Claimed, lease: Duration) -> Result<bool, Unavailable>;

    /// Gives the lease back.
    async fn release(&self, claimed: &Claimed) -> Result<(), Unavailable>;
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
