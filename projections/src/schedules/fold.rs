use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::agent::{AgentEvent, Schedule};
use domain::{Event, Recorded};
use infrastructure::postgres::Projector;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::columns::{array, integer};

/// The read model. A schedule is one of several in its agent's stream, so it is no keyed fold.
pub(crate) struct Schedules {
    live: Statements,
}

const TABLE: &str = "schedules";

struct Statements {
    save: String,
    remove: String,
}

/// What a batch makes of a schedule.
#[derive(Debug, PartialEq)]
pub(super) enum Change<'b> {
    Set(Set<'b>),
    Removed,
}

#[derive(Debug, PartialEq)]
pub(super) struct Set<'b> {
    pub(super) agent: Uuid,
    pub(super) schedule: &'b Schedule,
    /// How many events of the batch set it.
    pub(super) times: i64,
    pub(super) sequence: i64,
    /// When the first of them was recorded, and the last.
    pub(super) since: DateTime<Utc>,
    pub(super) at: DateTime<Utc>,
}

type Key = (Uuid, Uuid);

impl Schedules {
    pub(crate) fn new() -> Self {
        Self { live: Statements::new(TABLE) }
    }
}

impl Statements {
    /// A set that the row holds already is passed over by its sequence.
    fn new(table: &str) -> Self {
        Self {
            save: format!(
                "insert into {table} as t (
                    tenant_id, id, agent_id, name, cron, time_zone, task_type, input_data, priority, timeout_seconds,
                    max_attempts, queue_timeout_seconds, overlap, catch_up, enabled, created_by, sequence, version,
                    created_at, updated_at
                )
                select * from unnest(
                    $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                    $9::integer[], $10::integer[], $11::integer[], $12::integer[], $13::text[], $14::text[],
                    $15::boolean[], $16::uuid[], $17::bigint[], $18::bigint[], $19::timestamptz[], $20::timestamptz[]
                )
                on conflict (tenant_id, id) do update
                set name = excluded.name, cron = excluded.cron, time_zone = excluded.time_zone,
                    task_type = excluded.task_type, input_data = excluded.input_data, priority = excluded.priority,
                    timeout_seconds = excluded.timeout_seconds, max_attempts = excluded.max_attempts,
                    queue_timeout_seconds = excluded.queue_timeout_seconds, overlap = excluded.overlap,
                    catch_up = excluded.catch_up, enabled = excluded.enabled, sequence = excluded.sequence,
                    version = t.version + excluded.version, updated_at = excluded.updated_at
                where t.sequence < excluded.sequence"
            ),
            remove: format!(
                "delete from {table} as t using unnest($1::uuid[], $2::uuid[]) as k (tenant_id, id)
                 where t.tenant_id = k.tenant_id and t.id = k.id"
            ),
        }
    }
}

/// What is left of a batch, by schedule.
pub(super) fn fold(batch: &[Recorded]) -> HashMap<Key, Change<'_>> {
    let mut changes = HashMap::new();
    for recorded in batch {
        let Event::Agent(event) = &recorded.event else { continue };
        let tenant = recorded.stream.tenant.0;
        match event {
            AgentEvent::ScheduleCreated { schedule_id, schedule }
            | AgentEvent::ScheduleChanged { schedule_id, schedule } => {
                let key = (tenant, schedule_id.0);
                let (times, since) = match changes.get(&key) {
                    Some(Change::Set(before)) => (before.times + 1, before.since),
                    Some(Change::Removed) | None => (1, recorded.recorded_at),
                };
                let set = Set {
                    agent: recorded.stream.id,
                    schedule,
                    times,
                    sequence: recorded.sequence,
                    since,
                    at: recorded.recorded_at,
                };
                changes.insert(key, Change::Set(set));
            }
            AgentEvent::ScheduleRemoved { schedule_id } => {
                changes.insert((tenant, schedule_id.0), Change::Removed);
            }
            AgentEvent::Created { .. }
            | AgentEvent::Changed { .. }
            | AgentEvent::BudgetSet { .. }
            | AgentEvent::Started {}
            | AgentEvent::Stopped {}
            | AgentEvent::Paused { .. }
            | AgentEvent::Resumed {}
            | AgentEvent::Failed { .. }
            | AgentEvent::Terminated {} => {}
        }
    }
    changes
}

#[async_trait::async_trait]
impl Projector for Schedules {
    fn name(&self) -> &'static str {
        TABLE
    }

    async fn project(
        &self,
        conn: &mut PgConnection,
        table: &str,
        batch: &[Recorded],
    ) -> Result<(), sqlx::Error> {
        let changes = fold(batch);
        if changes.is_empty() {
            return Ok(());
        }
        let shadow;
        let statements = if table == TABLE {
            &self.live
        } else {
            shadow = Statements::new(table);
            &shadow
        };
        let (mut sets, mut removed): (Vec<(Key, Set<'_>)>, Vec<Key>) = (vec![], vec![]);
        for (key, change) in changes {
            match change {
                Change::Set(set) => sets.push((key, set)),
                Change::Removed => removed.push(key),
            }
        }
        if !sets.is_empty() {
            save(&statements.save, &sets, conn).await?;
        }
        if !removed.is_empty() {
            let (tenants, ids): (Vec<Uuid>, Vec<Uuid>) = removed.into_iter().unzip();
            sqlx::query(&statements.remove).bind(tenants).bind(ids).execute(conn).await?;
        }
        Ok(())
    }
}

async fn save(sql: &str, sets: &[(Key, Set<'_>)], conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(sql)
        .bind(array(sets, |((tenant, _), _)| *tenant))
        .bind(array(sets, |((_, id), _)| *id))
        .bind(array(sets, |(_, set)| set.agent))
        .bind(array(sets, |(_, set)| set.schedule.name.as_str()))
        .bind(array(sets, |(_, set)| set.schedule.cron.as_str()))
        .bind(array(sets, |(_, set)| set.schedule.time_zone.as_str()))
        .bind(array(sets, |(_, set)| set.schedule.task_type.as_str()))
        .bind(array(sets, |(_, set)| set.schedule.input_data.as_str()))
        .bind(array(sets, |(_, set)| integer(set.schedule.priority.get())))
        .bind(array(sets, |(_, set)| integer(set.schedule.timeout_seconds.get())))
        .bind(array(sets, |(_, set)| integer(set.schedule.max_attempts.get())))
        .bind(array(sets, |(_, set)| set.schedule.queue_timeout_seconds.map(|limit| integer(limit.get()))))
        .bind(array(sets, |(_, set)| set.schedule.overlap.as_str()))
        .bind(array(sets, |(_, set)| set.schedule.catch_up.as_str()))
        .bind(array(sets, |(_, set)| set.schedule.enabled))
        .bind(array(sets, |(_, set)| set.schedule.created_by.map(|user| user.0)))
        .bind(array(sets, |(_, set)| set.sequence))
        .bind(array(sets, |(_, set)| set.times))
        .bind(array(sets, |(_, set)| set.since))
        .bind(array(sets, |(_, set)| set.at))
        .execute(conn)
        .await
        .map(drop)
}
