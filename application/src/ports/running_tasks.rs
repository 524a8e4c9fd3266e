use domain::{AgentId, TaskId, TenantId};

use super::Unavailable;

/// Which tasks workers are at: for orders that end the attempts of many tasks at once.
#[async_trait::async_trait]
pub trait RunningTasks: Send + Sync {
    /// Those of a tenant, or of one of its agents, as of the last commit before the call.
    async fn list_running(
        &self,
        tenant: TenantId,
        agent: Option<AgentId>,
    ) -> Result<Vec<TaskId>, Unavailable>;
}
