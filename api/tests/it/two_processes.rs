//! Two services on one database, each with a committer that remembers the heads it left.

use futures::future::join_all;
use serde_json::json;

use crate::support::{Session, TestApp, fresh_database};

async fn two() -> (TestApp, TestApp) {
    let database = fresh_database().await;
    (TestApp::start_on(database.clone(), &[]).await, TestApp::start_on(database, &[]).await)
}

/// Every position of the log, and of what is in it.
async fn log(app: &TestApp, person: &Session) -> Vec<(i64, String)> {
    let sql = "select position, event_type from events where tenant_id = $1 order by position";
    sqlx::query_as(sql).bind(person.tenant).fetch_all(&app.owner().await).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_of_both_stand_in_one_log_without_a_hole() {
    const ROUNDS: usize = 40;
    let (one, two) = two().await;
    let owner = one.sign_up("enterprise").await;
    let agent = json!({"name": "Agent", "agent_type": "echo"});
    let before = log(&one, &owner).await.len();
    for round in 0..ROUNDS {
        // In turns, so that each finds the head where it did not leave it; and at once, so that they meet.
        let apps = if round.is_multiple_of(2) { [&one, &two] } else { [&two, &one] };
        for app in apps {
            app.post(&owner, "/agents", agent.clone()).await.expect(201);
        }
        for answer in join_all(apps.map(|app| app.post(&owner, "/agents", agent.clone()))).await {
            answer.expect(201);
        }
    }
    let log = log(&one, &owner).await;
    let positions: Vec<i64> = log.iter().map(|(position, _)| *position).collect();
    assert_eq!(positions, (1..).take(positions.len()).collect::<Vec<i64>>());
    assert_eq!(log.len() - before, 4 * ROUNDS);
    assert_eq!(two.get(&owner, "/agents").await.expect(200)["total"], 4 * ROUNDS);
    let head = "select position, agents from tenant_heads where tenant_id = $1";
    let (position, agents): (i64, i32) =
        sqlx::query_as(head).bind(owner.tenant).fetch_one(&one.owner().await).await.unwrap();
    assert_eq!((Some(&position), usize::try_from(agents).unwrap()), (positions.last(), 4 * ROUNDS));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_refused_for_what_another_process_has_given_back() {
    let (one, two) = two().await;
    let owner = one.sign_up("free").await;
    let agent = json!({"name": "Agent", "agent_type": "echo"});
    let mut last = String::new();
    for _ in 0..5 {
        last = one.agent(&owner).await;
    }
    for _ in 0..3 {
        one.post(&owner, "/agents", agent.clone()).await.expect_problem(403, "quota_exceeded");
        two.delete(&owner, &format!("/agents/{last}")).await.expect(204);
        last = one.agent(&owner).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_remembers_of_agents_and_tasks_is_no_reason_to_refuse_or_to_do_nothing() {
    let (one, two) = two().await;
    let owner = one.sign_up("enterprise").await;
    let agent = one.running_agent(&owner).await;
    for _ in 0..3 {
        let new = json!({"agent_id": agent, "name": "Task", "input_data": {"prompt": "Hello"}});
        let task = one.post(&owner, "/tasks", new.clone()).await.expect(201)["id"].clone();
        let execute = format!("/tasks/{}/execute", task.as_str().unwrap());
        // The other process stops the agent, which this one remembers as running.
        two.post(&owner, &format!("/agents/{agent}/stop"), json!({})).await.expect(200);
        one.post(&owner, &execute, json!({})).await.expect_problem(409, "agent.not_running");
        // And starts it, which this one has just seen stopped.
        two.post(&owner, &format!("/agents/{agent}/start"), json!({})).await.expect(200);
        one.post(&owner, &execute, json!({})).await.expect(202);
        let path = format!("/tasks/{}", task.as_str().unwrap());
        two.until(&owner, &path, |task| task["status"] == "completed").await;
        // What ended in whichever process ran it is ended for both.
        for app in [&one, &two] {
            let cancelled = app.post(&owner, &format!("{path}/cancel"), json!({"reason": "late"})).await;
            assert_eq!(cancelled.status, 409, "{}", cancelled.body);
        }
        let gone = two.post(&owner, "/tasks", new).await.expect(201)["id"].as_str().unwrap().to_owned();
        one.post(&owner, &format!("/tasks/{gone}/cancel"), json!({"reason": "first"})).await.expect(200);
        two.post(&owner, &format!("/tasks/{gone}/execute"), json!({}))
            .await
            .expect_problem(409, "task.ended");
    }
}
