use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{AgentId, TaskId, TenantId};
use uuid::Uuid;

use super::Unavailable;
use crate::commit::Lease;

/// Tasks that wait for a worker. The queue follows from the log; only the leases are its own. A lease goes with the
/// commit that ends its attempt, so it is given back by hand only where nothing was begun.
#[async_trait::async_trait]
pub trait RunQueue: Send + Sync {
    /// Takes at most `most` due tasks under leases of that length: fair over tenants by the weight of their plans, within
    /// a tenant the most urgent first, and never more at once than plan and agent allow.
    async fn claim(&self, worker: &str, lease: Duration, most: usize) -> Result<Vec<Claimed>, Unavailable>;

    /// Takes at most `most` tasks over that another worker had begun and whose lease ran out; the attempt is to be
    /// recorded as lost. What such a worker had not begun is free again.
    async fn rescue(&self, worker: &str, lease: Duration, most: usize) -> Result<Vec<Claimed>, Unavailable>;

    /// At most `most` tasks that have waited for a worker longer than they may, longest first.
    async fn overdue(&self, most: usize) -> Result<Vec<Overdue>, Unavailable>;

    /// Lengthens these leases; says of each, in the same order, whether the work may go on.
    async fn renew(&self, held: &[Claimed], lease: Duration) -> Result<Vec<Renewal>, Unavailable>;

    /// Gives leases back.
    async fn release(&self, held: &[Claimed]) -> Result<(), Unavailable>;

    /// Looks at every tenant anew with the next claim, whatever is known of it. A safety net: nobody tells the queue
    /// when its read model was rebuilt.
    async fn look_around(&self) -> Result<(), Unavailable>;
}

/// Whether the work under a lease may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It may.
    Held,
    /// The lease is no longer held: the task was cancelled, or another worker has it.
    Lost,
    /// The tenant is suspended, or stopped all work: everything of it stops.
    Suspended,
}

/// A task that has waited too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overdue {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub task: TaskId,
    /// Since when it might have been taken.
    pub since: DateTime<Utc>,
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

impl Claimed {
    /// What everything is committed under that the worker records of the task.
    pub const fn lease(&self) -> Lease {
        Lease { task: self.task, token: self.lease }
    }
}
