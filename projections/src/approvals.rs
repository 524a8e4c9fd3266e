//! What waits for a person: the tasks in that stage, with what is asked.

use application::ports::{OverdueApprovals, Unavailable};
use application::{AppError, Caller};
use chrono::{DateTime, Utc};
use domain::{AgentId, ContentHash, Permission, TaskId, TenantId};
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Postgres, QueryBuilder};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::columns::Fields;
use crate::page::{Filter, Order, Page, PageRequest, Sort, SortOf, list};
use crate::tasks::TaskApproval;
use crate::views::Views;

/// A call that a person must approve.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Approval)]
pub struct ApprovalRow {
    /// Which question; the answer names it.
    pub id: Uuid,
    /// The task that waits.
    #[schema(value_type = Uuid)]
    pub task_id: TaskId,
    /// What the task is called.
    pub task_name: String,
    /// Whose call it would be.
    #[schema(value_type = Uuid)]
    pub agent_id: AgentId,
    /// What the agent is called; null once it is terminated.
    #[schema(required)]
    pub agent_name: Option<String>,
    /// The step that waits.
    pub step: u32,
    /// The tool that would be called.
    pub tool: String,
    /// Exactly what is asked: the tool and its arguments.
    #[schema(required, value_type = Option<Object>)]
    pub shown: Option<Box<RawValue>>,
    /// The same as the very text that the hash is of: JSON that is read and written again may lose digits of large numbers
    /// and members of the same name.
    #[schema(required)]
    pub shown_text: Option<String>,
    /// The SHA-256 of exactly what is shown, in hexadecimal; the answer names it too.
    #[schema(value_type = String, format = "sha256")]
    pub shown_hash: ContentHash,
    /// Since when it waits.
    pub asked_at: DateTime<Utc>,
    /// When it is too late to answer.
    pub expires_at: DateTime<Utc>,
}

/// Which approvals are listed; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct ApprovalFilter {
    /// Those of this agent.
    pub agent_id: Option<AgentId>,
}

/// A task that waits changes in nothing until it is answered, so it asked when it last changed.
const WAITING: &str = "(
    select t.tenant_id, (t.approval::json ->> 'id')::uuid as id, t.id as task_id, t.name as task_name, t.agent_id,
           a.name as agent_name, t.approval, convert_from(c.bytes, 'UTF8') as shown, t.updated_at as asked_at
    from tasks t
    left join agents a on a.tenant_id = t.tenant_id and a.id = t.agent_id
    left join contents c
      on c.tenant_id = t.tenant_id and c.hash = decode(t.approval::json ->> 'shown_hash', 'hex')
    where t.stage = 'waiting_approval'
) as waiting";

const COLUMNS: &str = "task_id, task_name, agent_id, agent_name, approval, shown, asked_at";

const SORTS: &[Sort] = &[Sort { name: "asked_at", by: "asked_at", of: SortOf::Time }];

impl Views {
    /// The calls of the tenant's agents that wait for a person, by `asked_at`.
    pub async fn list_approvals(
        &self,
        caller: &Caller,
        filter: &ApprovalFilter,
        page: &PageRequest,
    ) -> Result<Page<ApprovalRow>, AppError> {
        caller.require(Permission::ReadTasks)?;
        let (tenant, filter, order) = (caller.tenant, filter.clone(), Order::parse(page, SORTS)?);
        let read = self.read(caller, move |conn| {
            Box::pin(async move { list(conn, (WAITING, COLUMNS), tenant, (&filter, &order), decode).await })
        });
        read.await
    }
}

impl Filter for ApprovalFilter {
    fn push(&self, query: &mut QueryBuilder<'_, Postgres>) {
        if let Some(agent) = self.agent_id {
            query.push(" and agent_id = ").push_bind(agent.0);
        }
    }
}

fn decode(row: &PgRow) -> Result<ApprovalRow, sqlx::Error> {
    let mut fields = Fields::of(row);
    let (task_id, task_name) = (TaskId(fields.next()?), fields.next()?);
    let (agent_id, agent_name) = (AgentId(fields.next()?), fields.next()?);
    let asked: TaskApproval =
        serde_json::from_str(fields.next()?).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let shown = fields.next_document_or_null()?;
    Ok(ApprovalRow {
        id: asked.id,
        task_id,
        task_name,
        agent_id,
        agent_name,
        step: asked.step,
        tool: asked.tool,
        shown_text: shown.as_ref().map(|shown| shown.get().to_owned()),
        shown,
        shown_hash: asked.shown_hash,
        asked_at: fields.next()?,
        expires_at: asked.expires_at,
    })
}

/// Finds the questions that nobody answered in time, on the writer's pool: it sees all tenants.
#[derive(Clone, Debug)]
pub struct PgOverdueApprovals {
    writer: PgPool,
}

impl PgOverdueApprovals {
    /// On a pool whose connections have the writer's role.
    pub const fn new(writer: PgPool) -> Self {
        Self { writer }
    }
}

/// Few tasks wait for a person at a time, and an index holds those alone.
const OVERDUE: &str = "
    select tenant_id, id from tasks
    where stage = 'waiting_approval' and (approval::json ->> 'expires_at')::timestamptz <= $1
    limit $2";

#[async_trait::async_trait]
impl OverdueApprovals for PgOverdueApprovals {
    async fn list_overdue(
        &self,
        at: DateTime<Utc>,
        most: usize,
    ) -> Result<Vec<(TenantId, TaskId)>, Unavailable> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let query = sqlx::query_as(OVERDUE).bind(at).bind(most);
        let rows: Vec<(Uuid, Uuid)> = query.fetch_all(&self.writer).await.map_err(|error| {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "overdue approvals cannot be looked for"
            );
            Unavailable
        })?;
        Ok(rows.into_iter().map(|(tenant, task)| (TenantId(tenant), TaskId(task))).collect())
    }
}
