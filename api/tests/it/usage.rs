//! What model calls consumed, by day, agent and model.

use application::commit::{Commit, Expected};
use domain::task::{StepKind, TaskEvent};
use domain::{AttemptId, ContentHash, Metadata, MicroUsd, StreamId, TaskId, TenantId, TokenCount, Usage};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Session, TestApp, fresh_database};

fn usage(tokens: u64, cost: u64) -> Usage {
    Usage {
        input_tokens: TokenCount::from(tokens),
        output_tokens: TokenCount::from(tokens * 2),
        cost_micro_usd: MicroUsd::from(cost),
    }
}

/// An attempt with one step, as workers record it.
fn attempt(kind: StepKind, model: &str, used: Usage) -> Vec<TaskEvent> {
    let (attempt_id, call_id) = (AttemptId(Uuid::now_v7()), Uuid::now_v7());
    let started = TaskEvent::StepStarted {
        attempt_id,
        step: 1,
        kind,
        name: model.to_owned(),
        provider: if kind == StepKind::Model { "openai".to_owned() } else { String::new() },
        call_id,
        request: ContentHash([1; 32]),
        reserved_micro_usd: MicroUsd::default(),
        has_side_effects: false,
    };
    let ended = TaskEvent::StepEnded {
        attempt_id,
        step: 1,
        call_id,
        reply: Some(ContentHash([2; 32])),
        failure: None,
        usage: used,
        price_table: String::new(),
        latency_ms: 1,
    };
    vec![
        TaskEvent::Queued { not_before: None },
        TaskEvent::AttemptStarted { attempt_id, number: 1, agent_version: Some(2) },
        started,
        ended,
        // All of the attempt, its steps included: they count once.
        TaskEvent::HandedBack { attempt_id, usage: used, not_before: None },
    ]
}

async fn ran(app: &TestApp, by: &Session, agent: &str, events: Vec<TaskEvent>) -> String {
    let task = app.post(by, "/tasks", json!({"name": "Task", "agent_id": agent})).await.expect(201);
    let id = task["id"].as_str().unwrap().to_owned();
    let (tenant, task) = (TenantId(by.tenant), TaskId(id.parse().unwrap()));
    let commit = Commit::new(tenant, task.0, Metadata::system("test"));
    let commit = commit.append(StreamId::task(tenant, task), Expected::Any, events);
    app.service.state.app.log.commit(commit).await.unwrap();
    id
}

async fn report(app: &TestApp, by: &Session, group_by: &str) -> Value {
    app.get(by, &format!("/usage?group_by={group_by}")).await.expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_models_add_up_by_day_agent_and_model() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let (owner, other) = (app.sign_up("professional").await, app.sign_up("free").await);
    let (cheap, dear) = (app.agent(&owner).await, app.agent(&owner).await);
    ran(&app, &owner, &cheap, attempt(StepKind::Model, "gpt-4o-mini", usage(10, 100))).await;
    ran(&app, &owner, &dear, attempt(StepKind::Model, "gpt-4o", usage(20, 300))).await;
    let gone = ran(&app, &owner, &dear, attempt(StepKind::Model, "gpt-4o-mini", usage(5, 50))).await;
    ran(&app, &owner, &dear, attempt(StepKind::Tool, "calculator", usage(0, 0))).await;
    app.delete(&owner, &format!("/tasks/{gone}")).await.expect(204);

    let total = json!({"calls": 3, "input_tokens": 35, "output_tokens": 70, "cost_usd": "0.000450"});
    let by_day = report(&app, &owner, "day").await;
    assert_eq!(by_day["total"], total);
    let today = app.service.state.app.clock.now().date_naive().to_string();
    assert_eq!((by_day["items"].as_array().unwrap().len(), &by_day["items"][0]["day"]), (1, &json!(today)));
    assert_eq!(by_day["items"][0]["cost_usd"], "0.000450");

    let by_agent = report(&app, &owner, "agent").await;
    let told: Vec<_> = by_agent["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["agent_id"].clone(), one["agent_name"].clone(), one["calls"].clone()))
        .collect();
    let named = |id: &str, calls: i64| (json!(id), json!("Agent"), json!(calls));
    assert_eq!(told, [named(&dear, 2), named(&cheap, 1)]);

    let by_model = report(&app, &owner, "model").await;
    let told: Vec<_> = by_model["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["provider"].clone(), one["model"].clone(), one["cost_usd"].clone()))
        .collect();
    let costs = |model: &str, cost: &str| (json!("openai"), json!(model), json!(cost));
    assert_eq!(told, [costs("gpt-4o", "0.000300"), costs("gpt-4o-mini", "0.000150")]);

    assert_eq!(report(&app, &other, "model").await["items"], json!([]));
    let before = app.get(&owner, "/usage?to=2020-01-01T00:00:00Z").await.expect(200);
    assert_eq!((&before["total"]["calls"], &before["group_by"]), (&json!(0), &json!("day")));
    let turned = "/usage?from=2020-01-02T00:00:00Z&to=2020-01-01T00:00:00Z";
    assert_eq!(app.get(&owner, turned).await.expect(422)["errors"][0]["field"], "/from");
    let long = "/usage?from=2019-01-01T00:00:00Z&to=2020-06-01T00:00:00Z";
    assert_eq!(app.get(&owner, long).await.expect(422)["errors"][0]["field"], "/from");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_took_no_steps_counts_as_one_call() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let owner = app.sign_up("free").await;
    let agent = app.agent(&owner).await;
    let attempt_id = AttemptId(Uuid::now_v7());
    let events = vec![
        TaskEvent::Queued { not_before: None },
        TaskEvent::AttemptStarted { attempt_id, number: 1, agent_version: None },
        TaskEvent::HandedBack { attempt_id, usage: usage(7, 70), not_before: None },
    ];
    ran(&app, &owner, &agent, events).await;
    let by_model = report(&app, &owner, "model").await;
    assert_eq!(by_model["total"]["calls"], 1, "{by_model}");
    assert_eq!(
        (&by_model["items"][0]["model"], &by_model["items"][0]["input_tokens"]),
        (&json!(""), &json!(7))
    );
}
