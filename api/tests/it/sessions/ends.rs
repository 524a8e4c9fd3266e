//! Sessions that are listed and ended, and what asks for the password again.

use std::time::{Duration, Instant};

use reqwest::{Method, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{exchanged, me, refresh, revocations};
use crate::support::{Answer, PASSWORD, Session, TestApp, fresh_database};

const SOON: Duration = Duration::from_secs(6);

async fn log_in_with(app: &TestApp, session: &Session, program: &str) -> Value {
    let body = json!({"email": session.email, "password": PASSWORD, "tenant_subdomain": session.subdomain});
    let request = app.request(Method::POST, "/auth/login").header("user-agent", program);
    app.send(request.json(&body)).await.expect(200)
}

/// Asks until the answer is as wanted, for six seconds.
async fn soon(what: &str, ask: impl AsyncFn() -> Answer, wanted: (u16, &str)) {
    let deadline = Instant::now() + SOON;
    loop {
        let answer = ask().await;
        if (answer.status.as_u16(), answer.body["code"].as_str().unwrap_or_default()) == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "{what}: not within 6 s: {} {}", answer.status, answer.body);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn stream(app: &TestApp, session: &Session) -> Response {
    let request = app.request(Method::GET, "/events/stream").bearer_auth(&session.token);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    response
}

/// Reads on until the stream ends.
async fn ends(what: &str, mut stream: Response) {
    let read = async { while stream.chunk().await.unwrap().is_some() {} };
    tokio::time::timeout(SOON, read).await.unwrap_or_else(|_| panic!("{what}: the stream goes on after 6 s"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_sees_and_ends_own_sessions_alone() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let member = app.join(&owner, "member", "member").await;
    let second = log_in_with(&app, &member, "Laptop/1.0").await;
    let third = log_in_with(&app, &member, "Phone/1.0").await;
    let list = app.get(&member, "/auth/sessions?sort=created_at").await.expect(200);
    let items = list["items"].as_array().unwrap();
    assert_eq!((list["total"].as_i64(), items.len()), (Some(3), 3));
    assert_eq!(items.iter().map(|one| one["current"] == true).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!((&items[1]["user_agent"], &items[1]["ip"]), (&json!("Laptop/1.0"), &json!("127.0.0.1")));
    for name in ["created_at", "last_used_at", "expires_at"] {
        assert!(items[0][name].as_str().is_some_and(|time| time.ends_with('Z')), "{name}");
    }
    let path = |item: &Value| format!("/auth/sessions/{}", item["id"].as_str().unwrap());
    app.delete(&owner, &path(&items[1])).await.expect_problem(404, "not_found");
    app.delete(&member, &format!("/auth/sessions/{}", Uuid::now_v7())).await.expect_problem(404, "not_found");
    app.delete(&member, &path(&items[1])).await.expect(204);
    app.delete(&member, &path(&items[1])).await.expect_problem(404, "not_found");
    me(&app, second["access_token"].as_str().unwrap()).await.expect_problem(401, "invalid_token");
    me(&app, third["access_token"].as_str().unwrap()).await.expect(200);
    app.delete(&member, "/auth/sessions").await.expect(204);
    me(&app, third["access_token"].as_str().unwrap()).await.expect_problem(401, "invalid_token");
    app.delete(&member, "/auth/sessions").await.expect(204);
    assert_eq!(app.get(&member, "/auth/sessions").await.expect(200)["total"], 1);
    let ended = revocations(&app, &owner).await;
    assert!(ended.len() == 2 && ended.iter().all(|one| one["reason"] == "revoked"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_ends_the_sessions_of_those_not_above() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let admin = app.join(&owner, "admin", "admin").await;
    let member = app.join(&owner, "member", "member").await;
    let of = |session: &Session| format!("/tenants/users/{}/sessions", session.user);
    app.delete(&admin, &of(&owner)).await.expect_problem(403, "role_above_own");
    app.delete(&member, &of(&admin)).await.expect_problem(403, "forbidden");
    app.delete(&admin, &of(&member)).await.expect(204);
    app.get(&member, "/auth/me").await.expect_problem(401, "invalid_token");
    refresh(&app, &member.refresh_token).await.expect_problem(401, "invalid_credentials");
    app.delete(&admin, &of(&member)).await.expect(204);
    assert_eq!(revocations(&app, &owner).await.len(), 1);
    let again = app.sign_in(&owner.subdomain, &member.email).await;
    app.get(&again, "/auth/me").await.expect(200);
    let events = app.get(&owner, "/audit/events?event_type=user.session_revoked").await.expect(200);
    assert_eq!(events["items"][0]["actor"]["id"], json!(admin.user));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_from_a_device_never_seen_is_told() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    for program in ["Firefox/131.0", "Firefox/132.0", "Chrome/9"] {
        log_in_with(&app, &owner, program).await;
    }
    let events = app.get(&owner, "/audit/events?event_type=user.signed_in&order=asc").await.expect(200);
    let new: Vec<bool> =
        events["items"].as_array().unwrap().iter().map(|one| one["data"]["new_device"] == true).collect();
    // The first of all, one from elsewhere, its update, another.
    assert_eq!(new, [false, true, false, true]);
    assert!(events["items"][0]["data"].get("new_device").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hurts_most_asks_for_the_password_again_on_every_node() {
    let database = fresh_database().await;
    let here = TestApp::start_on(database.clone(), &[]).await;
    let there = TestApp::start_on(database, &[]).await;
    let owner = here.sign_up("basic").await;
    let member = here.join(&owner, "member", "member").await;
    let user = format!("/tenants/users/{}", member.user);
    // So that neither node remembers when the password was given.
    here.put(&owner, &user, json!({"full_name": "Member"})).await.expect(200);
    let earlier = "update sessions set authenticated_at = now() - interval '6 minutes' where user_id = $1";
    sqlx::query(earlier).bind(owner.user).execute(&here.owner().await).await.unwrap();
    for node in [&here, &there] {
        node.delete(&owner, &user).await.expect_problem(403, "reauthentication_required");
    }
    let again = |password: &str| here.post(&owner, "/auth/reauthenticate", json!({"password": password}));
    again("another battery horse").await.expect_problem(403, "wrong_password");
    there.delete(&owner, &user).await.expect_problem(403, "reauthentication_required");
    again(PASSWORD).await.expect(204);
    there.delete(&owner, &user).await.expect(204);
    let failed = here.get(&owner, "/audit/events?event_type=user.sign_in_failed").await.expect(200);
    assert_eq!(failed["items"][0]["data"]["failure"], "wrong_password");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_session_bites_on_another_node_and_on_its_streams() {
    let database = fresh_database().await;
    let here = TestApp::start_on(database.clone(), &[]).await;
    let there = TestApp::start_on(database, &[]).await;
    let owner = here.sign_up("professional").await;
    let mut sessions = vec![];
    for name in ["leaving", "ended", "revoked", "disabled", "stolen"] {
        let session = here.join(&owner, name, "member").await;
        // The other node knows it from here on.
        there.get(&session, "/auth/me").await.expect(200);
        let stream = stream(&there, &session).await;
        sessions.push((name, session, stream));
    }
    let mut checks = vec![];
    for (name, session, stream) in sessions {
        let user = format!("/tenants/users/{}", session.user);
        there.get(&session, "/auth/me").await.expect(200);
        match name {
            "leaving" => here.post(&session, "/auth/logout", json!({})).await.expect(204),
            "ended" => {
                let id = here.current_session(&session).await;
                let other = here.sign_in(&owner.subdomain, &session.email).await;
                here.delete(&other, &format!("/auth/sessions/{id}")).await.expect(204)
            }
            "revoked" => here.delete(&owner, &format!("{user}/sessions")).await.expect(204),
            "disabled" => here.delete(&owner, &user).await.expect(204),
            _ => {
                let next = exchanged(&here, &session.refresh_token).await;
                exchanged(&here, &next.refresh).await;
                refresh(&here, &session.refresh_token).await.expect_problem(401, "invalid_credentials")
            }
        };
        checks.push((name, session, stream));
    }
    let there = &there;
    let checks = checks.into_iter().map(async |(name, session, stream)| {
        let bites = soon(name, async || there.get(&session, "/auth/me").await, (401, "invalid_token"));
        tokio::join!(bites, ends(name, stream));
    });
    futures::future::join_all(checks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_role_and_a_suspension_bite_on_another_node() {
    let database = fresh_database().await;
    let here = TestApp::start_on(database.clone(), &[]).await;
    let there = TestApp::start_on(database, &[]).await;
    let owner = here.sign_up("basic").await;
    let admin = here.join(&owner, "admin", "admin").await;
    there.get(&admin, "/audit/events").await.expect(200);
    let user = format!("/tenants/users/{}", admin.user);
    here.put(&owner, &user, json!({"role": "member"})).await.expect(200);
    soon("demoted", async || there.get(&admin, "/audit/events").await, (403, "forbidden")).await;
    let stream = stream(&there, &admin).await;
    here.suspend(&owner).await;
    let bites = soon("suspended", async || there.get(&admin, "/auth/me").await, (403, "tenant.suspended"));
    tokio::join!(bites, ends("suspended", stream));
}
