use domain::agent::{Agent, AgentCommand};
use domain::tenant::{Tenant, TenantCommand};
use domain::{AgentId, MicroUsd, Permission, StreamId};

use crate::App;
use crate::caller::Caller;
use crate::error::AppError;
use crate::execute::{Done, alone};

impl App {
    /// Sets what all agents of the organisation together may spend in a calendar month, UTC; `None` is as much as it
    /// takes. Calls under way may still cost what was set aside for them.
    pub async fn set_tenant_budget(
        &self,
        caller: &Caller,
        limit: Option<MicroUsd>,
    ) -> Result<Done, AppError> {
        caller.require(Permission::ManageBudgets)?;
        let command = TenantCommand::SetBudget { limit };
        self.execute::<Tenant>(caller, StreamId::tenant(caller.tenant), command, alone).await
    }

    /// The same for one agent.
    pub async fn set_agent_budget(
        &self,
        caller: &Caller,
        agent: AgentId,
        limit: Option<MicroUsd>,
    ) -> Result<Done, AppError> {
        caller.require(Permission::ManageBudgets)?;
        let command = AgentCommand::SetBudget { limit };
        self.execute::<Agent>(caller, StreamId::agent(caller.tenant, agent), command, alone).await
    }
}
