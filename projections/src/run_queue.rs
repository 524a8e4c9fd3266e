//! The run queue: the table `run_queue`, and how workers take tasks from it.

mod claim;

use std::collections::BTreeSet;

use domain::agent::AgentEvent;
use domain::task::TaskEvent;
use domain::tenant::TenantEvent;
use domain::{Event, Recorded};
use infrastructure::postgres::Projector;
use sqlx::PgConnection;
use uuid::Uuid;

pub use claim::PgRunQueue;

/// The tasks that wait for a worker or have one: a narrow cut of the table `tasks`, so that a claim looks at
/// nothing else. It follows from what the tasks projector wrote just before it, in the same transaction; a rebuild
/// of the queue reads the live tasks, so tasks are rebuilt first if both are wrong.
///
/// Beside the live table the projector keeps what follows from the commit and is no read model: the lease of an attempt
/// goes with the attempt, and a tenant of which something may be taken from now on is woken.
pub(crate) struct RunQueue {
    live: String,
}

const TABLE: &str = "run_queue";

/// Tenants of whom something may be taken from now on. Before leases are taken away, in the order in which a release
/// takes its locks.
const WAKE: &str = "select wake_turns($1)";

impl RunQueue {
    pub(crate) fn new() -> Self {
        Self { live: format!("with {ENDED}, {}", changes(TABLE)) }
    }
}

/// In the order of the key, so that neither two batches nor a batch and a heartbeat wait for each other.
const ENDED: &str = "ended as (
        delete from task_leases as l
        using (
            select h.tenant_id, h.task_id
            from unnest($3::uuid[], $4::uuid[]) as e (tenant_id, task_id)
            join task_leases h on h.tenant_id = e.tenant_id and h.task_id = e.task_id
            order by h.tenant_id, h.task_id
            for update of h
        ) e
        where l.tenant_id = e.tenant_id and l.task_id = e.task_id
    )";

fn changes(table: &str) -> String {
    format!(
        "touched as (
            select k.tenant_id, k.task_id, t.agent_id, t.priority, t.queued_at, t.not_before, t.stage,
                   case when t.stage = 'queued'
                        then greatest(t.queued_at, t.not_before) + make_interval(secs => t.queue_timeout_seconds)
                   end as expires_at
            from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, task_id)
            left join tasks t
              on t.tenant_id = k.tenant_id and t.id = k.task_id and t.stage in ('queued', 'running')
        ), gone as (
            delete from {table} as q
            using touched k
            where q.tenant_id = k.tenant_id and q.task_id = k.task_id and k.stage is null
        )
        insert into {table} (tenant_id, task_id, agent_id, priority, queued_at, not_before, state, expires_at)
        select tenant_id, task_id, agent_id, priority, queued_at, not_before, stage, expires_at
        from touched
        where stage is not null
        on conflict (tenant_id, task_id) do update
        set agent_id = excluded.agent_id,
            priority = excluded.priority,
            queued_at = excluded.queued_at,
            not_before = excluded.not_before,
            state = excluded.state,
            expires_at = excluded.expires_at"
    )
}

#[async_trait::async_trait]
impl Projector for RunQueue {
    fn name(&self) -> &'static str {
        TABLE
    }

    async fn project(
        &self,
        conn: &mut PgConnection,
        table: &str,
        batch: &[Recorded],
    ) -> Result<(), sqlx::Error> {
        let Effects { touched, ended, woken } = Effects::of(batch);
        if table != TABLE {
            let statement = format!("with {}", changes(table));
            return match split(touched) {
                (tenants, _) if tenants.is_empty() => Ok(()),
                (tenants, tasks) => {
                    sqlx::query(&statement).bind(tenants).bind(tasks).execute(conn).await.map(drop)
                }
            };
        }
        if !woken.is_empty() {
            sqlx::query(WAKE).bind(Vec::from_iter(woken)).execute(&mut *conn).await?;
        }
        if !touched.is_empty() {
            let ((tenants, tasks), (of, ended)) = (split(touched), split(ended));
            let query = sqlx::query(&self.live).bind(tenants).bind(tasks).bind(of).bind(ended);
            query.execute(conn).await?;
        }
        Ok(())
    }
}

/// What a batch means for the queue.
#[derive(Default)]
struct Effects {
    /// The tasks whose place in the queue may have changed; one that was only created has none yet.
    touched: BTreeSet<(Uuid, Uuid)>,
    /// The tasks that no worker has any more.
    ended: BTreeSet<(Uuid, Uuid)>,
    /// The tenants of whom something may be taken that could not be before.
    woken: BTreeSet<Uuid>,
}

impl Effects {
    fn of(batch: &[Recorded]) -> Self {
        use TaskEvent as T;
        let mut effects = Self::default();
        for recorded in batch {
            let (tenant, id) = (recorded.stream.tenant.0, recorded.stream.id);
            match &recorded.event {
                Event::Task(T::AttemptStarted { .. }) => {
                    effects.touched.insert((tenant, id));
                }
                Event::Task(
                    T::Amended { .. }
                    | T::Queued { .. }
                    | T::Retried {}
                    | T::ApprovalDecided { .. }
                    | T::ApprovalExpired { .. },
                ) => {
                    effects.touched.insert((tenant, id));
                    effects.woken.insert(tenant);
                }
                Event::Task(
                    T::ApprovalRequested { .. }
                    | T::HandedBack { .. }
                    | T::Completed { .. }
                    | T::AttemptFailed { .. }
                    | T::Failed { .. }
                    | T::Cancelled { .. }
                    | T::Withdrawn {},
                ) => {
                    effects.touched.insert((tenant, id));
                    effects.ended.insert((tenant, id));
                    effects.woken.insert(tenant);
                }
                Event::Agent(event) => match event {
                    AgentEvent::Started {} | AgentEvent::Resumed {} | AgentEvent::Changed { .. } => {
                        effects.woken.insert(tenant);
                    }
                    AgentEvent::Created { .. }
                    | AgentEvent::Stopped {}
                    | AgentEvent::Paused { .. }
                    | AgentEvent::Failed { .. }
                    | AgentEvent::BudgetSet { .. }
                    | AgentEvent::ScheduleCreated { .. }
                    | AgentEvent::ScheduleChanged { .. }
                    | AgentEvent::ScheduleRemoved { .. }
                    | AgentEvent::Terminated {} => {}
                },
                Event::Tenant(event) => match event {
                    TenantEvent::SubscriptionChanged { .. }
                    | TenantEvent::Reactivated {}
                    | TenantEvent::WorkReopened {} => {
                        effects.woken.insert(tenant);
                    }
                    TenantEvent::Created { .. }
                    | TenantEvent::DetailsChanged { .. }
                    | TenantEvent::SettingsChanged { .. }
                    | TenantEvent::Suspended { .. }
                    | TenantEvent::WorkStopped { .. }
                    | TenantEvent::ApiKeyCreated { .. }
                    | TenantEvent::ApiKeyRevoked { .. }
                    | TenantEvent::ApiKeyRotated { .. }
                    | TenantEvent::ProviderKeySet { .. }
                    | TenantEvent::BudgetSet { .. }
                    | TenantEvent::ProviderKeyRemoved { .. } => {}
                },
                Event::Task(T::Created { .. } | T::StepStarted { .. } | T::StepEnded { .. })
                | Event::User(_) => {}
            }
        }
        effects
    }
}

fn split(keys: BTreeSet<(Uuid, Uuid)>) -> (Vec<Uuid>, Vec<Uuid>) {
    keys.into_iter().unzip()
}
