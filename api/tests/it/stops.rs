//! Stops that stop: of an organisation and of an agent, while workers are in the middle of their tasks.

use std::sync::Arc;

use application::ports::{
    Claimed, Live, ModelCall, ModelFailure, ModelProvider, ModelReply, Quote, StopReason,
};
use application::{App, AppError};
use domain::agent::AgentKind;
use domain::{Document, MicroUsd, TenantId, Usage};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::support::{Session, TestApp, fresh_database};
use crate::work::LEASE;

/// A model that answers when it is let, so that its worker is frozen in the middle of an attempt.
struct Gate {
    asked: Semaphore,
    open: Semaphore,
}

#[async_trait::async_trait]
impl ModelProvider for Gate {
    async fn quote(&self, _: TenantId, _: &AgentKind, _: &Document) -> Quote {
        let (provider, model) = ("gate".to_owned(), "gate".to_owned());
        let free = MicroUsd::default();
        Quote { provider, model, input_per_million: free, output_per_million: free, table: "" }
    }

    async fn complete(&self, _: &ModelCall, _: &dyn Live) -> Result<ModelReply, ModelFailure> {
        self.asked.add_permits(1);
        self.open.acquire().await.unwrap().forget();
        Ok(ModelReply {
            text: "done".to_owned(),
            calls: vec![],
            stop: StopReason::Done,
            usage: Usage::default(),
            provider: "gate".to_owned(),
            model: "gate".to_owned(),
        })
    }
}

/// A worker whose model is a gate.
struct Frozen {
    app: App,
    gate: Arc<Gate>,
    attempt: JoinHandle<Result<(), AppError>>,
    claimed: Claimed,
}

impl Frozen {
    /// Takes one task and stops in the middle of it.
    async fn in_the_middle(app: &TestApp, name: &'static str) -> Self {
        let gate = Arc::new(Gate { asked: Semaphore::new(0), open: Semaphore::new(0) });
        let core = App { models: gate.clone(), ..app.service.state.app.clone() };
        let claimed = core.claim(name, LEASE, 1).await.unwrap();
        let [claimed] = claimed[..] else { panic!("{name} found nothing to do") };
        let (worker, never) = (core.clone(), futures::channel::oneshot::channel().1);
        let attempt = tokio::spawn(async move { worker.run_claimed(name, claimed, never).await });
        gate.asked.acquire().await.unwrap().forget();
        Self { app: core, gate, attempt, claimed }
    }

    /// Goes on as if nothing had happened, and gives its lease back.
    async fn wakes(self) {
        self.gate.open.add_permits(1);
        self.attempt.await.unwrap().unwrap();
        self.app.queue.release(&[self.claimed]).await.unwrap();
    }
}

async fn queued_task(app: &TestApp, by: &Session, agent: &str) -> String {
    let task = app.post(by, "/tasks", json!({"name": "Task", "agent_id": agent})).await.expect(201);
    let id = task["id"].as_str().unwrap().to_owned();
    app.post(by, &format!("/tasks/{id}/execute"), json!({})).await.expect(202);
    id
}

/// The types of the task's events, in order.
async fn history(app: &TestApp, by: &Session, task: &str) -> Vec<String> {
    let path = format!("/audit/events?aggregate_id={task}&limit=200");
    let events = app.get(by, &path).await.expect(200);
    let types = events["items"].as_array().unwrap().iter().map(|event| event["event_type"].as_str().unwrap());
    let mut types: Vec<String> = types.map(ToOwned::to_owned).collect();
    types.reverse();
    types
}

async fn stop_all(app: &TestApp, by: &Session) -> Value {
    app.post(by, "/tenants/current/stop-all", json!({"reason": "Wrong customers"})).await.expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_stop_nothing_is_claimed_and_a_frozen_worker_records_nothing() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let owner = app.sign_up("professional").await;
    let agent = app.running_agent(&owner).await;
    let running = queued_task(&app, &owner, &agent).await;
    let frozen = Frozen::in_the_middle(&app, "first").await;
    queued_task(&app, &owner, &agent).await;
    let before = history(&app, &owner, &running).await;

    let stopped = stop_all(&app, &owner).await;
    let cut_off = stopped["running"].as_array().unwrap();
    assert_eq!(cut_off.len(), 1, "{stopped}");
    assert_eq!((&cut_off[0]["task_id"], &cut_off[0]["agent_id"]), (&json!(running), &json!(agent)));
    assert_eq!((&cut_off[0]["task_name"], &cut_off[0]["agent_name"]), (&json!("Task"), &json!("Agent")));
    let events = app.get(&owner, &format!("/audit/events?aggregate_id={running}")).await.expect(200);
    let last = &events["items"][0];
    assert_eq!(cut_off[0]["last_position"], last["position"], "{last}");
    assert!(last["position"].as_i64() < stopped["position"].as_i64(), "{stopped}");
    let mut events = events["items"].as_array().unwrap().iter();
    let started = events.find(|event| event["event_type"] == "task.attempt_started").unwrap();
    assert_eq!(cut_off[0]["attempt_id"], started["data"]["attempt_id"]);
    assert_eq!(cut_off[0]["started_at"], started["recorded_at"]);

    let core = &app.service.state.app;
    assert_eq!(core.claim("second", LEASE, 8).await.unwrap(), []);
    frozen.wakes().await;
    assert_eq!(history(&app, &owner, &running).await, before);
    assert_eq!(core.claim("second", LEASE, 8).await.unwrap(), []);
    app.post(&owner, "/tenants/current/stop-all", json!({"reason": "Again"}))
        .await
        .expect_problem(409, "tenant.work_stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_slept_through_stop_and_reopening_records_nothing_either() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let owner = app.sign_up("professional").await;
    let agent = app.running_agent(&owner).await;
    let task = queued_task(&app, &owner, &agent).await;
    let first = Frozen::in_the_middle(&app, "first").await;
    stop_all(&app, &owner).await;
    app.post(&owner, "/tenants/current/reopen", json!({})).await.expect(200);
    app.post(&owner, "/tenants/current/reopen", json!({}))
        .await
        .expect_problem(409, "tenant.work_not_stopped");
    let reopened = history(&app, &owner, &task).await;
    assert_eq!(reopened.last().unwrap(), "task.handed_back");
    // Its answer comes before anybody else has taken the task.
    first.wakes().await;
    assert_eq!(history(&app, &owner, &task).await, reopened);

    let second = Frozen::in_the_middle(&app, "second").await;
    second.wakes().await;
    let task = app.get(&owner, &format!("/tasks/{task}")).await.expect(200);
    assert_eq!((&task["status"], &task["attempts"]), (&json!("completed"), &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_all_work_is_in_the_log_with_the_reason() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let owner = app.sign_up("professional").await;
    let admin = app.join(&owner, "admin", "admin").await;
    let body = json!({"reason": "Wrong customers"});
    app.post(&admin, "/tenants/current/stop-all", body.clone()).await.expect_problem(403, "forbidden");
    let stopped = app.post(&owner, "/tenants/current/stop-all", body).await.expect(200);
    assert_eq!(stopped["running"], json!([]));
    let events = app.get(&owner, "/audit/events?event_type=tenant.work_stopped").await.expect(200);
    let event = &events["items"][0];
    assert_eq!(event["data"]["reason"], "Wrong customers");
    assert_eq!(event["position"], stopped["position"]);
    assert_eq!(event["actor"]["id"], json!(owner.user), "{event}");
    let tenant = app.get(&owner, "/tenants/current").await.expect(200);
    assert_eq!(tenant["work_stopped_at"], stopped["stopped_at"]);
}

/// Stops the one of two tasks that runs at the moment.
async fn halted(order: (&str, Value)) -> (TestApp, Session, String, Vec<String>) {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let owner = app.sign_up("professional").await;
    let agent = app.running_agent(&owner).await;
    let running = queued_task(&app, &owner, &agent).await;
    let frozen = Frozen::in_the_middle(&app, "first").await;
    let waiting = queued_task(&app, &owner, &agent).await;
    let request = app.post(&owner, &format!("/agents/{agent}/{}", order.0), order.1).await;
    request.expect(200);
    frozen.wakes().await;
    assert_eq!(app.service.state.app.claim("second", LEASE, 8).await.unwrap(), []);
    assert_eq!(history(&app, &owner, &waiting).await, ["task.created", "task.queued"]);
    let history = history(&app, &owner, &running).await;
    (app, owner, running, history)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_agent_finishes_what_it_is_at_and_takes_nothing_new() {
    let (app, owner, task, history) = halted(("pause", json!({}))).await;
    assert_eq!(history.last().unwrap(), "task.completed");
    let task = app.get(&owner, &format!("/tasks/{task}")).await.expect(200);
    assert_eq!(task["status"], "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_stopped_or_paused_for_good_has_its_running_tasks_cancelled() {
    for (order, reason) in [
        (("stop", json!({})), "the agent was stopped"),
        (("pause", json!({"mode": "cancel"})), "the agent was paused"),
    ] {
        let (app, owner, task, history) = halted(order).await;
        assert_eq!(history.last().unwrap(), "task.cancelled");
        let events = app.get(&owner, &format!("/audit/events?aggregate_id={task}")).await.expect(200);
        let cancelled = &events["items"][0];
        assert_eq!(
            (&cancelled["data"]["reason"], &cancelled["actor"]["id"]),
            (&json!(reason), &json!(owner.user))
        );
        // One commit: its event stands right after the agent's.
        let position = cancelled["position"].as_i64().unwrap() - 1;
        let page = app.get(&owner, &format!("/events?after={}&limit=1", position - 1)).await.expect(200);
        let of_agent = page["items"][0]["type"].as_str().unwrap().starts_with("agent.");
        assert!(of_agent, "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_running_tasks_are_cancelled_or_finish_as_the_pause_says() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let owner = app.sign_up("enterprise").await;
    for (mode, end) in [("cancel", "cancelled"), ("drain", "completed")] {
        let agent = app.running_agent(&owner).await;
        for _ in 0..100 {
            queued_task(&app, &owner, &agent).await;
        }
        let gate = Arc::new(Gate { asked: Semaphore::new(0), open: Semaphore::new(0) });
        let core = App { models: gate.clone(), ..app.service.state.app.clone() };
        let claimed = core.claim("worker", LEASE, 100).await.unwrap();
        assert_eq!(claimed.len(), 100);
        let mut attempts = tokio::task::JoinSet::new();
        for claimed in claimed.clone() {
            let (core, never) = (core.clone(), futures::channel::oneshot::channel().1);
            attempts.spawn(async move { core.run_claimed("worker", claimed, never).await });
        }
        gate.asked.acquire_many(100).await.unwrap().forget();
        app.post(&owner, &format!("/agents/{agent}/pause"), json!({"mode": mode})).await.expect(200);
        gate.open.add_permits(100);
        for ended in attempts.join_all().await {
            ended.unwrap();
        }
        core.queue.release(&claimed).await.unwrap();
        let list = format!("/tasks?agent_id={agent}&status={end}");
        assert_eq!(app.get(&owner, &list).await.expect(200)["total"], 100, "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_begins_while_its_agent_is_stopped_is_cancelled_or_never_begins() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let owner = app.sign_up("professional").await;
    for _ in 0..20 {
        let agent = app.running_agent(&owner).await;
        let task = queued_task(&app, &owner, &agent).await;
        let gate = Arc::new(Gate { asked: Semaphore::new(0), open: Semaphore::new(1) });
        let core = App { models: gate, ..app.service.state.app.clone() };
        let [claimed] = core.claim("worker", LEASE, 1).await.unwrap()[..] else { panic!("nothing to do") };
        let never = futures::channel::oneshot::channel().1;
        let path = format!("/agents/{agent}/stop");
        let (ran, stopped) =
            tokio::join!(core.run_claimed("worker", claimed, never), app.post(&owner, &path, json!({})));
        ran.unwrap();
        stopped.expect(200);
        core.queue.release(&[claimed]).await.unwrap();
        let status = app.get(&owner, &format!("/tasks/{task}")).await.expect(200)["status"].clone();
        assert!(status != "running", "{status}");
        app.post(&owner, &format!("/tasks/{task}/cancel"), json!({})).await;
    }
    assert_eq!(app.get(&owner, "/tasks?status=running").await.expect(200)["total"], 0);
}
