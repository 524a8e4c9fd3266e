//! Tasks: the table `tasks`.

mod model;
#[cfg(test)]
mod tests;

use application::{AppError, Caller};
use chrono::{DateTime, Utc};
use domain::task::TaskKind;
use domain::{AgentId, ContentHash, ConversationId, Permission, ScheduleId, TaskId, TenantId, Usage, UserId};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use sqlx::{Postgres, QueryBuilder};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::columns::{names, text_enum};
use crate::fold::Model;
use crate::page::{Filter, Order, Page, PageRequest, Sort, SortOf, check_text, containing, list};
use crate::schema::TaskKindSchema;
use crate::views::Views;

pub(crate) use model::Tasks;

text_enum! {
    /// Where a task stands, as shown.
    pub enum TaskStatus {
        /// Described, or waiting for a worker: then `queued_at` says since when.
        Pending = "pending",
        /// A worker is at it.
        Running = "running",
        /// A person must approve a call: `approval` says which.
        WaitingApproval = "waiting_approval",
        /// Came to a result.
        Completed = "completed",
        /// Every attempt failed.
        Failed = "failed",
        /// Was stopped.
        Cancelled = "cancelled",
    }
}

text_enum! {
    /// Where a task stands, as stored.
    pub(crate) enum Stage {
        /// Described.
        Pending = "pending",
        /// Waits for a worker.
        Queued = "queued",
        /// A worker is at it.
        Running = "running",
        /// A person must approve a call.
        WaitingApproval = "waiting_approval",
        /// Came to a result.
        Completed = "completed",
        /// Every attempt failed.
        Failed = "failed",
        /// Was stopped.
        Cancelled = "cancelled",
    }
}

impl Stage {
    pub(crate) const fn status(self) -> TaskStatus {
        match self {
            Self::Pending | Self::Queued => TaskStatus::Pending,
            Self::Running => TaskStatus::Running,
            Self::WaitingApproval => TaskStatus::WaitingApproval,
            Self::Completed => TaskStatus::Completed,
            Self::Failed => TaskStatus::Failed,
            Self::Cancelled => TaskStatus::Cancelled,
        }
    }
}

/// A piece of work for an agent.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Task)]
pub struct TaskRow {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: TaskId,
    /// The organisation it belongs to.
    #[schema(value_type = Uuid)]
    pub tenant_id: TenantId,
    /// Who is to do it.
    #[schema(value_type = Uuid)]
    pub agent_id: AgentId,
    /// What it is called.
    pub name: String,
    /// Its shape.
    #[schema(value_type = TaskKindSchema)]
    pub task_type: TaskKind,
    /// What to work on, exactly as it was sent.
    #[schema(value_type = Object)]
    pub input_data: Box<RawValue>,
    /// How urgent it is: 1 to 5, 5 most.
    pub priority: i32,
    /// Where it stands.
    pub status: TaskStatus,
    /// How long one attempt may take, in seconds.
    pub timeout_seconds: i32,
    /// How often to try before it has failed.
    pub max_attempts: i32,
    /// Not to be run before.
    #[schema(required)]
    pub scheduled_at: Option<DateTime<Utc>>,
    /// When it was handed to the workers; null before.
    #[schema(required)]
    pub queued_at: Option<DateTime<Utc>>,
    /// When its last attempt began.
    #[schema(required)]
    pub started_at: Option<DateTime<Utc>>,
    /// When it came to an end.
    #[schema(required)]
    pub finished_at: Option<DateTime<Utc>>,
    /// The result, exactly as the model gave it.
    #[schema(required, value_type = Option<Object>)]
    pub output_data: Option<Box<RawValue>>,
    /// Why the last attempt failed.
    #[schema(required)]
    pub error: Option<TaskError>,
    /// What all its attempts consumed, failed ones too.
    #[serde(serialize_with = "shown_usage")]
    #[schema(value_type = TaskUsage)]
    pub usage: Usage,
    /// How many attempts were begun.
    pub attempts: i32,
    /// Before when its next attempt does not begin; null where none waits, or waits for a worker alone.
    #[serde(rename = "next_attempt_at")]
    #[schema(required)]
    pub not_before: Option<DateTime<Utc>>,
    /// How long it may wait for a worker, in seconds; null as long as it takes.
    #[schema(required)]
    pub queue_timeout_seconds: Option<i32>,
    /// The conversation that it is a turn of.
    #[schema(required, value_type = Option<Uuid>)]
    pub conversation_id: Option<ConversationId>,
    /// The task from which it goes another way.
    #[schema(required, value_type = Option<Uuid>)]
    pub forked_from: Option<TaskId>,
    /// The first step, from 1, that it does itself.
    #[schema(required)]
    pub fork_at_step: Option<i32>,
    /// The configuration for this task alone, in place of the agent's.
    #[schema(required, value_type = Option<Object>)]
    pub configuration: Option<Box<RawValue>>,
    /// What a person is asked to approve while the status is `waiting_approval`.
    #[schema(required, value_type = Option<TaskApproval>)]
    pub approval: Option<TaskApproval>,
    /// The schedule that it follows from; `scheduled_at` says from which of its times.
    #[schema(required, value_type = Option<Uuid>)]
    pub schedule_id: Option<ScheduleId>,
    /// Who created it.
    #[schema(required, value_type = Option<Uuid>)]
    pub created_by: Option<UserId>,
    /// Counts its changes, from 1.
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// What `status` shows a part of.
    #[serde(skip)]
    #[schema(ignore)]
    pub(crate) stage: Stage,
    /// Steps that ended in the last attempt: what they consumed is booked already.
    #[serde(skip)]
    #[schema(ignore)]
    pub(crate) attempt_steps: i32,
}

/// What a person is asked to approve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskApproval {
    /// Which question; the answer names it.
    pub id: Uuid,
    /// The step that waits.
    pub step: u32,
    /// The tool that would be called.
    pub tool: String,
    /// The SHA-256 of exactly what is shown, in hexadecimal; the answer names it too.
    #[schema(value_type = String)]
    pub shown_hash: ContentHash,
    /// When it is too late to answer.
    pub expires_at: DateTime<Utc>,
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TaskError {
    /// A stable code such as `provider.timeout`.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

/// What model calls consumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TaskUsage {
    /// Tokens sent to the model.
    pub input_tokens: u64,
    /// Tokens received from it.
    pub output_tokens: u64,
    /// What that cost, in US dollars with six decimals.
    #[schema(example = "0.001200")]
    pub cost_usd: String,
}

impl From<Usage> for TaskUsage {
    fn from(usage: Usage) -> Self {
        Self {
            input_tokens: usage.input_tokens.get(),
            output_tokens: usage.output_tokens.get(),
            cost_usd: usage.cost_micro_usd.to_decimal(),
        }
    }
}

fn shown_usage<S: Serializer>(usage: &Usage, serializer: S) -> Result<S::Ok, S::Error> {
    TaskUsage::from(*usage).serialize(serializer)
}

/// Which tasks are listed; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct TaskFilter {
    /// Those that stand there.
    pub status: Option<TaskStatus>,
    /// Those of this agent.
    pub agent_id: Option<AgentId>,
    /// Those of this conversation.
    pub conversation_id: Option<ConversationId>,
    /// Those of this schedule.
    pub schedule_id: Option<ScheduleId>,
    /// Those that are exactly so urgent.
    pub priority: Option<i32>,
    /// Those of this shape.
    pub task_type: Option<TaskKind>,
    /// Those with this in their name, without regard to case.
    pub q: Option<String>,
}

const SORTS: &[Sort] = &[
    Sort { name: "created_at", by: "created_at", of: SortOf::Time },
    Sort { name: "updated_at", by: "updated_at", of: SortOf::Time },
    Sort { name: "name", by: "lower(name)", of: SortOf::Text },
    Sort { name: "priority", by: "priority", of: SortOf::Number },
];

impl Views {
    /// One task; [`AppError::NotFound`] once it is withdrawn.
    pub async fn get_task(&self, caller: &Caller, task: TaskId) -> Result<TaskRow, AppError> {
        caller.require(Permission::ReadTasks)?;
        let tenant = caller.tenant;
        let found = self.read(caller, move |conn| {
            Box::pin(async move {
                let sql =
                    format!("select {} from tasks where tenant_id = $1 and id = $2", names(Tasks::COLUMNS));
                let row = sqlx::query(&sql).bind(tenant.0).bind(task.0).fetch_optional(conn).await?;
                row.as_ref().map(Tasks::decode).transpose()
            })
        });
        found.await?.ok_or(AppError::NotFound)
    }

    /// The tenant's tasks, by `created_at`, `updated_at`, `name` or `priority`.
    pub async fn list_tasks(
        &self,
        caller: &Caller,
        filter: &TaskFilter,
        page: &PageRequest,
    ) -> Result<Page<TaskRow>, AppError> {
        caller.require(Permission::ReadTasks)?;
        check_text("/q", filter.q.as_ref())?;
        let (tenant, filter, order) = (caller.tenant, filter.clone(), Order::parse(page, SORTS)?);
        let read = self.read(caller, move |conn| {
            Box::pin(async move {
                let columns = names(Tasks::COLUMNS);
                list(conn, ("tasks", &columns), tenant, (&filter, &order), Tasks::decode).await
            })
        });
        read.await
    }
}

impl Filter for TaskFilter {
    fn push(&self, query: &mut QueryBuilder<'_, Postgres>) {
        match self.status {
            Some(TaskStatus::Pending) => {
                query.push(" and stage in ('pending', 'queued')");
            }
            Some(status) => {
                query.push(" and stage = ").push_bind(status.as_str());
            }
            None => {}
        }
        if let Some(agent) = self.agent_id {
            query.push(" and agent_id = ").push_bind(agent.0);
        }
        if let Some(conversation) = self.conversation_id {
            query.push(" and conversation_id = ").push_bind(conversation.0);
        }
        if let Some(schedule) = self.schedule_id {
            query.push(" and schedule_id = ").push_bind(schedule.0);
        }
        if let Some(priority) = self.priority {
            query.push(" and priority = ").push_bind(priority);
        }
        if let Some(task_type) = self.task_type {
            query.push(" and task_type = ").push_bind(task_type.as_str());
        }
        if let Some(q) = &self.q {
            query.push(" and name ilike ").push_bind(containing(q));
        }
    }
}
