//! Claims and leases: one statement each, in autocommit. What they do is written in SQL, beside the tables they lock
//! (`migrations/0111_fair_queue.sql`, `0122_cheap_claims.sql`); the figures of the plans come from the domain.

use std::time::Duration;

use application::ports::{Claimed, Overdue, Renewal, RunQueue, Unavailable};
use chrono::{DateTime, Utc};
use domain::{AgentId, TaskId, TenantId, Tier};
use sqlx::PgPool;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::columns::{Fields, array, integer};

/// The run queue on the writer's pool.
#[derive(Clone, Debug)]
pub struct PgRunQueue {
    writer: PgPool,
}

const CLAIM: &str = "
    select c.tenant_id, c.task_id, c.agent_id, c.lease_token
    from claim_tasks($1, make_interval(secs => $2), $3, $4, $5, $6) c";

const RESCUE: &str = "
    select c.tenant_id, c.task_id, c.agent_id, c.lease_token
    from rescue_tasks($1, make_interval(secs => $2), $3) c";

/// Answers of each lease that was held, by its place, whether the tenant is at work. Rows are locked in the order of
/// their key, as by every other statement that locks several.
const RENEW: &str = "
    with held as (
        select l.tenant_id, l.task_id, a.nth
        from unnest($1::uuid[], $2::uuid[], $3::uuid[]) with ordinality as a (tenant_id, task_id, lease, nth)
        join task_leases l on l.tenant_id = a.tenant_id and l.task_id = a.task_id and l.lease = a.lease
        where l.expires_at > clock_timestamp()
        order by l.tenant_id, l.task_id
        for update of l
    )
    update task_leases l
    set expires_at = clock_timestamp() + make_interval(secs => $4)
    from held h
    join tenants t on t.tenant_id = h.tenant_id
    where l.tenant_id = h.tenant_id and l.task_id = h.task_id
    returning h.nth, t.status = 'active' and t.work_stopped_at is null";

/// What a worker has is about to begin, and is left to it.
const OVERDUE: &str = "
    select q.tenant_id, q.task_id, greatest(q.queued_at, q.not_before)
    from run_queue q
    where q.expires_at <= now()
      and not exists (select from task_leases l where l.tenant_id = q.tenant_id and l.task_id = q.task_id)
    order by q.expires_at
    limit $1";

const RELEASE: &str = "select release_leases($1, $2, $3)";

const LOOK_AROUND: &str = "select wake_all_turns()";

impl PgRunQueue {
    /// The queue on a pool whose connections have the writer's role.
    pub const fn new(writer: PgPool) -> Self {
        Self { writer }
    }
}

#[async_trait::async_trait]
impl RunQueue for PgRunQueue {
    async fn claim(&self, worker: &str, lease: Duration, most: usize) -> Result<Vec<Claimed>, Unavailable> {
        let strides = array(&Tier::ALL, |tier| i64::from(Tier::MAX_WEIGHT / tier.weight()));
        let query = sqlx::query(CLAIM)
            .bind(worker)
            .bind(lease.as_secs_f64())
            .bind(count(most))
            .bind(array(&Tier::ALL, |tier| tier.as_str()))
            .bind(strides)
            .bind(array(&Tier::ALL, |tier| integer(tier.running_tasks())));
        let rows = query.fetch_all(&self.writer).await.map_err(unavailable)?;
        rows.iter().map(claimed).collect::<Result<_, _>>().map_err(unavailable)
    }

    async fn rescue(&self, worker: &str, lease: Duration, most: usize) -> Result<Vec<Claimed>, Unavailable> {
        let query = sqlx::query(RESCUE).bind(worker).bind(lease.as_secs_f64()).bind(count(most));
        let rows = query.fetch_all(&self.writer).await.map_err(unavailable)?;
        rows.iter().map(claimed).collect::<Result<_, _>>().map_err(unavailable)
    }

    async fn overdue(&self, most: usize) -> Result<Vec<Overdue>, Unavailable> {
        let query = sqlx::query_as(OVERDUE).bind(i64::from(count(most)));
        let rows: Vec<(Uuid, Uuid, DateTime<Utc>)> =
            query.fetch_all(&self.writer).await.map_err(unavailable)?;
        let overdue = |(tenant, task, since)| Overdue { tenant: TenantId(tenant), task: TaskId(task), since };
        Ok(rows.into_iter().map(overdue).collect())
    }

    async fn renew(&self, held: &[Claimed], lease: Duration) -> Result<Vec<Renewal>, Unavailable> {
        let (tenants, tasks, leases) = columns(held);
        let query = sqlx::query_as(RENEW).bind(tenants).bind(tasks).bind(leases).bind(lease.as_secs_f64());
        let renewed: Vec<(i64, bool)> = query.fetch_all(&self.writer).await.map_err(unavailable)?;
        let mut answers = vec![Renewal::Lost; held.len()];
        for (nth, is_at_work) in renewed {
            if let Some(answer) = usize::try_from(nth - 1).ok().and_then(|at| answers.get_mut(at)) {
                *answer = if is_at_work { Renewal::Held } else { Renewal::Suspended };
            }
        }
        Ok(answers)
    }

    async fn release(&self, held: &[Claimed]) -> Result<(), Unavailable> {
        let (tenants, tasks, leases) = columns(held);
        let query = sqlx::query(RELEASE).bind(tenants).bind(tasks).bind(leases);
        query.execute(&self.writer).await.map(drop).map_err(unavailable)
    }

    async fn look_around(&self) -> Result<(), Unavailable> {
        sqlx::query(LOOK_AROUND).execute(&self.writer).await.map(drop).map_err(unavailable)
    }
}

fn claimed(row: &PgRow) -> Result<Claimed, sqlx::Error> {
    let mut fields = Fields::of(row);
    Ok(Claimed {
        tenant: TenantId(fields.next()?),
        task: TaskId(fields.next()?),
        agent: AgentId(fields.next()?),
        lease: fields.next()?,
    })
}

fn columns(held: &[Claimed]) -> (Vec<Uuid>, Vec<Uuid>, Vec<Uuid>) {
    let rows = held.iter().map(|claimed| (claimed.tenant.0, claimed.task.0, claimed.lease));
    rows.collect()
}

fn count(most: usize) -> i32 {
    i32::try_from(most).unwrap_or(i32::MAX)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn unavailable(error: sqlx::Error) -> Unavailable {
    tracing::error!(error = &error as &dyn std::error::Error, "the run queue cannot be reached");
    Unavailable
}
