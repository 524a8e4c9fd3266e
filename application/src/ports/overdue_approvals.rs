use chrono::{DateTime, Utc};
use domain::{TaskId, TenantId};

use super::Unavailable;

/// The tasks that wait for a person for too long, of all tenants.
#[async_trait::async_trait]
pub trait OverdueApprovals: Send + Sync {
    /// At most `most` of those whose question it is too late to answer at that time.
    async fn list_overdue(
        &self,
        at: DateTime<Utc>,
        most: usize,
    ) -> Result<Vec<(TenantId, TaskId)>, Unavailable>;
}
