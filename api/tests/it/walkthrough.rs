//! The founding document's walk-through, and what comes after it.

use serde_json::json;

use crate::support::{PASSWORD, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn from_two_organisations_to_a_finished_task() {
    let app = TestApp::start().await;
    for (name, subdomain, tier) in [("Acme Corp", "acme", "professional"), ("Beta Ltd", "beta", "basic")] {
        let email = format!("admin@{subdomain}.com");
        let tenant = json!({
            "name": name, "subdomain": subdomain, "contact_email": email, "contact_name": "John Doe",
            "subscription_tier": tier,
        });
        let tenant = app.post_anonymous("/tenants", tenant).await.expect(201);
        assert_eq!(tenant["subscription_tier"], tier);
    }
    let user = json!({
        "email": "admin@acme.com", "password": "SecurePassword123", "full_name": "John Doe", "tenant_subdomain": "acme",
    });
    assert_eq!(app.post_anonymous("/auth/register", user).await.expect(201)["role"], "owner");
    let answer = app
        .post_anonymous("/auth/login", json!({"email": "admin@acme.com", "password": "SecurePassword123"}))
        .await
        .expect(200);
    let token = answer["access_token"].as_str().unwrap();
    let post = |path: String, body| {
        app.send(app.request(reqwest::Method::POST, &path).bearer_auth(token).json(&body))
    };
    let agent = json!({"name": "Acme Agent", "description": "Agent for Acme Corp", "agent_type": "gpt-4"});
    let agent = post("/agents".into(), agent).await.expect(201);
    assert_eq!((&agent["status"], &agent["version"]), (&json!("idle"), &json!(1)));
    let agent = agent["id"].as_str().unwrap();
    let started = post(format!("/agents/{agent}/start"), json!({})).await.expect(200);
    assert_eq!(started["status"], "running");
    let task = json!({"name": "First words", "agent_id": agent, "input_data": {"prompt": "Hello, world"}});
    let task = post("/tasks".into(), task).await.expect(201);
    let id = task["id"].as_str().unwrap();
    post(format!("/tasks/{id}/execute"), json!({})).await.expect(202);
    let session = app.sign_in_with("acme", "admin@acme.com", "SecurePassword123").await;
    let done = app.until(&session, &format!("/tasks/{id}"), |task| task["status"] == "completed").await;
    assert_eq!(done["output_data"]["text"], "Hello, world");
    assert_eq!(done["usage"], json!({"input_tokens": 3, "output_tokens": 3, "cost_usd": "0.000000"}));
    assert_eq!(done["attempts"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_repeated_with_its_idempotency_key_is_answered_once() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let ask = |key: &'static str, name: &'static str| {
        let request = app.request(reqwest::Method::POST, "/agents").bearer_auth(&owner.token);
        app.send(request.header("Idempotency-Key", key).json(&json!({"name": name, "agent_type": "echo"})))
    };
    let first = ask("one", "Agent").await.expect(201);
    let again = ask("one", "Agent").await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.expect(201), first);
    ask("one", "Another").await.expect_problem(422, "idempotency_key_reused");
    let at_once = futures::future::join_all((0..50).map(|_| ask("two", "Agent"))).await;
    let ids: std::collections::HashSet<String> =
        at_once.into_iter().map(|answer| answer.expect(201)["id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(app.get(&owner, "/agents").await.expect(200)["total"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_answer_was_lost_is_not_refused_by_what_it_did_itself() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = app.agent(&owner).await;
    let start = || {
        let request = app.request(reqwest::Method::POST, &format!("/agents/{agent}/start"));
        app.send(request.bearer_auth(&owner.token).header("Idempotency-Key", "start"))
    };
    let first = start().await.expect(200);
    // As a service leaves it that was killed between the commit and its answer.
    let lost = "update idempotency_keys set answer = null where key = 'start'";
    sqlx::query(lost).execute(&app.owner().await).await.unwrap();
    assert_eq!(start().await.expect(200), first);
    app.post(&owner, &format!("/agents/{agent}/start"), json!({}))
        .await
        .expect_problem(409, "agent.already_running");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_works_once_and_using_it_again_ends_the_session() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let refresh = |token: String| app.post_anonymous("/auth/refresh", json!({"refresh_token": token}));
    let second = refresh(owner.refresh_token.clone()).await.expect(200);
    let successor = second["refresh_token"].as_str().unwrap().to_owned();
    let third = refresh(successor.clone()).await.expect(200);
    refresh(owner.refresh_token.clone()).await.expect_problem(401, "invalid_credentials");
    refresh(third["refresh_token"].as_str().unwrap().to_owned())
        .await
        .expect_problem(401, "invalid_credentials");
    refresh(successor).await.expect_problem(401, "invalid_credentials");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_logs_out_is_out_at_once() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    app.get(&owner, "/auth/me").await.expect(200);
    app.post(&owner, "/auth/logout", json!({})).await.expect(204);
    app.get(&owner, "/auth/me").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_addresses_and_wrong_passwords_get_the_same_answer() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let ask = |email: &str, password: &str| {
        app.post_anonymous("/auth/login", json!({"email": email, "password": password}))
    };
    let unknown = ask("nobody@nowhere.example", PASSWORD).await.expect_problem(401, "invalid_credentials");
    let wrong = ask(&owner.email, "another password").await.expect_problem(401, "invalid_credentials");
    assert_eq!(unknown["detail"], wrong["detail"]);
    // Recorded in the background, so that neither takes longer.
    app.until(&owner, "/audit/events?event_type=user.sign_in_failed", |log| log["total"] == 1).await;
}
