//! Statements that take too long: a request's is cancelled, and the request told to come back.

use std::time::Duration;

use serde_json::json;
use sqlx::Executor;

use crate::support::{TestApp, fresh_database, settings};

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_of_a_request_is_cancelled_after_its_time_and_one_of_the_writer_is_waited_for() {
    let app = TestApp::start_on(fresh_database().await, &["--statement-timeout-ms=100"]).await;
    let owner = app.sign_up("free").await;
    let database = app.owner().await;
    let mut locking = database.begin().await.unwrap();
    locking.execute("lock table agents in access exclusive mode").await.unwrap();
    let answer = app.get(&owner, "/agents").await;
    assert_eq!(answer.header("retry-after"), "2");
    let told = answer.expect_problem(503, "unavailable");
    for word in ["statement", "timeout", "cancel", "agents", "select", "lock"] {
        assert!(!told["detail"].as_str().unwrap().to_lowercase().contains(word), "{told}");
    }
    // Whatever does not need that table goes on, on the connections that were waited on.
    app.get(&owner, "/auth/me").await.expect(200);
    let agent = json!({"name": "Agent", "agent_type": "echo"});
    let waits = "select exists (
            select from pg_locks l join pg_class c on c.oid = l.relation
            where not l.granted and c.relname = 'agents' and l.mode = 'RowExclusiveLock')";
    let while_it_waits = async {
        let (mut asked, mut given_up) = (0, 0);
        while given_up < 3 {
            // Who waited for the lock as long as it may be waited for at all would outlast the writer.
            asked += 1;
            assert!(asked < 100, "the writer does not wait");
            app.get(&owner, "/agents").await.expect_problem(503, "unavailable");
            let is_waiting: bool = sqlx::query_scalar(waits).fetch_one(&mut *locking).await.unwrap();
            given_up += i32::from(is_waiting);
        }
        locking.rollback().await.unwrap();
    };
    let (created, ()) = tokio::join!(app.post(&owner, "/agents", agent), while_it_waits);
    created.expect(201);
    assert_eq!(app.get(&owner, "/agents").await.expect(200)["total"], 1);
}

#[test]
fn a_statement_of_a_request_has_five_seconds_unless_told_otherwise() {
    assert_eq!(settings(&[]).storage.statement_timeout(), Duration::from_secs(5));
}
