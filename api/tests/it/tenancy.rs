//! What concerns organisations as such: plans, roles, suspension.

use std::sync::Arc;

use api::wire::Service;
use application::App;
use application::ports::{Live, ModelCall, ModelFailure, ModelProvider, ModelReply, Quote};
use domain::agent::AgentKind;
use domain::{Document, TenantId};
use infrastructure::providers::Echo;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{PASSWORD, Session, TestApp, fresh_database, settings};

/// A model that never answers; tells when it is asked.
struct Silent(tokio::sync::Notify);

#[async_trait::async_trait]
impl ModelProvider for Silent {
    async fn quote(&self, tenant: TenantId, kind: &AgentKind, configuration: &Document) -> Quote {
        Echo.quote(tenant, kind, configuration).await
    }

    async fn complete(&self, _: &ModelCall, _: &dyn Live) -> Result<ModelReply, ModelFailure> {
        self.0.notify_one();
        std::future::pending().await
    }
}

/// A task whose attempt goes on until something stops it.
async fn running_task(app: &TestApp, owner: &Session) -> (String, JoinSet<()>) {
    let agent = app.running_agent(owner).await;
    let task = app.post(owner, "/tasks", json!({"name": "Task", "agent_id": agent})).await.expect(201);
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    app.post(owner, &format!("{path}/execute"), json!({})).await.expect(202);
    let silent = Arc::new(Silent(tokio::sync::Notify::new()));
    let on = App { models: silent.clone(), ..app.service.state.app.clone() };
    let (worker, stop) = (app.service.worker(on, 1), app.service.state.shutdown.clone());
    let mut running = JoinSet::new();
    running.spawn(worker.run(stop));
    silent.0.notified().await;
    (path, running)
}

/// What the operator does, in a process of its own as far as the database can tell.
async fn suspend(app: &TestApp, tenant: TenantId) {
    let operator = Service::start(&settings(&[]), app.database.clone()).await.unwrap();
    let reason = "Unpaid".parse().unwrap();
    operator.state.app.suspend_tenant("operator", tenant, reason).await.unwrap();
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_organisation_stops_as_a_whole_and_goes_on_where_it_was() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let (owner, other) = (app.sign_up("free").await, app.sign_up("free").await);
    let (task, worker) = running_task(&app, &owner).await;
    let tenant = TenantId(owner.tenant);
    let stream = app.request(Method::GET, "/events/stream").bearer_auth(&owner.token).send().await.unwrap();

    suspend(&app, tenant).await;

    app.until_refused(&owner, "tenant.suspended").await;
    for (method, path) in [(Method::GET, task.as_str()), (Method::POST, "/auth/logout")] {
        let answer = app.send(app.request(method, path).bearer_auth(&owner.token)).await;
        answer.expect_problem(403, "tenant.suspended");
    }
    let sign_in = json!({"email": owner.email, "password": PASSWORD, "tenant_subdomain": owner.subdomain});
    app.post_anonymous("/auth/login", sign_in.clone()).await.expect_problem(403, "tenant.suspended");
    // The stream ends by itself, and so does the attempt, which is on record.
    let whole = tokio::time::timeout(std::time::Duration::from_secs(10), stream.bytes()).await;
    whole.expect("the stream ended").unwrap();
    let ended = app.until_recorded(&owner, "task.attempt_failed");
    tokio::time::timeout(std::time::Duration::from_secs(10), ended).await.expect("the attempt ended");
    // Nobody else is touched.
    app.get(&other, "/auth/me").await.expect(200);

    // Which takes the task up again at once, were there a worker.
    drop(worker);
    app.service.state.app.reactivate_tenant("operator", tenant).await.unwrap();
    let owner = app.sign_in(&owner.subdomain, &owner.email).await;
    let task = app.get(&owner, &task).await.expect(200);
    assert_eq!((&task["status"], &task["attempts"]), (&json!("pending"), &json!(1)), "{task}");
    let log = app.get(&owner, "/audit/events?order=asc&limit=200").await.expect(200);
    let of = |kind: &str| -> Vec<Value> {
        let events = log["items"].as_array().unwrap().iter();
        events.filter(|event| event["event_type"] == kind).cloned().collect()
    };
    let [suspended] = &of("tenant.suspended")[..] else { panic!("{log}") };
    let actor = &suspended["actor"];
    assert_eq!((&actor["type"], &actor["name"]), (&json!("system"), &json!("operator")));
    let [failed] = &of("task.attempt_failed")[..] else { panic!("{log}") };
    assert_eq!(failed["data"]["failure"]["code"], "tenant.suspended");
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_and_roles_are_published_as_they_are_enforced() {
    let app = TestApp::start().await;
    let plans = app.send(app.request(Method::GET, "/plans")).await.expect(200);
    let shown: Vec<_> = plans["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|plan| {
            (
                plan["tier"].as_str().unwrap(),
                plan["price_usd_per_month"].as_u64(),
                plan["limits"]["agents"].as_u64(),
            )
        })
        .collect();
    let founding = [
        ("free", Some(0), Some(5)),
        ("basic", Some(29), Some(25)),
        ("professional", Some(99), Some(100)),
        ("enterprise", None, None),
    ];
    assert_eq!(shown, founding);
    let roles = app.send(app.request(Method::GET, "/roles")).await.expect(200);
    let owner = app.sign_up("professional").await;
    for role in roles["items"].as_array().unwrap() {
        let name = role["role"].as_str().unwrap();
        let me = if name == "owner" { owner.clone() } else { app.join(&owner, name, name).await };
        let me = app.get(&me, "/auth/me").await.expect(200);
        assert_eq!(me["permissions"], role["permissions"], "{name}");
    }
}
