//! A key may do what it was made for, and never more than its maker.

use domain::Permission;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, ApiKey, Session, TestApp, fresh_database};

/// Something that takes exactly this permission, of those that do not bring it along.
async fn use_of(
    app: &TestApp,
    maker: &Session,
    other: &Session,
    needs: Permission,
) -> (Method, String, Value) {
    use Permission as P;
    let get = |path: &str| (Method::GET, path.to_owned(), Value::Null);
    let created = async |by: &Session, path: &str, body: Value| {
        app.post(by, path, body).await.expect(201)["id"].as_str().unwrap().to_owned()
    };
    match needs {
        P::ReadTenant => get("/tenants/current"),
        P::ChangeTenant => {
            (Method::PUT, "/tenants/current".to_owned(), json!({"name": Uuid::new_v4().to_string()}))
        }
        P::ChangeSettings => (Method::PUT, "/tenants/current/settings".to_owned(), json!({"settings": {}})),
        P::ChangeSubscription => (
            Method::PUT,
            "/tenants/current/subscription".to_owned(),
            json!({"subscription_tier": "enterprise"}),
        ),
        // Whether or not it is stopped already.
        P::StopWork => {
            app.post(maker, "/tenants/current/reopen", Value::Null).await;
            (Method::POST, "/tenants/current/stop-all".to_owned(), json!({"reason": "Wrong customers"}))
        }
        P::ReadUsers => get("/tenants/users"),
        P::ManageUsers => {
            let body = json!({"email": format!("{}@x.example", Uuid::new_v4()), "role": "member"});
            (Method::POST, "/tenants/users/invite".to_owned(), body)
        }
        P::ReadKeys => get("/api-keys"),
        P::ManageApiKeys => {
            (Method::POST, "/api-keys".to_owned(), json!({"name": "More", "scopes": ["manage_api_keys"]}))
        }
        P::ManageProviderKeys => {
            (Method::POST, "/provider-keys".to_owned(), json!({"provider": "openai", "key": "sk-12345678"}))
        }
        P::ReadAgents => get("/agents"),
        P::CreateAgents => {
            (Method::POST, "/agents".to_owned(), json!({"name": "Agent", "agent_type": "echo"}))
        }
        P::RunAgents => (Method::POST, format!("/agents/{}/start", app.agent(maker).await), json!({})),
        P::ManageAgents => {
            (Method::PUT, format!("/agents/{}", app.agent(other).await), json!({"description": "New"}))
        }
        P::ReadTasks => get("/tasks"),
        P::CreateTasks => {
            let body = json!({"name": "Task", "agent_id": app.agent(maker).await});
            (Method::POST, "/tasks".to_owned(), body)
        }
        P::ManageTasks => {
            let body = json!({"name": "Task", "agent_id": app.agent(maker).await});
            (Method::PUT, format!("/tasks/{}", created(other, "/tasks", body).await), json!({"priority": 4}))
        }
        P::ManageBudgets => {
            (Method::PUT, "/tenants/current/budget".to_owned(), json!({"limit_usd": "25.00"}))
        }
        P::ApproveTasks => {
            let task = crate::work::asking_task(app, maker).await;
            (Method::POST, format!("/tasks/{task}/approval"), crate::work::approval(maker))
        }
        P::ReadEvents => get("/events"),
        P::ReadAudit => get("/audit/events"),
        P::ReadInvitations => get("/tenants/invitations"),
    }
}

async fn ask(app: &TestApp, by: &ApiKey, (method, path, body): &(Method, String, Value)) -> Answer {
    let request = app.request(method.clone(), path).bearer_auth(&by.session.token);
    app.send(if body.is_null() { request } else { request.json(body) }).await
}

/// Whether the one permission comes along with the other.
fn brings(held: Permission, permission: Permission) -> bool {
    held == permission || held.includes().contains(&permission)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_scope_allows_what_it_names_and_without_it_that_is_refused() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let owner = app.sign_up("enterprise").await;
    let member = app.join(&owner, "member", "member").await;
    let known = |path: &str| crate::operations::operations().iter().any(|one| one.path.ends_with(path));
    for scope in Permission::ALL {
        let of = async || use_of(&app, &owner, &member, scope).await;
        let path = of().await.1;
        if scope == Permission::ReadInvitations && !known(&path) {
            continue;
        }
        let with = app.api_key(&owner, &[scope.as_str()]).await;
        let answer = ask(&app, &with, &of().await).await;
        assert!(answer.status.is_success(), "{scope:?}: {}", answer.body);
        let others: Vec<&str> = Permission::ALL
            .into_iter()
            .filter(|other| !brings(*other, scope))
            .map(Permission::as_str)
            .collect();
        let without = app.api_key(&owner, &others).await;
        let answer = ask(&app, &without, &of().await).await;
        assert_eq!(answer.status, 403, "{scope:?}: {}", answer.body);
        answer.expect_problem(403, "forbidden");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_a_key_more_than_they_may() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let admin = app.join(&owner, "admin", "admin").await;
    let member = app.join(&owner, "member", "member").await;
    let auditor = app.join(&owner, "auditor", "auditor").await;
    let make = async |by: &Session, scopes: &[&str]| {
        app.post(by, "/api-keys", json!({"name": "Key", "scopes": scopes})).await
    };
    make(&admin, &["read_agents", "change_tenant"]).await.expect_problem(403, "forbidden");
    make(&member, &["read_agents"]).await.expect_problem(403, "forbidden");
    make(&auditor, &["read_agents"]).await.expect_problem(403, "forbidden");
    assert_eq!(app.get(&auditor, "/api-keys").await.expect(200)["total"], 0);

    // A key gives on no more than it has itself, whatever its maker may.
    let key = app.api_key(&owner, &["manage_api_keys", "read_agents"]).await;
    make(&key.session, &["read_agents"]).await.expect(201);
    make(&key.session, &["read_agents", "read_tasks"]).await.expect_problem(403, "forbidden");
    let plain = app.api_key(&owner, &["read_keys", "create_agents", "create_tasks"]).await;
    make(&plain.session, &["create_agents"]).await.expect_problem(403, "forbidden");
    app.delete(&plain.session, &format!("/api-keys/{}", key.id)).await.expect_problem(403, "forbidden");
    let provider = json!({"provider": "openai", "key": "sk-12345678"});
    app.post(&plain.session, "/provider-keys", provider).await.expect_problem(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_rotates_a_key_must_hold_its_scopes_and_becomes_its_maker() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let admin = app.join(&owner, "admin", "admin").await;
    let high = app.api_key(&owner, &["change_tenant"]).await;
    let low = app.api_key(&owner, &["manage_users"]).await;
    let rotate =
        async |key: &ApiKey| app.post(&admin, &format!("/api-keys/{}/rotate", key.id), json!({})).await;
    rotate(&high).await.expect_problem(403, "forbidden");
    let rotated = rotate(&low).await.expect(201);
    assert_eq!(rotated["created_by"], json!(admin.user));
    // So it may no more than the administrator, who cannot make owners.
    let key = ApiKey::of(&admin, &rotated);
    let invitation = json!({"email": "new@x.example", "role": "owner"});
    let answer = app.post(&key.session, "/tenants/users/invite", invitation).await;
    answer.expect_problem(403, "role_above_own");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_concerns_oneself_is_not_for_programs() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let all = Permission::ALL.map(Permission::as_str);
    let key = app.api_key(&owner, &all).await;
    let profile = app.put(&key.session, "/auth/profile", json!({"full_name": "Bot"})).await;
    profile.expect_problem(403, "session_required");
    app.post(&key.session, "/auth/logout", json!({})).await.expect_problem(403, "session_required");
    app.get(&owner, "/auth/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_shrinks_and_dies_with_its_maker_on_every_node() {
    let app = TestApp::start().await;
    let node = TestApp::start_on(app.database.clone(), &[]).await;
    let owner = app.sign_up("basic").await;
    let admin = app.join(&owner, "admin", "admin").await;
    let key = app.api_key(&admin, &["read_audit", "read_agents"]).await.session;
    for at in [&app, &node] {
        at.get(&key, "/audit/events").await.expect(200);
    }
    let path = format!("/tenants/users/{}", admin.user);
    app.put(&owner, &path, json!({"role": "member"})).await.expect(200);
    app.get(&key, "/audit/events").await.expect_problem(403, "forbidden");
    super::until_status(&node, &key, "/audit/events", 403).await;
    for at in [&app, &node] {
        at.get(&key, "/agents").await.expect(200);
    }
    app.delete(&owner, &path).await.expect(204);
    app.get(&key, "/agents").await.expect_problem(401, "invalid_token");
    super::until_status(&node, &key, "/agents", 401).await;
    // Access that comes back brings the key back.
    app.put(&owner, &path, json!({"is_active": true})).await.expect(200);
    super::until_status(&node, &key, "/agents", 200).await;
}
