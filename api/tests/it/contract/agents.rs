//! The life of an agent.

use serde_json::{Value, json};

use crate::support::{Session, TestApp};

/// The way from idle to each stage.
const STAGES: [(&str, &[&str]); 3] =
    [("idle", &[]), ("running", &["start"]), ("paused", &["start", "pause"])];

async fn agent_that_is(app: &TestApp, by: &Session, way: &[&str]) -> String {
    let agent = format!("/agents/{}", app.agent(by).await);
    for verb in way {
        app.post(by, &format!("{agent}/{verb}"), json!({})).await.expect(200);
    }
    agent
}

#[tokio::test(flavor = "multi_thread")]
async fn each_order_is_followed_or_refused_by_stage() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let outcomes = [
        ("idle", "start", Ok("running")),
        ("idle", "stop", Err("agent.not_running")),
        ("idle", "pause", Err("agent.not_running")),
        ("idle", "resume", Err("agent.not_paused")),
        ("running", "start", Err("agent.already_running")),
        ("running", "stop", Ok("idle")),
        ("running", "pause", Ok("paused")),
        ("running", "resume", Err("agent.not_paused")),
        ("paused", "start", Err("agent.paused")),
        ("paused", "stop", Ok("idle")),
        ("paused", "pause", Err("agent.paused")),
        ("paused", "resume", Ok("running")),
    ];
    for (stage, verb, outcome) in outcomes {
        let (_, way) = STAGES.iter().find(|(name, _)| *name == stage).unwrap();
        let agent = agent_that_is(&app, &owner, way).await;
        let before = app.get(&owner, &agent).await.expect(200);
        let answer = app.post(&owner, &format!("{agent}/{verb}"), json!({})).await;
        match outcome {
            Ok(status) => assert_eq!(answer.expect(200)["status"], status, "{stage} {verb}"),
            Err(code) => {
                answer.expect_problem(409, code);
                assert_eq!(app.get(&owner, &agent).await.expect(200), before, "{stage} {verb}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_agent_is_gone_and_its_history_stays() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = app.running_agent(&owner).await;
    let path = format!("/agents/{agent}");
    let deleted = app.delete(&owner, &path).await;
    assert!(deleted.body.is_null() && deleted.header("x-event-position").parse::<i64>().is_ok());
    deleted.expect(204);
    app.get(&owner, &path).await.expect_problem(404, "not_found");
    app.delete(&owner, &path).await.expect_problem(404, "not_found");
    app.put(&owner, &path, json!({"name": "Again"})).await.expect_problem(404, "not_found");
    for verb in ["start", "stop", "pause", "resume"] {
        app.post(&owner, &format!("{path}/{verb}"), json!({})).await.expect_problem(404, "not_found");
    }
    assert_eq!(app.get(&owner, "/agents").await.expect(200)["total"], 0);
    let history = app.get(&owner, &format!("/audit/events?order=asc&aggregate_id={agent}")).await.expect(200);
    let names: Vec<&Value> =
        history["items"].as_array().unwrap().iter().map(|event| &event["event_type"]).collect();
    assert_eq!(names, ["agent.created", "agent.started", "agent.terminated"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_shown_as_it_was_sent() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let request = app.request(reqwest::Method::POST, "/agents").bearer_auth(&owner.token);
    let body = r#"{"name": "  Bücher 📚 ", "description": "Zeile 1\nZeile 2", "agent_type": "openai/gpt-4o",
        "configuration": {"b": 1.50, "a": 12345678901234567890123, "a": 2}, "capabilities": ["x", "y", "x"]}"#;
    let response = request.header("content-type", "application/json").body(body).send().await.unwrap();
    let text = response.text().await.unwrap();
    assert!(text.contains(r#""configuration":{"b": 1.50, "a": 12345678901234567890123, "a": 2}"#), "{text}");
    let agent: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(agent["name"], "Bücher 📚");
    assert_eq!(agent["description"], "Zeile 1\nZeile 2");
    assert_eq!(agent["capabilities"], json!(["x", "y"]));
    assert_eq!((&agent["created_by"], &agent["tenant_id"]), (&json!(owner.user), &json!(owner.tenant)));
    assert_eq!((&agent["status"], &agent["error"]), (&json!("idle"), &Value::Null));
    assert!(agent["created_at"].as_str().unwrap().ends_with('Z'));
    let path = format!("/agents/{}", agent["id"].as_str().unwrap());
    let changed = app.put(&owner, &path, json!({"name": "Books", "description": ""})).await.expect(200);
    assert_eq!((&changed["name"], &changed["description"]), (&json!("Books"), &json!("")));
    assert_eq!(changed["capabilities"], json!(["x", "y"]), "what is absent stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_runs_every_agent_and_changes_their_own() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let member = app.join(&owner, "member", "member").await;
    let (of_owner, of_member) = (app.agent(&owner).await, app.agent(&member).await);
    let of_owner = format!("/agents/{of_owner}");
    app.post(&member, &format!("{of_owner}/start"), json!({})).await.expect(200);
    app.put(&member, &of_owner, json!({"name": "Mine"})).await.expect_problem(403, "forbidden");
    app.delete(&member, &of_owner).await.expect_problem(403, "forbidden");
    app.put(&member, &format!("/agents/{of_member}"), json!({"name": "Mine"})).await.expect(200);
    app.put(&owner, &format!("/agents/{of_member}"), json!({"name": "Ours"})).await.expect(200);
    app.delete(&member, &format!("/agents/{of_member}")).await.expect(204);
}
