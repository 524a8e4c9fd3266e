//! The run queue: the table `run_queue`, and how workers take tasks from it.

mod claim;

use std::collections::HashSet;

use domain::task::TaskEvent;
use domain::{Event, Recorded};
use infrastructure::postgres::Projector;
use sqlx::PgConnection;
use uuid::Uuid;

pub use claim::PgRunQueue;

/// The tasks that wait for a worker or have one: a narrow cut of the table `tasks`, so that a claim looks at
/// nothing else. It follows from what the tasks projector wrote just before it, in the same transaction; a rebuild
/// of the queue reads the live tasks, so tasks are rebuilt first if both are wrong.
pub(crate) struct RunQueue {
    live: String,
}

const TABLE: &str = "run_queue";

impl RunQueue {
    pub(crate) fn new() -> Self {
        Self { live: statement(TABLE) }
    }
}

fn statement(table: &str) -> String {
    format!(
        "with touched as (
            select k.tenant_id, k.task_id, t.agent_id, t.priority, t.queued_at, t.not_before, t.stage
            from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, task_id)
            left join tasks t
              on t.tenant_id = k.tenant_id and t.id = k.task_id and t.stage in ('queued', 'running')
        ), gone as (
            delete from {table} as q
            using touched k
            where q.tenant_id = k.tenant_id and q.task_id = k.task_id and k.stage is null
        )
        insert into {table} (tenant_id, task_id, agent_id, priority, queued_at, not_before, state)
        select tenant_id, task_id, agent_id, priority, queued_at, not_before, stage
        from touched
        where stage is not null
        on conflict (tenant_id, task_id) do update
        set agent_id = excluded.agent_id,
            priority = excluded.priority,
            queued_at = excluded.queued_at,
            not_before = excluded.not_before,
            state = excluded.state"
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
        let touched = touched(batch);
        if touched.is_empty() {
            return Ok(());
        }
        let (tenants, tasks): (Vec<Uuid>, Vec<Uuid>) = touched.into_iter().unzip();
        let shadow;
        let statement = if table == TABLE {
            &self.live
        } else {
            shadow = statement(table);
            &shadow
        };
        sqlx::query(statement).bind(tenants).bind(tasks).execute(conn).await?;
        Ok(())
    }
}

/// The tasks whose place in the queue may have changed; one that was only created has none yet.
fn touched(batch: &[Recorded]) -> HashSet<(Uuid, Uuid)> {
    let concerns = |event: &Event| match event {
        Event::Task(
            TaskEvent::Created { .. } | TaskEvent::StepStarted { .. } | TaskEvent::StepEnded { .. },
        )
        | Event::Tenant(_)
        | Event::User(_)
        | Event::Agent(_) => false,
        Event::Task(
            TaskEvent::Amended { .. }
            | TaskEvent::Queued { .. }
            | TaskEvent::AttemptStarted { .. }
            | TaskEvent::ApprovalRequested { .. }
            | TaskEvent::ApprovalDecided { .. }
            | TaskEvent::ApprovalExpired { .. }
            | TaskEvent::HandedBack { .. }
            | TaskEvent::Completed { .. }
            | TaskEvent::AttemptFailed { .. }
            | TaskEvent::Failed { .. }
            | TaskEvent::Retried {}
            | TaskEvent::Cancelled { .. }
            | TaskEvent::Withdrawn {},
        ) => true,
    };
    let events = batch.iter().filter(|recorded| concerns(&recorded.event));
    events.map(|recorded| (recorded.stream.tenant.0, recorded.stream.id)).collect()
}
