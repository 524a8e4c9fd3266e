//! From the making of an API key to its end.

use std::time::Duration;

use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection};

use super::until_status;
use crate::support::{ApiKey, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once_and_acts_under_its_own_name_for_its_maker() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let body = json!({"name": "Nightly import", "scopes": ["read_agents", "create_agents"]});
    let answer = app.post(&owner, "/api-keys", body).await;
    let (location, tag) = (answer.header("location").to_owned(), answer.header("etag").to_owned());
    let mut made = answer.expect(201);
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with(made["prefix"].as_str().unwrap()));
    assert!(secret.ends_with(made["last4"].as_str().unwrap()));
    assert_eq!((&made["created_by"], &made["status"]), (&json!(owner.user), &json!("active")));
    assert_eq!(made["scopes"], json!(["read_agents", "create_agents"]));
    let time = |name: &str| made[name].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert_eq!(time("expires_at") - time("created_at"), chrono::TimeDelta::days(90));
    assert_eq!(tag, "\"1\"");
    let key = ApiKey::of(&owner, &made);
    made.as_object_mut().unwrap().remove("secret");
    assert_eq!(app.get(&owner, &location).await.expect(200), made);
    assert_eq!(app.get(&owner, "/api-keys").await.expect(200)["items"], json!([made]));

    let agent = app.agent(&key.session).await;
    let path = format!("/audit/events?actor_id={}", key.id);
    let events = app.get(&owner, &path).await.expect(200);
    assert_eq!(events["total"], 1);
    assert_eq!(events["items"][0]["aggregate_id"], json!(agent));
    let actor = json!({
        "type": "api_key", "id": key.id, "name": "Nightly import",
        "on_behalf_of": {"id": owner.user, "name": "John Doe"},
    });
    assert_eq!(events["items"][0]["actor"], actor);
    let all = app.get(&owner, "/events?types=agent.created,tenant.api_key_created").await.expect(200);
    let actors: Vec<&Value> = all["items"].as_array().unwrap().iter().map(|event| &event["actor"]).collect();
    assert_eq!(actors, [&json!({"type": "user", "id": owner.user, "name": "John Doe"}), &actor]);
    assert_eq!(
        app.get(&owner, &format!("/agents/{agent}")).await.expect(200)["created_by"],
        json!(owner.user)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_is_told_the_same_key_and_nobody_else_is() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let own = app.api_key(&owner, &["manage_api_keys", "read_agents"]).await;
    let body = json!({"name": "Key", "scopes": ["read_agents"]});
    let ask = async |token: &str, path: &str, body: &Value| {
        let request = app.request(Method::POST, path).bearer_auth(token).header("Idempotency-Key", "k-1");
        app.send(request.json(body)).await
    };
    let made = ask(&owner.token, "/api-keys", &body).await.expect(201);
    assert_eq!(ask(&owner.token, "/api-keys", &body).await.expect(201), made);
    ask(&own.session.token, "/api-keys", &body).await.expect_problem(422, "idempotency_key_reused");
    // The answer was never kept.
    let database = app.owner().await;
    sqlx::query("update idempotency_keys set answer = null").execute(&database).await.unwrap();
    assert_eq!(ask(&owner.token, "/api-keys", &body).await.expect(201), made);
    app.get(&ApiKey::of(&owner, &made).session, "/agents").await.expect(200);
    assert_eq!(app.get(&owner, "/api-keys").await.expect(200)["total"], 2);

    let rotate = format!("/api-keys/{}/rotate", made["id"].as_str().unwrap());
    let request =
        || app.request(Method::POST, &rotate).bearer_auth(&owner.token).header("Idempotency-Key", "k-2");
    let rotated = app.send(request()).await.expect(201);
    sqlx::query("update idempotency_keys set answer = null").execute(&database).await.unwrap();
    assert_eq!(app.send(request()).await.expect(201), rotated);
    app.get(&ApiKey::of(&owner, &rotated).session, "/agents").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_on_every_node_and_its_streams_end() {
    let app = TestApp::start().await;
    let node = TestApp::start_on(app.database.clone(), &[]).await;
    let owner = app.sign_up("basic").await;
    let key = app.api_key(&owner, &["read_agents", "read_events"]).await;
    node.get(&key.session, "/agents").await.expect(200);
    let stream =
        node.request(Method::GET, "/events/stream").bearer_auth(&key.session.token).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let path = format!("/api-keys/{}", key.id);
    app.delete(&owner, &path).await.expect(204);
    app.get(&key.session, "/agents").await.expect_problem(401, "invalid_token");
    until_status(&node, &key.session, "/agents", 401).await;
    let to_its_end = stream.bytes_stream().for_each(async |_| ());
    tokio::time::timeout(Duration::from_secs(8), to_its_end).await.expect("the stream has ended");
    let revoked = app.get(&owner, &path).await.expect(200);
    assert_eq!((&revoked["status"], &revoked["version"]), (&json!("revoked"), &json!(2)));
    app.delete(&owner, &path).await.expect_problem(409, "api_key.revoked");
    app.post(&owner, &format!("{path}/rotate"), json!({})).await.expect_problem(409, "api_key.revoked");
    for (filter, total) in [("status=revoked", 1), ("status=active", 0), ("q=NIGHTLY", 1), ("q=none", 0)] {
        let list = app.get(&owner, &format!("/api-keys?{filter}")).await.expect(200);
        assert_eq!(list["total"], total, "{filter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_runs_out() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let key = app.api_key(&owner, &["read_agents"]).await;
    app.get(&key.session, "/agents").await.expect(200);
    let database = app.owner().await;
    sqlx::query("update api_keys set expires_at = now()").execute(&database).await.unwrap();
    until_status(&app, &key.session, "/agents", 401).await;
    let listed = app.get(&owner, "/api-keys?status=expired").await.expect(200);
    assert_eq!(listed["items"][0]["id"], json!(key.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_works_beside_its_successor_for_as_long_as_was_said() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let first = app.api_key(&owner, &["read_agents"]).await;
    let rotate = async |key: &ApiKey, hours: i64| {
        let body = json!({"overlap_hours": hours, "expires_in_days": 7});
        app.post(&owner, &format!("/api-keys/{}/rotate", key.id), body).await
    };
    let second = ApiKey::of(&owner, &rotate(&first, 24).await.expect(201));
    for key in [&first, &second] {
        app.get(&key.session, "/agents").await.expect(200);
    }
    rotate(&first, 24).await.expect_problem(409, "api_key.rotated");
    let third = ApiKey::of(&owner, &rotate(&second, 0).await.expect(201));
    app.get(&second.session, "/agents").await.expect_problem(401, "invalid_token");
    app.get(&third.session, "/agents").await.expect(200);
    let old = app.get(&owner, &format!("/api-keys/{}", first.id)).await.expect(200);
    let time = |name: &str| old[name].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert_eq!(time("expires_at") - time("updated_at"), chrono::TimeDelta::hours(24));
    assert_eq!(old["version"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_organisations_keys_are_told_so() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let key = app.api_key(&owner, &["read_agents"]).await.session;
    let reason = "unpaid".parse().unwrap();
    let tenant = domain::TenantId(owner.tenant);
    app.service.state.app.suspend_tenant("operator", tenant, reason).await.unwrap();
    until_status(&app, &key, "/agents", 403).await;
    app.get(&key, "/agents").await.expect_problem(403, "tenant.suspended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_taken_from_the_authorization_header_alone() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let key = app.api_key(&owner, &["read_agents"]).await.session.token;
    for name in ["access_token", "api_key", "key", "token"] {
        let answer = app.send(app.request(Method::GET, &format!("/agents?{name}={key}"))).await;
        answer.expect_problem(401, "unauthenticated");
    }
    for (name, value) in [
        ("cookie", format!("access_token={key}; api_key={key}")),
        ("x-api-key", key.clone()),
        ("authorization", format!("Basic {key}")),
        ("authorization", key.clone()),
    ] {
        app.send(app.request(Method::GET, "/agents").header(name, value)).await.expect(401);
    }
    app.send(app.request(Method::GET, "/agents").header("authorization", format!("bearer {key}")))
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_a_wrong_checksum_is_refused_without_a_look_at_the_database() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let key = app.api_key(&owner, &["read_agents"]).await.session.token;
    let last = if key.ends_with('x') { "y" } else { "x" };
    let wrong = format!("{}{last}", &key[..key.len() - 1]);
    // Nobody can read the table of keys meanwhile.
    let mut conn = PgConnection::connect_with(&app.database).await.unwrap();
    conn.execute("begin; lock table api_keys in access exclusive mode").await.unwrap();
    let ask = async |token: &str| {
        let answer = app.send(app.request(Method::GET, "/agents").bearer_auth(token));
        tokio::time::timeout(Duration::from_secs(2), answer).await
    };
    for bad in [wrong.as_str(), "ac_live_", "ac_live_x", &key[..43], &format!("{key}0")] {
        ask(bad).await.expect("an answer at once").expect_problem(401, "invalid_token");
    }
    assert!(ask(&key).await.is_err(), "the right key had to be looked up");
    conn.execute("rollback").await.unwrap();
    ask(&key).await.unwrap().expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_use_of_a_key_is_noted_once_a_minute() {
    let app = TestApp::start().await;
    let node = TestApp::start_on(app.database.clone(), &[]).await;
    let owner = app.sign_up("basic").await;
    let key = app.api_key(&owner, &["read_agents"]).await;
    let path = format!("/api-keys/{}", key.id);
    assert_eq!(app.get(&owner, &path).await.expect(200)["last_used_at"], Value::Null);
    app.get(&key.session, "/agents").await.expect(200);
    let noted = app.until(&owner, &path, |key| !key["last_used_at"].is_null()).await;
    let database = app.owner().await;
    // Each write of the row makes it another tuple.
    let tuple = async || -> String {
        let sql = "select ctid::text from api_keys where last_used_at is not null";
        sqlx::query_scalar(sql).fetch_one(&database).await.unwrap()
    };
    let before = tuple().await;
    for _ in 0..20 {
        app.get(&key.session, "/agents").await.expect(200);
        node.get(&key.session, "/agents").await.expect(200);
    }
    assert_eq!(app.get(&owner, &path).await.expect(200), noted);
    assert_eq!(tuple().await, before);
}
