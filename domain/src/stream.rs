//! The name of an event stream.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::{AgentId, TaskId, TenantId, UserId};

/// The kind of aggregate a stream belongs to; its text is the `aggregate_type` of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AggregateType {
    /// An organisation.
    Tenant,
    /// A person in an organisation.
    User,
    /// An AI agent.
    Agent,
    /// A piece of work for an agent.
    Task,
}

impl AggregateType {
    /// Every kind, in the order of the founding document.
    pub const ALL: [Self; 4] = [Self::Tenant, Self::User, Self::Agent, Self::Task];

    /// The text stored in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::User => "user",
            Self::Agent => "agent",
            Self::Task => "task",
        }
    }

    /// The kind with that text, if there is one.
    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Names one stream. There is no way to name an aggregate without its tenant, so an id of another tenant names
/// an empty stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId {
    /// Whose stream it is.
    pub tenant: TenantId,
    /// What it tells the story of.
    pub aggregate: AggregateType,
    /// Which one.
    pub id: Uuid,
}

impl StreamId {
    /// The stream of a tenant itself.
    pub const fn tenant(tenant: TenantId) -> Self {
        Self { tenant, aggregate: AggregateType::Tenant, id: tenant.0 }
    }

    /// The stream of a user.
    pub const fn user(tenant: TenantId, user: UserId) -> Self {
        Self { tenant, aggregate: AggregateType::User, id: user.0 }
    }

    /// The stream of an agent.
    pub const fn agent(tenant: TenantId, agent: AgentId) -> Self {
        Self { tenant, aggregate: AggregateType::Agent, id: agent.0 }
    }

    /// The stream of a task.
    pub const fn task(tenant: TenantId, task: TaskId) -> Self {
        Self { tenant, aggregate: AggregateType::Task, id: task.0 }
    }
}
