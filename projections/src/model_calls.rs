//! What model calls consumed: the table `model_calls`, and what it adds up to.

use application::{AppError, Caller};
use chrono::{DateTime, NaiveDate, Utc};
use domain::task::TaskEvent;
use domain::{AgentId, Event, Permission, Recorded, TenantId, TokenCount, Usage};
use infrastructure::postgres::Projector;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::budgets::{amount, stored};
use crate::columns::{Fields, array, text_enum};
use crate::tasks::TaskUsage;
use crate::views::Views;

const TABLE: &str = "model_calls";

/// Each call of a model as it ends. What the event does not say (whose call it was, of which model) stands in the log
/// before it, so the rows follow from the log alone.
pub(crate) struct ModelCalls {
    live: String,
}

impl ModelCalls {
    pub(crate) fn new() -> Self {
        Self { live: statement(TABLE) }
    }
}

/// Where an attempt took steps, each of them is a row, and the attempt is none. What stands before is looked up row by row:
/// joined, the log is read whole once the planner thinks it small.
fn statement(table: &str) -> String {
    format!(
        "insert into {table} (
            tenant_id, id, task_id, agent_id, provider, model, ended_at, input_tokens, output_tokens, cost_micro_usd
        )
        select
            e.tenant_id, e.id, e.task_id, (created.payload -> 'created' ->> 'agent_id')::uuid,
            coalesce(before.payload -> 'step_started' ->> 'provider', ''),
            coalesce(before.payload -> 'step_started' ->> 'name', ''),
            e.ended_at, e.input_tokens, e.output_tokens, e.cost_micro_usd
        from unnest(
            $1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::timestamptz[], $7::bigint[], $8::bigint[],
            $9::bigint[]
        ) as e (
            tenant_id, id, task_id, sequence, begins_with, ended_at, input_tokens, output_tokens, cost_micro_usd
        )
        cross join lateral (
            select c.payload
            from events c
            where c.tenant_id = e.tenant_id and c.aggregate_type = 'task' and c.aggregate_id = e.task_id
              and c.sequence = 1
            limit 1
        ) created
        cross join lateral (
            select s.event_type, s.payload
            from events s
            where s.tenant_id = e.tenant_id and s.aggregate_type = 'task' and s.aggregate_id = e.task_id
              and s.sequence < e.sequence
              and s.event_type in ('task.attempt_started', 'task.step_started', 'task.step_ended')
            order by s.sequence desc
            limit 1
        ) before
        where before.event_type = e.begins_with
          and coalesce(before.payload -> 'step_started' ->> 'kind', 'model') = 'model'
        on conflict (tenant_id, id) do nothing"
    )
}

/// What ended and consumed something.
struct Ended<'b> {
    recorded: &'b Recorded,
    id: Uuid,
    /// The event that stands before it where it is a row: a step's beginning, or the beginning of an attempt that took
    /// no steps.
    begins_with: &'static str,
    usage: Usage,
}

fn ended(recorded: &Recorded) -> Option<Ended<'_>> {
    let Event::Task(event) = &recorded.event else {
        return None;
    };
    let (id, begins_with, usage) = match event {
        TaskEvent::StepEnded { call_id, usage, .. } => (*call_id, "task.step_started", *usage),
        TaskEvent::Completed { attempt_id, usage, .. }
        | TaskEvent::AttemptFailed { attempt_id, usage, .. }
        | TaskEvent::ApprovalRequested { attempt_id, usage, .. }
        | TaskEvent::HandedBack { attempt_id, usage, .. }
            if *usage != Usage::default() =>
        {
            (attempt_id.0, "task.attempt_started", *usage)
        }
        TaskEvent::Completed { .. }
        | TaskEvent::AttemptFailed { .. }
        | TaskEvent::ApprovalRequested { .. }
        | TaskEvent::HandedBack { .. }
        | TaskEvent::Created { .. }
        | TaskEvent::Amended { .. }
        | TaskEvent::Queued { .. }
        | TaskEvent::AttemptStarted { .. }
        | TaskEvent::StepStarted { .. }
        | TaskEvent::ApprovalDecided { .. }
        | TaskEvent::ApprovalExpired { .. }
        | TaskEvent::Failed { .. }
        | TaskEvent::Retried {}
        | TaskEvent::Cancelled { .. }
        | TaskEvent::Withdrawn {} => return None,
    };
    Some(Ended { recorded, id, begins_with, usage })
}

#[async_trait::async_trait]
impl Projector for ModelCalls {
    fn name(&self) -> &'static str {
        TABLE
    }

    async fn project(
        &self,
        conn: &mut PgConnection,
        table: &str,
        batch: &[Recorded],
    ) -> Result<(), sqlx::Error> {
        let ended: Vec<Ended<'_>> = batch.iter().filter_map(ended).collect();
        if ended.is_empty() {
            return Ok(());
        }
        let shadow;
        let statement = if table == TABLE {
            &self.live
        } else {
            shadow = statement(table);
            &shadow
        };
        sqlx::query(statement)
            .bind(array(&ended, |one| one.recorded.stream.tenant.0))
            .bind(array(&ended, |one| one.id))
            .bind(array(&ended, |one| one.recorded.stream.id))
            .bind(array(&ended, |one| one.recorded.sequence))
            .bind(array(&ended, |one| one.begins_with))
            .bind(array(&ended, |one| one.recorded.recorded_at))
            .bind(array(&ended, |one| tokens(one.usage.input_tokens)))
            .bind(array(&ended, |one| tokens(one.usage.output_tokens)))
            .bind(array(&ended, |one| stored(one.usage.cost_micro_usd)))
            .execute(conn)
            .await?;
        Ok(())
    }
}

fn tokens(count: TokenCount) -> i64 {
    i64::try_from(count.get()).unwrap_or(i64::MAX)
}

text_enum! {
    /// By what usage is added up.
    pub enum UsageGroup {
        /// Calendar days, UTC.
        Day = "day",
        /// Agents.
        Agent = "agent",
        /// Models.
        Model = "model",
    }
}

/// What model calls consumed from one time to another.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UsageReport {
    /// Calls that ended then or later.
    pub from: DateTime<Utc>,
    /// Calls that ended before then.
    pub to: DateTime<Utc>,
    /// By what it is added up.
    pub group_by: UsageGroup,
    /// Days in order; agents and models by what they cost, the dearest first. At most 1,000.
    pub items: Vec<UsageOfGroup>,
    /// All of it.
    pub total: ConsumedUsage,
}

/// What the model calls of a day, an agent or a model consumed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UsageOfGroup {
    /// The day; null where it is no day.
    #[schema(required)]
    pub day: Option<NaiveDate>,
    /// The agent; null where it is none.
    #[schema(required, value_type = Option<Uuid>)]
    pub agent_id: Option<AgentId>,
    /// What the agent is called; null once it is terminated.
    #[schema(required)]
    pub agent_name: Option<String>,
    /// The provider; null where it is no model.
    #[schema(required)]
    pub provider: Option<String>,
    /// The model; empty where the log does not name it.
    #[schema(required)]
    pub model: Option<String>,
    /// What they consumed.
    #[serde(flatten)]
    pub consumed: ConsumedUsage,
}

/// What model calls consumed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ConsumedUsage {
    /// How many there were.
    pub calls: i64,
    /// What they consumed.
    #[serde(flatten)]
    pub usage: TaskUsage,
}

/// From when to when, and by what.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct UsageRequest {
    /// Calls that ended then or later.
    pub from: DateTime<Utc>,
    /// Calls that ended before then.
    pub to: DateTime<Utc>,
    /// By what it is added up.
    pub group_by: UsageGroup,
}

const SUMS: &str = "count(*), coalesce(sum(input_tokens), 0)::bigint, coalesce(sum(output_tokens), 0)::bigint, \
                    coalesce(sum(cost_micro_usd), 0)::bigint";

const MOST_GROUPS: i64 = 1_000;

impl UsageGroup {
    /// The columns of a group, and in which order groups come.
    const fn sql(self) -> (&'static str, &'static str) {
        match self {
            Self::Day => {
                ("(ended_at at time zone 'UTC')::date, null::uuid, null::text, null::text, null::text", "1")
            }
            Self::Agent => (
                "null::date, agent_id, \
                 (select a.name from agents a where a.tenant_id = $1 and a.id = c.agent_id), null::text, null::text",
                "9 desc, 6 desc, 2",
            ),
            Self::Model => ("null::date, null::uuid, null::text, provider, model", "9 desc, 6 desc, 4, 5"),
        }
    }
}

impl Views {
    /// What model calls of the caller's organisation consumed.
    pub async fn report_usage(&self, caller: &Caller, of: UsageRequest) -> Result<UsageReport, AppError> {
        caller.require(Permission::ReadTenant)?;
        let tenant = caller.tenant;
        self.read(caller, move |conn| Box::pin(report(conn, tenant, of))).await
    }
}

async fn report(
    conn: &mut PgConnection,
    tenant: TenantId,
    UsageRequest { from, to, group_by }: UsageRequest,
) -> Result<UsageReport, sqlx::Error> {
    let (columns, order) = group_by.sql();
    let of = "from model_calls c where tenant_id = $1 and ended_at >= $2 and ended_at < $3";
    let total = format!("select {SUMS} {of}");
    let total = sqlx::query(&total).bind(tenant.0).bind(from).bind(to).fetch_one(&mut *conn).await?;
    let groups = format!("select {columns}, {SUMS} {of} group by 1, 2, 3, 4, 5 order by {order} limit $4");
    let groups = sqlx::query(&groups).bind(tenant.0).bind(from).bind(to).bind(MOST_GROUPS);
    let rows = groups.fetch_all(conn).await?;
    Ok(UsageReport {
        from,
        to,
        group_by,
        items: rows.iter().map(of_group).collect::<Result<_, _>>()?,
        total: consumed(&mut Fields::of(&total))?,
    })
}

fn of_group(row: &PgRow) -> Result<UsageOfGroup, sqlx::Error> {
    let mut fields = Fields::of(row);
    Ok(UsageOfGroup {
        day: fields.next()?,
        agent_id: fields.next::<Option<Uuid>>()?.map(AgentId),
        agent_name: fields.next()?,
        provider: fields.next()?,
        model: fields.next()?,
        consumed: consumed(&mut fields)?,
    })
}

fn consumed(fields: &mut Fields<'_>) -> Result<ConsumedUsage, sqlx::Error> {
    let calls = fields.next()?;
    let count = |stored: i64| TokenCount::from(u64::try_from(stored).unwrap_or_default());
    let usage = Usage {
        input_tokens: count(fields.next()?),
        output_tokens: count(fields.next()?),
        cost_micro_usd: amount(fields.next()?),
    };
    Ok(ConsumedUsage { calls, usage: usage.into() })
}
