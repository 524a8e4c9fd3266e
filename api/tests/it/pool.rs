//! Few connections and many organisations: what one leaves on a connection must not reach the next.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join_all;
use rand::Rng;
use rand::seq::IndexedRandom;
use serde_json::Value;
use sqlx::PgPool;

use crate::support::{Session, TestApp, fresh_database};

const ORGANISATIONS: usize = 20;
const CLIENTS: usize = 8;
const REQUESTS: usize = 400;

#[tokio::test(flavor = "multi_thread")]
async fn no_row_of_another_organisation_comes_through_connections_that_were_given_up_or_killed() {
    let app = TestApp::start_on(fresh_database().await, &["--connections=2"]).await;
    let mut owners = vec![];
    for _ in 0..ORGANISATIONS {
        let owner = app.sign_up("free").await;
        app.agent(&owner).await;
        owners.push(owner);
    }
    let database = app.owner().await;
    let is_over = AtomicBool::new(false);
    let asking = async {
        let answered: usize = join_all((0..CLIENTS).map(|_| ask(&app, &owners))).await.into_iter().sum();
        is_over.store(true, Ordering::Relaxed);
        answered
    };
    let (answered, killed) = tokio::join!(asking, kill(&database, &is_over));
    assert!(answered > CLIENTS * REQUESTS / 4 && killed > 0, "{answered} answered, {killed} killed");
}

/// Asks as one organisation after the other, and often goes away before the answer. Returns how often there was one.
async fn ask(app: &TestApp, owners: &[Session]) -> usize {
    let mut answered = 0;
    for _ in 0..REQUESTS {
        let (owner, patience) = {
            let mut random = rand::rng();
            let patience = if random.random_bool(0.5) { random.random_range(0..20) } else { 30_000 };
            (owners.choose(&mut random).unwrap(), Duration::from_millis(patience))
        };
        let Ok(answer) = tokio::time::timeout(patience, app.get(owner, "/agents")).await else { continue };
        if answer.status != 503 {
            let page = answer.expect(200);
            let own = Value::String(owner.tenant.to_string());
            let rows = page["items"].as_array().unwrap();
            assert!(page["total"] == 1 && rows.len() == 1 && rows[0]["tenant_id"] == own, "{page}");
            answered += 1;
        }
    }
    answered
}

/// Kills the connections of readers now and then. Returns how many.
async fn kill(database: &PgPool, is_over: &AtomicBool) -> usize {
    let mut killed = 0;
    while !is_over.load(Ordering::Relaxed) {
        let sql = "select count(*) from (
                select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and query like '%from agents%' and pid <> pg_backend_pid()
                limit 1) gone";
        let gone: i64 = sqlx::query_scalar(sql).fetch_one(database).await.unwrap();
        killed += usize::try_from(gone).unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    killed
}
