//! Schedules: the table `schedules`. When they are due, and what became of their times, stands in `schedule_clock`.

mod clock;
mod fold;
#[cfg(test)]
mod tests;

use application::{AppError, Caller};
use chrono::{DateTime, Utc};
use domain::agent::{Calendar, CatchUp, Overlap};
use domain::task::TaskKind;
use domain::{AgentId, Permission, ScheduleId, TaskId, TenantId, UserId};
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::columns::Fields;
use crate::page::{Filter, Order, Page, PageRequest, Sort, SortOf, check_text, containing, list};
use crate::schema::{CatchUpSchema, OverlapSchema, TaskKindSchema};
use crate::views::Views;

pub use clock::PgScheduleClock;
pub(crate) use fold::Schedules;

/// How many of the next times are shown.
const SHOWN: usize = 5;

/// When an agent is given which task.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Schedule)]
pub struct ScheduleRow {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: ScheduleId,
    /// The organisation it belongs to.
    #[schema(value_type = Uuid)]
    pub tenant_id: TenantId,
    /// Whose tasks.
    #[schema(value_type = Uuid)]
    pub agent_id: AgentId,
    /// What it is called, and its tasks.
    pub name: String,
    /// When: minute, hour, day of the month, month, day of the week.
    pub cron: String,
    /// By the clocks of which zone of the IANA database.
    pub time_zone: String,
    /// The shape of its tasks.
    #[schema(value_type = TaskKindSchema)]
    pub task_type: TaskKind,
    /// What they work on, exactly as it was sent.
    #[schema(value_type = Object)]
    pub input_data: Box<RawValue>,
    /// How urgent they are: 1 to 5, 5 most.
    pub priority: i32,
    /// How long one attempt may take, in seconds.
    pub timeout_seconds: i32,
    /// How often to try before a task has failed.
    pub max_attempts: i32,
    /// How long a task may wait for a worker, in seconds; null as long as it takes.
    #[schema(required)]
    pub queue_timeout_seconds: Option<i32>,
    /// What becomes of a time at which the task before is not over.
    #[schema(value_type = OverlapSchema)]
    pub overlap: Overlap,
    /// What becomes of times that were missed.
    #[schema(value_type = CatchUpSchema)]
    pub catch_up: CatchUp,
    /// Whether it makes tasks.
    pub enabled: bool,
    /// The next times; none while it is paused.
    pub next_runs: Vec<DateTime<Utc>>,
    /// How many tasks it has made.
    pub runs: i64,
    /// The time that its last task was due.
    #[schema(required)]
    pub last_run_at: Option<DateTime<Utc>>,
    /// Its last task.
    #[schema(required, value_type = Option<Uuid>)]
    pub last_task_id: Option<TaskId>,
    /// How many times were left out.
    pub skipped_runs: i64,
    /// A time that was left out lately.
    #[schema(required)]
    pub last_skipped_at: Option<DateTime<Utc>>,
    /// Why: `schedule.overlap`, `schedule.missed`, `agent.not_running`, or what stood in the way of the task.
    #[schema(required)]
    pub last_skip_reason: Option<String>,
    /// Who created it.
    #[schema(required, value_type = Option<Uuid>)]
    pub created_by: Option<UserId>,
    /// Counts its changes, from 1.
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Which schedules are listed; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct ScheduleFilter {
    /// Those of this agent.
    pub agent_id: Option<AgentId>,
    /// Those at work, or those that are paused.
    pub enabled: Option<bool>,
    /// Those with this in their name, without regard to case.
    pub q: Option<String>,
}

const SORTS: &[Sort] = &[
    Sort { name: "created_at", by: "created_at", of: SortOf::Time },
    Sort { name: "updated_at", by: "updated_at", of: SortOf::Time },
    Sort { name: "name", by: "lower(name)", of: SortOf::Text },
];

const SHOWN_FROM: &str = "(
    select s.*, coalesce(c.runs, 0) as runs, c.last_run_at, c.last_task_id, coalesce(c.skipped, 0) as skipped,
        c.last_skipped_at, c.last_skip_reason
    from schedules s
    left join schedule_clock c on c.tenant_id = s.tenant_id and c.schedule_id = s.id
) as shown";

const COLUMNS: &str = "tenant_id, id, agent_id, name, cron, time_zone, enabled, now(), task_type, input_data, \
     priority, timeout_seconds, max_attempts, queue_timeout_seconds, overlap, catch_up, runs, last_run_at, last_task_id, \
     skipped, last_skipped_at, last_skip_reason, created_by, version, created_at, updated_at";

impl Views {
    /// One schedule; [`AppError::NotFound`] once it is removed.
    pub async fn get_schedule(&self, caller: &Caller, id: ScheduleId) -> Result<ScheduleRow, AppError> {
        caller.require(Permission::ReadTasks)?;
        let tenant = caller.tenant;
        let found = self.read(caller, move |conn| {
            Box::pin(async move {
                let sql = format!("select {COLUMNS} from {SHOWN_FROM} where tenant_id = $1 and id = $2");
                let row = sqlx::query(&sql).bind(tenant.0).bind(id.0).fetch_optional(conn).await?;
                row.as_ref().map(decode).transpose()
            })
        });
        found.await?.ok_or(AppError::NotFound)
    }

    /// The tenant's schedules, by `created_at`, `updated_at` or `name`.
    pub async fn list_schedules(
        &self,
        caller: &Caller,
        filter: &ScheduleFilter,
        page: &PageRequest,
    ) -> Result<Page<ScheduleRow>, AppError> {
        caller.require(Permission::ReadTasks)?;
        check_text("/q", filter.q.as_ref())?;
        let (tenant, filter, order) = (caller.tenant, filter.clone(), Order::parse(page, SORTS)?);
        let read = self.read(caller, move |conn| {
            Box::pin(
                async move { list(conn, (SHOWN_FROM, COLUMNS), tenant, (&filter, &order), decode).await },
            )
        });
        read.await
    }
}

impl Filter for ScheduleFilter {
    fn push(&self, query: &mut QueryBuilder<'_, Postgres>) {
        if let Some(agent) = self.agent_id {
            query.push(" and agent_id = ").push_bind(agent.0);
        }
        if let Some(enabled) = self.enabled {
            query.push(" and enabled = ").push_bind(enabled);
        }
        if let Some(q) = &self.q {
            query.push(" and name ilike ").push_bind(containing(q));
        }
    }
}

fn decode(row: &PgRow) -> Result<ScheduleRow, sqlx::Error> {
    let mut fields = Fields::of(row);
    let (tenant_id, id) = (TenantId(fields.next()?), ScheduleId(fields.next()?));
    let (agent_id, name) = (AgentId(fields.next()?), fields.next()?);
    let (cron, time_zone): (String, String) = (fields.next()?, fields.next()?);
    let (enabled, now) = (fields.next()?, fields.next()?);
    let next_runs = if enabled { next_runs(&cron, &time_zone, now) } else { vec![] };
    Ok(ScheduleRow {
        id,
        tenant_id,
        agent_id,
        name,
        cron,
        time_zone,
        task_type: fields.next_of(|text| TaskKind::ALL.into_iter().find(|kind| kind.as_str() == text))?,
        input_data: fields.next_document()?,
        priority: fields.next()?,
        timeout_seconds: fields.next()?,
        max_attempts: fields.next()?,
        queue_timeout_seconds: fields.next()?,
        overlap: fields.next_of(|text| Overlap::ALL.into_iter().find(|one| one.as_str() == text))?,
        catch_up: fields.next_of(|text| CatchUp::ALL.into_iter().find(|one| one.as_str() == text))?,
        enabled,
        next_runs,
        runs: fields.next()?,
        last_run_at: fields.next()?,
        last_task_id: fields.next::<Option<Uuid>>()?.map(TaskId),
        skipped_runs: fields.next()?,
        last_skipped_at: fields.next()?,
        last_skip_reason: fields.next()?,
        created_by: fields.next::<Option<Uuid>>()?.map(UserId),
        version: fields.next()?,
        created_at: fields.next()?,
        updated_at: fields.next()?,
    })
}

fn next_runs(cron: &str, zone: &str, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let (Ok(cron), Ok(zone)) = (cron.parse(), zone.parse()) else { return vec![] };
    Calendar::of(&cron, &zone, now).map_or_else(|_| vec![], |calendar| calendar.following(now, SHOWN))
}
