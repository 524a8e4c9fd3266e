//! Claims: one statement each, in autocommit.

use std::time::Duration;

use application::ports::{Claimed, Renewal, RunQueue, Unavailable};
use domain::{AgentId, TaskId, TenantId};
use sqlx::PgPool;
use uuid::Uuid;

use crate::columns::Fields;

/// The run queue on the writer's pool.
#[derive(Clone, Debug)]
pub struct PgRunQueue {
    writer: PgPool,
}

/// How often a claim looks again when another worker was faster by a moment.
const LOOKS: usize = 5;

/// A running task is taken whatever became of its agent: its worker is lost, and somebody must say so. Nothing of a
/// suspended tenant is taken, as nothing could be recorded of it.
///
/// The lease is taken only if there is no live one, whatever the row's lock says: a lease that was committed after
/// this statement's snapshot shows in the conflict, not in the query.
const CLAIM: &str = "
    with picked as (
        select q.tenant_id, q.task_id, q.agent_id
        from run_queue q
        join tenants t on t.tenant_id = q.tenant_id and t.status = 'active' and t.work_stopped_at is null
        left join agents a on a.tenant_id = q.tenant_id and a.id = q.agent_id
        where (q.not_before is null or q.not_before <= now())
          and (q.state = 'running' or a.status = 'running')
          and not exists (
              select from task_leases l
              where l.tenant_id = q.tenant_id and l.task_id = q.task_id and l.expires_at > now()
          )
        order by q.priority desc, q.queued_at
        limit 1
        for update of q skip locked
    ), leased as (
        insert into task_leases as l (tenant_id, task_id, lease, worker, expires_at)
        select tenant_id, task_id, gen_random_uuid(), $1, now() + make_interval(secs => $2)
        from picked
        on conflict (tenant_id, task_id) do update
        set lease = excluded.lease, worker = excluded.worker, expires_at = excluded.expires_at
        where l.expires_at <= now()
        returning lease
    )
    select p.tenant_id, p.task_id, p.agent_id, l.lease
    from picked p
    left join leased l on true";

/// Answers of each lease that was held, by its place, whether the tenant is at work.
const RENEW: &str = "
    with asked as (
        select a.tenant_id, a.task_id, a.lease, a.nth, t.status = 'active' and t.work_stopped_at is null as active
        from unnest($1::uuid[], $2::uuid[], $3::uuid[]) with ordinality as a (tenant_id, task_id, lease, nth)
        join tenants t on t.tenant_id = a.tenant_id
        where exists (select from run_queue q where q.tenant_id = a.tenant_id and q.task_id = a.task_id)
    )
    update task_leases l
    set expires_at = clock_timestamp() + make_interval(secs => $4)
    from asked a
    where l.tenant_id = a.tenant_id and l.task_id = a.task_id and l.lease = a.lease
      and l.expires_at > clock_timestamp()
    returning a.nth, a.active";

const RELEASE: &str = "
    delete from task_leases l
    using unnest($1::uuid[], $2::uuid[], $3::uuid[]) as a (tenant_id, task_id, lease)
    where l.tenant_id = a.tenant_id and l.task_id = a.task_id and l.lease = a.lease";

/// What one look at the queue found.
enum Look {
    Took(Claimed),
    OtherWasFaster,
    Nothing,
}

impl PgRunQueue {
    /// The queue on a pool whose connections have the writer's role.
    pub const fn new(writer: PgPool) -> Self {
        Self { writer }
    }

    async fn look(&self, worker: &str, lease: Duration) -> Result<Look, sqlx::Error> {
        let query = sqlx::query(CLAIM).bind(worker).bind(lease.as_secs_f64());
        let Some(row) = query.fetch_optional(&self.writer).await? else {
            return Ok(Look::Nothing);
        };
        let mut fields = Fields::of(&row);
        let (tenant, task) = (TenantId(fields.next()?), TaskId(fields.next()?));
        let agent = AgentId(fields.next()?);
        Ok(match fields.next::<Option<Uuid>>()? {
            Some(lease) => Look::Took(Claimed { tenant, task, agent, lease }),
            None => Look::OtherWasFaster,
        })
    }
}

#[async_trait::async_trait]
impl RunQueue for PgRunQueue {
    async fn claim(&self, worker: &str, lease: Duration, most: usize) -> Result<Vec<Claimed>, Unavailable> {
        let mut taken = vec![];
        for _ in 0..most.saturating_add(LOOKS) {
            match self.look(worker, lease).await.map_err(unavailable)? {
                Look::Took(claimed) => taken.push(claimed),
                Look::OtherWasFaster => {}
                Look::Nothing => break,
            }
            if taken.len() == most {
                break;
            }
        }
        Ok(taken)
    }

    async fn renew(&self, held: &[Claimed], lease: Duration) -> Result<Vec<Renewal>, Unavailable> {
        let (tenants, tasks, leases) = columns(held);
        let query = sqlx::query_as(RENEW).bind(tenants).bind(tasks).bind(leases).bind(lease.as_secs_f64());
        let renewed: Vec<(i64, bool)> = query.fetch_all(&self.writer).await.map_err(unavailable)?;
        let mut answers = vec![Renewal::Lost; held.len()];
        for (nth, active) in renewed {
            if let Some(answer) = usize::try_from(nth - 1).ok().and_then(|at| answers.get_mut(at)) {
                *answer = if active { Renewal::Held } else { Renewal::Suspended };
            }
        }
        Ok(answers)
    }

    async fn release(&self, held: &[Claimed]) -> Result<(), Unavailable> {
        let (tenants, tasks, leases) = columns(held);
        let query = sqlx::query(RELEASE).bind(tenants).bind(tasks).bind(leases);
        query.execute(&self.writer).await.map(drop).map_err(unavailable)
    }
}

fn columns(held: &[Claimed]) -> (Vec<Uuid>, Vec<Uuid>, Vec<Uuid>) {
    let rows = held.iter().map(|claimed| (claimed.tenant.0, claimed.task.0, claimed.lease));
    rows.collect()
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn unavailable(error: sqlx::Error) -> Unavailable {
    tracing::error!(error = &error as &dyn std::error::Error, "the run queue cannot be reached");
    Unavailable
}
