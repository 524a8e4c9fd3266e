//! What is in the database after all that, held against the ledger.

use std::collections::{HashMap, HashSet};

use api::wire::{embedded_options, rebuilding};
use infrastructure::embedded::{Durability, EmbeddedPostgres};
use infrastructure::postgres::LogPages;
use sqlx::PgPool;
use uuid::Uuid;

use crate::service::Service;
use crate::writers::{Entry, Ledger, Step};

#[derive(sqlx::FromRow)]
struct Logged {
    tenant_id: Uuid,
    position: i64,
    aggregate_id: Uuid,
    sequence: i64,
    event_type: String,
    /// The name that an agent or a task was created with.
    marker: Option<String>,
    event_id: Uuid,
    leaf_hash: Vec<u8>,
}

/// Looks at what the service left, as the owner of its database.
pub(crate) async fn check(service: &Service, ledger: &Ledger) {
    let settings = service.settings();
    let server =
        EmbeddedPostgres::start(embedded_options(&settings.storage, Durability::Durable)).await.unwrap();
    let (pool, pages) = rebuilding(&settings, server.owner()).await.unwrap();
    let log = read_log(&pool).await;
    assert_no_holes(&log);
    assert_acknowledged_is_logged_once(&log, &ledger.entries);
    assert!(ledger.repeated() > 0, "no kill hit a command, so nothing was proven");
    assert_heads_count_the_log(&pool).await;
    assert_every_task_ended(&pool, &ledger.entries).await;
    assert_read_models_equal_a_rebuild(&pool, &pages).await;
    pool.close().await;
    server.stop().await.unwrap();
}

async fn read_log(pool: &PgPool) -> Vec<Logged> {
    let sql = "
        select tenant_id, position, aggregate_id, sequence, event_type, event_id, leaf_hash,
            payload -> 'created' ->> 'name' as marker
        from events
        order by tenant_id, position";
    sqlx::query_as(sql).fetch_all(pool).await.unwrap()
}

fn assert_no_holes(log: &[Logged]) {
    let (mut positions, mut sequences) = (HashMap::<_, i64>::new(), HashMap::<_, i64>::new());
    let (mut ids, mut leaves) = (HashSet::new(), HashSet::new());
    for event in log {
        let (position, sequence) =
            (positions.entry(event.tenant_id).or_default(), sequences.entry(event.aggregate_id).or_default());
        *position += 1;
        *sequence += 1;
        assert_eq!(event.position, *position, "positions of {}", event.tenant_id);
        assert_eq!(event.sequence, *sequence, "sequences of {}", event.aggregate_id);
        assert_eq!(event.leaf_hash.len(), 32);
        assert!(ids.insert(event.event_id) && leaves.insert(&event.leaf_hash), "an event is there twice");
    }
}

fn assert_acknowledged_is_logged_once(log: &[Logged], entries: &[Entry]) {
    let mut markers: HashMap<(&str, &str), u32> = HashMap::new();
    let mut done: HashMap<(&str, Uuid, Uuid), Vec<i64>> = HashMap::new();
    for event in log {
        if let Some(marker) = event.marker.as_deref().filter(|marker| marker.starts_with("writer")) {
            *markers.entry((&event.event_type, marker)).or_default() += 1;
        }
        done.entry((&event.event_type, event.tenant_id, event.aggregate_id))
            .or_default()
            .push(event.position);
    }
    for (marker, times) in &markers {
        assert_eq!(*times, 1, "{marker:?}");
    }
    for entry in entries {
        let event = entry.step.event();
        let positions = done.get(&(event, entry.tenant, entry.resource)).map_or(&[][..], Vec::as_slice);
        assert_eq!(positions.len(), 1, "{entry:?}: {positions:?}");
        // Keys are for POST: a change that is found done already answers with the log's end.
        match entry.step {
            Step::ChangeAgent if entry.tries > 1 => assert!(positions[0] <= entry.position, "{entry:?}"),
            _ => assert_eq!(positions[0], entry.position, "{entry:?}"),
        }
        if matches!(entry.step, Step::CreateAgent | Step::CreateTask) {
            assert_eq!(markers.get(&(event, entry.marker.as_str())), Some(&1), "{entry:?}");
        }
    }
    // Writers repeat until they are answered, so there is nothing that they do not know of.
    for step in Step::ALL {
        let logged = log.iter().filter(|logged| logged.event_type == step.event()).count();
        assert_eq!(logged, entries.iter().filter(|entry| entry.step == step).count(), "{step:?}");
    }
    let keys: HashSet<_> = entries.iter().map(|entry| entry.key).collect();
    assert_eq!(keys.len(), entries.len());
}

/// Tenant, position, and what its head counts.
type Counts = Vec<(Uuid, i64, i32, i32, i32, i32)>;

/// The counters that limits are held against, and the position that the next event follows.
async fn assert_heads_count_the_log(pool: &PgPool) {
    let of_head = "select tenant_id, position, agents, users, owners, tasks from tenant_heads order by 1";
    let of_log = "
        select e.tenant_id, max(e.position), count(*) filter (where event_type = 'agent.created')::int,
            count(*) filter (where event_type = 'user.registered')::int,
            count(*) filter (where event_type = 'user.registered')::int,
            count(*) filter (
                where event_type = 'task.created'
                    and extract(year from e.recorded_at at time zone 'UTC') * 12
                        + extract(month from e.recorded_at at time zone 'UTC') - 1 = h.tasks_month
            )::int
        from events e join tenant_heads h using (tenant_id)
        group by 1
        order by 1";
    let head: Counts = sqlx::query_as(of_head).fetch_all(pool).await.unwrap();
    let log: Counts = sqlx::query_as(of_log).fetch_all(pool).await.unwrap();
    assert_eq!(head, log);
}

async fn assert_every_task_ended(pool: &PgPool, entries: &[Entry]) {
    let sql = "select stage, count(*) from tasks group by 1";
    let stages: HashMap<String, i64> =
        sqlx::query_as(sql).fetch_all(pool).await.unwrap().into_iter().collect();
    let ended: i64 = ["completed", "failed"].iter().filter_map(|stage| stages.get(*stage)).sum();
    let executed = entries.iter().filter(|entry| entry.step == Step::ExecuteTask).count();
    assert_eq!(usize::try_from(ended).unwrap(), executed, "{stages:?}");
    let sql = "
        select count(*) filter (where event_type = 'task.attempt_started'),
            count(*) filter (where event_type in ('task.completed', 'task.attempt_failed')),
            count(*) filter (where event_type = 'task.attempt_failed')
        from events";
    let (started, ended, lost): (i64, i64, i64) = sqlx::query_as(sql).fetch_one(pool).await.unwrap();
    assert_eq!(started, ended, "attempts that were begun and attempts that ended");
    eprintln!("{executed} tasks in {started} attempts, {lost} of them lost with their worker: {stages:?}");
    let waiting: i64 = sqlx::query_scalar("select count(*) from run_queue").fetch_one(pool).await.unwrap();
    assert_eq!(waiting, 0, "tasks in the run queue");
}

async fn assert_read_models_equal_a_rebuild(pool: &PgPool, pages: &LogPages) {
    for projector in projections::inline().iter() {
        let name = projector.name();
        let live = rows_of(pool, name).await;
        projections::rebuild(pool, pages, projector.as_ref(), |_| {}).await.unwrap();
        let rebuilt = rows_of(pool, name).await;
        let different = live.iter().zip(&rebuilt).find(|(live, rebuilt)| live != rebuilt);
        assert_eq!(different, None, "{name}");
        assert_eq!(live.len(), rebuilt.len(), "{name}");
    }
}

async fn rows_of(pool: &PgPool, table: &str) -> Vec<String> {
    let sql = format!("select to_jsonb(t)::text from {table} t order by 1");
    sqlx::query_scalar(&sql).fetch_all(pool).await.unwrap()
}
