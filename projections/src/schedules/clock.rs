//! Claims of due schedules: single statements, in autocommit.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use application::ports::{ClaimedSchedule, ScheduleClock, Settled, Unavailable};
use domain::{AgentId, ScheduleId, TenantId};
use sqlx::PgPool;

use crate::columns::Fields;

/// When schedules are due, on the writer's pool.
#[derive(Clone, Debug)]
pub struct PgScheduleClock {
    writer: PgPool,
    looks: Arc<AtomicU32>,
}

/// Whether another took a schedule meanwhile shows in the conflict, not in the query. What is known of its due time is
/// taken from the row as it is then.
///
/// A due time holds for the version that it follows from, or if it had come before that version was set. A time that was
/// set by a clock that has gone back since does not hold: the next one is looked for from now on, and what was done is
/// recognised by its task.
///
/// Each look is at what is due or was changed lately, however many schedules there are; of all of them it is only now and
/// then, for what was changed while nobody looked.
fn claim(candidates: &str) -> String {
    format!(
        "with candidates as ({candidates}), picked as (
            select s.tenant_id, s.id, s.agent_id, s.version, s.updated_at
            from candidates
            join schedules s using (tenant_id, id)
            left join schedule_clock c on c.tenant_id = s.tenant_id and c.schedule_id = s.id
            where (c.schedule_id is null and s.enabled or c.version <> s.version
                   or s.enabled and (c.next_at <= now() or c.settled_at > now() + interval '5 seconds'))
              and (c.claimed_until is null or c.claimed_until <= now())
            order by c.next_at nulls first
            limit $1
            for update of s skip locked
        ), claimed as (
            insert into schedule_clock as c (tenant_id, schedule_id, version, claimed_until, settled_at)
            select tenant_id, id, 0, now() + interval '30 seconds', now()
            from picked
            on conflict (tenant_id, schedule_id) do update
            set claimed_until = excluded.claimed_until
            where c.claimed_until is null or c.claimed_until <= now()
            returning c.tenant_id, c.schedule_id, c.version, c.next_at, c.settled_at, c.last_task_id, c.claimed_until
        )
        select p.tenant_id, p.id, p.agent_id, p.version,
            case when c.settled_at > now() + interval '5 seconds' then now() else p.updated_at end,
            case
                when c.settled_at > now() + interval '5 seconds' then null
                when c.version = p.version or c.next_at <= p.updated_at then c.next_at
            end,
            exists (
                select from tasks t
                where t.tenant_id = c.tenant_id and t.id = c.last_task_id
                  and t.stage in ('pending', 'queued', 'running', 'waiting_approval')
            ),
            now(), c.claimed_until
        from picked p
        join claimed c on c.tenant_id = p.tenant_id and c.schedule_id = p.id"
    )
}

const ALL: &str = "select tenant_id, id from schedules";

/// Out of three indexes; what another is at is left out, so that it does not stand before what nobody is at.
const LATELY: &str = "
    (select s.tenant_id, s.id
     from schedule_clock c
     join schedules s on s.tenant_id = c.tenant_id and s.id = c.schedule_id
     where c.next_at <= now() and (s.enabled or c.version <> s.version)
       and (c.claimed_until is null or c.claimed_until <= now())
     order by c.next_at
     limit $1)
    union
    (select s.tenant_id, s.id
     from schedule_clock c
     join schedules s on s.tenant_id = c.tenant_id and s.id = c.schedule_id
     where c.settled_at > now() + interval '5 seconds'
       and (c.claimed_until is null or c.claimed_until <= now())
     limit $1)
    union
    (select s.tenant_id, s.id
     from schedules s
     left join schedule_clock c on c.tenant_id = s.tenant_id and c.schedule_id = s.id
     where s.updated_at > now() - interval '10 minutes'
       and (c.schedule_id is null and s.enabled or c.version <> s.version)
       and (c.claimed_until is null or c.claimed_until <= now())
     limit $1)";

/// Of so many looks, which are a second apart, the first is at all schedules.
const LOOKS: u32 = 120;

static CLAIM: LazyLock<String> = LazyLock::new(|| claim(LATELY));
static CLAIM_OF_ALL: LazyLock<String> = LazyLock::new(|| claim(ALL));

const SETTLE: &str = "
    update schedule_clock
    set version = $4, next_at = $5, claimed_until = null, settled_at = now(),
        runs = runs + case when $6::uuid is null then 0 else 1 end,
        last_task_id = coalesce($6, last_task_id), last_run_at = coalesce($7, last_run_at),
        skipped = skipped + $8, last_skipped_at = coalesce($9, last_skipped_at),
        last_skip_reason = coalesce($10, last_skip_reason)
    where tenant_id = $1 and schedule_id = $2 and claimed_until = $3";

const FORGET: &str = "
    delete from schedule_clock c
    where not exists (select from schedules s where s.tenant_id = c.tenant_id and s.id = c.schedule_id)
      and (c.claimed_until is null or c.claimed_until <= now())";

impl PgScheduleClock {
    /// The clock on a pool whose connections have the writer's role.
    pub fn new(writer: PgPool) -> Self {
        Self { writer, looks: Arc::default() }
    }

    /// Forgets schedules that are gone.
    pub async fn forget_removed(&self) -> Result<u64, Unavailable> {
        let done = sqlx::query(FORGET).execute(&self.writer).await.map_err(unavailable)?;
        Ok(done.rows_affected())
    }

    async fn claimed(&self, most: usize) -> Result<Vec<ClaimedSchedule>, sqlx::Error> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let is_at_all = self.looks.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOOKS);
        let claim = if is_at_all { &*CLAIM_OF_ALL } else { &*CLAIM };
        let rows = sqlx::query(claim).bind(most).fetch_all(&self.writer).await?;
        let read = rows.iter().map(|row| {
            let mut fields = Fields::of(row);
            Ok(ClaimedSchedule {
                tenant: TenantId(fields.next()?),
                schedule: ScheduleId(fields.next()?),
                agent: AgentId(fields.next()?),
                version: fields.next()?,
                since: fields.next()?,
                next_at: fields.next()?,
                is_open: fields.next()?,
                now: fields.next()?,
                claimed_until: fields.next()?,
            })
        });
        read.collect()
    }
}

#[async_trait::async_trait]
impl ScheduleClock for PgScheduleClock {
    async fn claim(&self, most: usize) -> Result<Vec<ClaimedSchedule>, Unavailable> {
        self.claimed(most).await.map_err(unavailable)
    }

    async fn settle(&self, claimed: &ClaimedSchedule, settled: &Settled) -> Result<(), Unavailable> {
        let skipped = settled.skipped.as_ref();
        sqlx::query(SETTLE)
            .bind(claimed.tenant.0)
            .bind(claimed.schedule.0)
            .bind(claimed.claimed_until)
            .bind(claimed.version)
            .bind(settled.next_at)
            .bind(settled.made.map(|(task, _)| task.0))
            .bind(settled.made.map(|(_, due)| due))
            .bind(skipped.map_or(0, |skipped| i64::try_from(skipped.times).unwrap_or(i64::MAX)))
            .bind(skipped.map(|skipped| skipped.at))
            .bind(skipped.map(|skipped| skipped.reason))
            .execute(&self.writer)
            .await
            .map(drop)
            .map_err(unavailable)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn unavailable(error: sqlx::Error) -> Unavailable {
    tracing::error!(error = &error as &dyn std::error::Error, "schedules cannot be reached");
    Unavailable
}
