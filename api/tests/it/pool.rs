//! Few connections and many organisations: what one leaves on a connection must not reach the next.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::join_all;
use rand::Rng;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::scale::scaled;
use crate::support::{Session, TestApp, fresh_database};

const ORGANISATIONS: usize = 200;
const CLIENTS: usize = 8;
/// At full size, of all clients.
const REQUESTS: usize = 100_000;
/// Lists of rows, each with its organisation.
const LISTS: [&str; 4] = ["/agents", "/tasks", "/tenants/users", "/audit/events"];

#[tokio::test(flavor = "multi_thread")]
async fn no_row_of_another_organisation_comes_through_connections_that_were_given_up_or_killed() {
    let app = TestApp::start_on(fresh_database().await, &["--connections=2", "--workers=0"]).await;
    let found = futures::stream::iter(0..ORGANISATIONS).map(|_| async {
        let owner = app.sign_up("free").await;
        let agent = app.running_agent(&owner).await;
        app.post(&owner, "/tasks", json!({"name": "Task", "agent_id": agent})).await.expect(201);
        owner
    });
    let owners: Vec<Session> = found.buffer_unordered(8).collect().await;
    let database = app.owner().await;
    let is_over = AtomicBool::new(false);
    let asking = async {
        let each = scaled(REQUESTS) / CLIENTS;
        let answered: usize =
            join_all((0..CLIENTS).map(|_| ask(&app, &owners, each))).await.into_iter().sum();
        is_over.store(true, Ordering::Relaxed);
        answered
    };
    let (answered, hit) = tokio::join!(asking, disturb(&database, &is_over));
    let [killed, cancelled] = hit;
    assert!(answered > scaled(REQUESTS) / 4, "{answered} answered");
    assert!(killed > 0 && cancelled > 0, "{killed} killed, {cancelled} cancelled");
}

/// Asks as one organisation after the other, and often goes away before the answer. Returns how often there was one.
async fn ask(app: &TestApp, owners: &[Session], requests: usize) -> usize {
    let mut answered = 0;
    for _ in 0..requests {
        let (owner, list, patience) = {
            let mut random = rand::rng();
            let patience = if random.random_bool(0.5) { random.random_range(0..20) } else { 30_000 };
            let owner = owners.choose(&mut random).unwrap();
            (owner, LISTS.choose(&mut random).unwrap(), Duration::from_millis(patience))
        };
        let Ok(answer) = tokio::time::timeout(patience, app.get(owner, list)).await else { continue };
        if answer.status != 503 {
            let page = answer.expect(200);
            let own = Value::String(owner.tenant.to_string());
            let rows = page["items"].as_array().unwrap();
            let all_own = rows.iter().all(|row| row["tenant_id"] == own);
            assert!(all_own && page["total"] == rows.len() && !rows.is_empty(), "{list}: {page}");
            answered += 1;
        }
    }
    answered
}

/// Now and then kills a connection that a query is on, or cancels the query as its timeout does. Returns how many of each.
async fn disturb(database: &PgPool, is_over: &AtomicBool) -> [i64; 2] {
    let mut hit = [0; 2];
    for turn in (0..2).cycle() {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let how = ["pg_terminate_backend", "pg_cancel_backend"][turn];
        let sql = format!(
            "select count(*) from (
                 select {how}(pid) from pg_stat_activity
                 where datname = current_database() and state <> 'idle' and query like '%tenant_id%'
                   and pid <> pg_backend_pid()
                 limit 1) gone"
        );
        hit[turn] += sqlx::query_scalar::<_, i64>(&sql).fetch_one(database).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    hit
}
