//! What runs: read from the run queue, and at an earlier position of the log from the log itself.

use application::ports::{RunningTasks, Unavailable};
use application::{AppError, Caller};
use chrono::{DateTime, Utc};
use domain::{AgentId, AttemptId, Permission, TaskId, TenantId};
use serde::Serialize;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::columns::Fields;
use crate::views::Views;

/// What a stop of all work cut off.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StoppedWork {
    /// The position of the stop in the log.
    pub position: i64,
    /// When it was recorded.
    pub stopped_at: DateTime<Utc>,
    /// The attempts that were under way, those that ran longest first.
    pub running: Vec<CutOffAttempt>,
}

/// An attempt that was under way when all work was stopped.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CutOffAttempt {
    /// The task.
    #[schema(value_type = Uuid)]
    pub task_id: TaskId,
    /// What the task is called.
    pub task_name: String,
    /// Whose task.
    #[schema(value_type = Uuid)]
    pub agent_id: AgentId,
    /// What the agent is called; null once it is terminated.
    #[schema(required)]
    pub agent_name: Option<String>,
    /// The attempt.
    #[schema(value_type = Uuid)]
    pub attempt_id: AttemptId,
    /// Since when it ran.
    pub started_at: DateTime<Utc>,
    /// The position of the last event of the task that was accepted.
    pub last_position: i64,
}

/// The tasks that ran at a position are those whose last event up to it is one of an attempt under way: of those that
/// run now, and of those that anything was recorded of since.
const RUNNING_AT: &str = "
    with touched as (
        select q.task_id from run_queue q where q.tenant_id = $1 and q.state = 'running'
        union
        select e.aggregate_id from events e
        where e.tenant_id = $1 and e.position > $2 and e.aggregate_type = 'task'
    )
    select t.id, t.name, t.agent_id, a.name, begun.attempt::uuid, begun.recorded_at, last.position
    from touched
    join tasks t on t.tenant_id = $1 and t.id = touched.task_id
    left join agents a on a.tenant_id = $1 and a.id = t.agent_id
    cross join lateral (
        select e.position, e.event_type from events e
        where e.tenant_id = $1 and e.aggregate_type = 'task' and e.aggregate_id = t.id and e.position <= $2
        order by e.sequence desc
        limit 1
    ) last
    cross join lateral (
        select e.recorded_at, e.payload -> 'attempt_started' ->> 'attempt_id' as attempt from events e
        where e.tenant_id = $1 and e.aggregate_type = 'task' and e.aggregate_id = t.id and e.position <= $2
          and e.event_type = 'task.attempt_started'
        order by e.sequence desc
        limit 1
    ) begun
    where last.event_type in ('task.attempt_started', 'task.step_started', 'task.step_ended')
    order by begun.recorded_at, t.id";

impl Views {
    /// What was under way when the work of the caller's organisation was stopped, at that position of its log.
    pub async fn stopped_work(&self, caller: &Caller, position: i64) -> Result<StoppedWork, AppError> {
        caller.require(Permission::StopWork)?;
        let tenant = caller.tenant;
        let read = self.read(caller, move |conn| Box::pin(find_stopped(conn, tenant, position)));
        read.await?.ok_or(AppError::NotFound)
    }
}

async fn find_stopped(
    conn: &mut PgConnection,
    tenant: TenantId,
    position: i64,
) -> Result<Option<StoppedWork>, sqlx::Error> {
    let sql = "select recorded_at from events where tenant_id = $1 and position = $2";
    let query = sqlx::query_scalar(sql).bind(tenant.0).bind(position);
    let Some(stopped_at) = query.fetch_optional(&mut *conn).await? else {
        return Ok(None);
    };
    let rows = sqlx::query(RUNNING_AT).bind(tenant.0).bind(position).fetch_all(conn).await?;
    let running = rows.iter().map(cut_off).collect::<Result<_, _>>()?;
    Ok(Some(StoppedWork { position, stopped_at, running }))
}

fn cut_off(row: &PgRow) -> Result<CutOffAttempt, sqlx::Error> {
    let mut fields = Fields::of(row);
    Ok(CutOffAttempt {
        task_id: TaskId(fields.next()?),
        task_name: fields.next()?,
        agent_id: AgentId(fields.next()?),
        agent_name: fields.next()?,
        attempt_id: AttemptId(fields.next()?),
        started_at: fields.next()?,
        last_position: fields.next()?,
    })
}

#[async_trait::async_trait]
impl RunningTasks for Views {
    async fn list_running(
        &self,
        tenant: TenantId,
        agent: Option<AgentId>,
    ) -> Result<Vec<TaskId>, Unavailable> {
        let read = self.read_all(tenant, move |conn| {
            Box::pin(async move {
                let sql = "
                    select task_id from run_queue
                    where tenant_id = $1 and state = 'running' and ($2::uuid is null or agent_id = $2)";
                let agent = agent.map(|agent| agent.0);
                sqlx::query_scalar::<_, Uuid>(sql).bind(tenant.0).bind(agent).fetch_all(conn).await
            })
        });
        let tasks = read.await.map_err(|_| Unavailable)?;
        Ok(tasks.into_iter().map(TaskId).collect())
    }
}
