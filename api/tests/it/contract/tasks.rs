//! The life of a task.

use serde_json::{Value, json};

use crate::support::{Session, TestApp, fresh_database};

const FAR: &str = "2999-01-01T00:00:00Z";

/// A new task of the agent, by its path.
async fn task(app: &TestApp, by: &Session, agent: &str, more: Value) -> String {
    let mut body = json!({"name": "Task", "agent_id": agent});
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    let task = app.post(by, "/tasks", body).await.expect(201);
    assert_eq!((&task["status"], &task["queued_at"]), (&json!("pending"), &Value::Null));
    format!("/tasks/{}", task["id"].as_str().unwrap())
}

/// Queued, and not due in our lifetime.
async fn waiting_task(app: &TestApp, by: &Session, agent: &str) -> String {
    let task = task(app, by, agent, json!({"scheduled_at": FAR})).await;
    let queued = app.post(by, &format!("{task}/execute"), json!({})).await.expect(202);
    assert_eq!(queued["status"], "pending");
    assert!(queued["queued_at"].is_string());
    task
}

async fn completed_task(app: &TestApp, by: &Session, agent: &str) -> String {
    let task = task(app, by, agent, Value::Null).await;
    app.post(by, &format!("{task}/execute"), json!({})).await.expect(202);
    app.until(by, &task, |task| task["status"] == "completed").await;
    task
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_executed_only_while_its_agent_runs() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = app.agent(&owner).await;
    let task = task(&app, &owner, &agent, Value::Null).await;
    let execute = async || app.post(&owner, &format!("{task}/execute"), json!({})).await;
    let order = async |verb: &str| app.post(&owner, &format!("/agents/{agent}/{verb}"), json!({})).await;
    execute().await.expect_problem(409, "agent.not_running");
    order("start").await.expect(200);
    order("pause").await.expect(200);
    execute().await.expect_problem(409, "agent.not_running");
    app.delete(&owner, &format!("/agents/{agent}")).await.expect(204);
    // The task is there to see: it is its agent that is missing.
    app.get(&owner, &task).await.expect(200);
    execute().await.expect_problem(409, "agent.not_running");
    app.post(&owner, &format!("{task}/cancel"), json!({})).await.expect(200);
    app.post(&owner, &format!("{task}/retry"), json!({})).await.expect_problem(409, "agent.not_running");
    let body = json!({"name": "Task", "agent_id": agent});
    let problem = app.post(&owner, "/tasks", body).await.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["field"], "/agent_id");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_amended_only_while_it_waits() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = app.running_agent(&owner).await;
    let pending = task(&app, &owner, &agent, Value::Null).await;
    let amendment = json!({"name": "Other", "priority": 5, "max_attempts": 1, "timeout_seconds": 7});
    let amended = app.put(&owner, &pending, amendment.clone()).await.expect(200);
    for (field, value) in amendment.as_object().unwrap() {
        assert_eq!(&amended[field], value);
    }
    let waiting = waiting_task(&app, &owner, &agent).await;
    app.put(&owner, &waiting, json!({"input_data": {"prompt": "Now"}})).await.expect(200);
    app.put(&owner, &waiting, json!({"scheduled_at": null})).await.expect(200);
    let done = app.until(&owner, &waiting, |task| task["status"] == "completed").await;
    assert_eq!(done["output_data"]["text"], "Now");
    app.put(&owner, &waiting, json!({"priority": 1})).await.expect_problem(409, "task.not_pending");
    app.post(&owner, &format!("{pending}/cancel"), json!({})).await.expect(200);
    app.put(&owner, &pending, json!({"priority": 1})).await.expect_problem(409, "task.not_pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_waits_is_cancelled_and_one_that_ended_is_not() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = app.running_agent(&owner).await;
    let pending = task(&app, &owner, &agent, Value::Null).await;
    let cancelled =
        app.post(&owner, &format!("{pending}/cancel"), json!({"reason": "By hand"})).await.expect(200);
    assert_eq!(cancelled["status"], "cancelled");
    assert!(cancelled["finished_at"].is_string());
    let log = app.get(&owner, "/audit/events?event_type=task.cancelled").await.expect(200);
    assert_eq!(log["items"][0]["data"]["reason"], "By hand");
    let waiting = waiting_task(&app, &owner, &agent).await;
    // Without a body.
    let request = app.request(reqwest::Method::POST, &format!("{waiting}/cancel")).bearer_auth(&owner.token);
    assert_eq!(app.send(request).await.expect(200)["status"], "cancelled");
    let completed = completed_task(&app, &owner, &agent).await;
    for ended in [&waiting, &completed] {
        app.post(&owner, &format!("{ended}/cancel"), json!({})).await.expect_problem(409, "task.ended");
        app.post(&owner, &format!("{ended}/execute"), json!({})).await.expect_problem(409, "task.ended");
    }
    assert_eq!(app.get(&owner, "/tenants/health").await.expect(200)["queued_tasks"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_or_was_cancelled_is_tried_again_and_nothing_else() {
    let app = TestApp::start_on(fresh_database().await, &["--provider-fallback=fail"]).await;
    let owner = app.sign_up("free").await;
    let body = json!({"name": "Agent", "agent_type": "openai/gpt-4o"});
    let agent = app.post(&owner, "/agents", body).await.expect(201)["id"].as_str().unwrap().to_owned();
    app.post(&owner, &format!("/agents/{agent}/start"), json!({})).await.expect(200);
    let failing = task(&app, &owner, &agent, Value::Null).await;
    let retry = async |task: &str| app.post(&owner, &format!("{task}/retry"), json!({})).await;
    retry(&failing).await.expect_problem(409, "task.not_failed");
    app.post(&owner, &format!("{failing}/execute"), json!({})).await.expect(202);
    let failed = app.until(&owner, &failing, |task| task["status"] == "failed").await;
    assert_eq!(
        (&failed["error"]["code"], &failed["attempts"]),
        (&json!("provider.not_configured"), &json!(1))
    );
    retry(&failing).await.expect(202);
    app.until(&owner, &failing, |task| task["status"] == "failed" && task["attempts"] == 2).await;

    let echo = app.running_agent(&owner).await;
    let waiting = waiting_task(&app, &owner, &echo).await;
    retry(&waiting).await.expect_problem(409, "task.not_failed");
    app.post(&owner, &format!("{waiting}/execute"), json!({}))
        .await
        .expect_problem(409, "task.already_queued");
    let cancelled = task(&app, &owner, &echo, Value::Null).await;
    app.post(&owner, &format!("{cancelled}/cancel"), json!({})).await.expect(200);
    retry(&cancelled).await.expect(202);
    app.until(&owner, &cancelled, |task| task["status"] == "completed").await;
    retry(&cancelled).await.expect_problem(409, "task.not_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_task_is_gone_never_runs_and_its_history_stays() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = app.running_agent(&owner).await;
    let task = waiting_task(&app, &owner, &agent).await;
    app.delete(&owner, &task).await.expect(204);
    app.get(&owner, &task).await.expect_problem(404, "not_found");
    app.delete(&owner, &task).await.expect_problem(404, "not_found");
    app.put(&owner, &task, json!({"priority": 1})).await.expect_problem(404, "not_found");
    for verb in ["execute", "cancel", "retry"] {
        app.post(&owner, &format!("{task}/{verb}"), json!({})).await.expect_problem(404, "not_found");
    }
    assert_eq!(app.get(&owner, "/tasks").await.expect(200)["total"], 0);
    assert_eq!(app.get(&owner, "/tenants/health").await.expect(200)["queued_tasks"], 0);
    let id = task.trim_start_matches("/tasks/");
    let history = app.get(&owner, &format!("/audit/events?order=asc&aggregate_id={id}")).await.expect(200);
    let names: Vec<&Value> =
        history["items"].as_array().unwrap().iter().map(|event| &event["event_type"]).collect();
    assert_eq!(names, ["task.created", "task.queued", "task.withdrawn"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_task_waits_until_its_agent_runs_again() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = app.running_agent(&owner).await;
    let task = waiting_task(&app, &owner, &agent).await;
    app.post(&owner, &format!("/agents/{agent}/stop"), json!({})).await.expect(200);
    app.put(&owner, &task, json!({"scheduled_at": null})).await.expect(200);
    // Another agent's task, queued later, shows that the workers have passed by.
    let other = app.running_agent(&owner).await;
    completed_task(&app, &owner, &other).await;
    assert_eq!(app.get(&owner, &task).await.expect(200)["attempts"], 0);
    app.post(&owner, &format!("/agents/{agent}/start"), json!({})).await.expect(200);
    app.until(&owner, &task, |task| task["status"] == "completed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_executes_every_task_and_changes_their_own() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let member = app.join(&owner, "member", "member").await;
    let agent = app.running_agent(&owner).await;
    let (of_owner, of_member) =
        (task(&app, &owner, &agent, Value::Null).await, task(&app, &member, &agent, Value::Null).await);
    app.put(&member, &of_owner, json!({"priority": 1})).await.expect_problem(403, "forbidden");
    app.delete(&member, &of_owner).await.expect_problem(403, "forbidden");
    app.post(&member, &format!("{of_owner}/cancel"), json!({})).await.expect_problem(403, "forbidden");
    app.post(&member, &format!("{of_owner}/execute"), json!({})).await.expect(202);
    app.put(&member, &of_member, json!({"priority": 1})).await.expect(200);
    app.put(&owner, &of_member, json!({"priority": 2})).await.expect(200);
    app.delete(&member, &of_member).await.expect(204);
}
