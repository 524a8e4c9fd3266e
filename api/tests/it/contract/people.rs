//! Invitations, roles and sessions.

use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Session, TestApp};

async fn invite(app: &TestApp, by: &Session, email: &str, role: &str) -> Answer {
    app.post(by, "/tenants/users/invite", json!({"email": email, "role": role})).await
}

async fn accept(app: &TestApp, email: &str, token: &Value) -> Answer {
    let body = json!({"email": email, "password": PASSWORD, "full_name": "Grace", "invitation_token": token});
    app.post_anonymous("/auth/register", body).await
}

async fn log_in(app: &TestApp, email: &str) -> Answer {
    app.post_anonymous("/auth/login", json!({"email": email, "password": PASSWORD})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_lets_in_the_invited_once() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let email = "grace@acme.example";
    let invitation = invite(&app, &owner, "Grace@Acme.example", "admin").await.expect(201);
    assert_eq!(
        (&invitation["user"]["email"], &invitation["user"]["status"]),
        (&json!(email), &json!("invited"))
    );
    let token = &invitation["invitation_token"];
    log_in(&app, email).await.expect_problem(401, "invalid_credentials");
    accept(&app, "eve@acme.example", token).await.expect_problem(403, "invitation_invalid");
    let forged = json!(format!("{}x", token.as_str().unwrap()));
    for bad in [&forged, &json!("x"), &json!(owner.refresh_token)] {
        accept(&app, email, bad).await.expect_problem(403, "invitation_invalid");
    }
    let user = accept(&app, email, token).await.expect(201);
    assert_eq!(
        (&user["role"], &user["status"], &user["id"]),
        (&json!("admin"), &json!("active"), &invitation["user"]["id"])
    );
    accept(&app, email, token).await.expect_problem(403, "invitation_invalid");
    log_in(&app, "GRACE@acme.example").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_taken_back_lets_nobody_in_and_frees_the_address() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let email = "grace@acme.example";
    let first = invite(&app, &owner, email, "member").await.expect(201);
    invite(&app, &owner, email, "admin").await.expect_problem(409, "invitation_open");
    invite(&app, &owner, &owner.email, "member").await.expect_problem(409, "email_taken");
    let path = format!("/tenants/users/{}", first["user"]["id"].as_str().unwrap());
    app.delete(&owner, &path).await.expect(204);
    app.get(&owner, &path).await.expect_problem(404, "not_found");
    accept(&app, email, &first["invitation_token"]).await.expect_problem(403, "invitation_invalid");
    let second = invite(&app, &owner, email, "member").await.expect(201);
    accept(&app, email, &first["invitation_token"]).await.expect_problem(403, "invitation_invalid");
    accept(&app, email, &second["invitation_token"]).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_registers_uninvited() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let register = |email: &str, subdomain: Option<&str>| {
        let body =
            json!({"email": email, "password": PASSWORD, "full_name": "Eve", "tenant_subdomain": subdomain});
        app.post_anonymous("/auth/register", body)
    };
    let subdomain = Some(owner.subdomain.as_str());
    register("eve@evil.example", subdomain).await.expect_problem(403, "registration_not_allowed");
    register(&owner.email, subdomain).await.expect_problem(403, "invitation_required");
    register("eve@evil.example", Some("no-such-organisation")).await.expect_problem(404, "not_found");
    let problem = register("eve@evil.example", None).await.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["field"], "/tenant_subdomain");
    assert_eq!(app.get(&owner, "/tenants/users").await.expect(200)["total"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_grants_a_role_above_their_own_or_touches_its_holders() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let admin = app.join(&owner, "admin", "admin").await;
    let member = app.join(&owner, "member", "member").await;
    let [of_owner, of_member, of_admin] =
        [&owner, &member, &admin].map(|session| format!("/tenants/users/{}", session.user));
    invite(&app, &admin, "x@x.example", "owner").await.expect_problem(403, "role_above_own");
    for user in [&of_member, &of_admin] {
        let up = app.put(&admin, user, json!({"role": "owner"})).await;
        up.expect_problem(403, "role_above_own");
    }
    for change in [json!({"role": "member"}), json!({"is_active": false}), json!({"full_name": "X"})] {
        app.put(&admin, &of_owner, change).await.expect_problem(403, "role_above_own");
    }
    app.delete(&admin, &of_owner).await.expect_problem(403, "role_above_own");
    assert_eq!(app.put(&admin, &of_member, json!({"role": "admin"})).await.expect(200)["role"], "admin");
    assert_eq!(app.put(&owner, &of_member, json!({"role": "owner"})).await.expect(200)["role"], "owner");
    app.put(&admin, &of_member, json!({"role": "member"})).await.expect_problem(403, "role_above_own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_role_bites_at_once() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let admin = app.join(&owner, "admin", "admin").await;
    app.get(&admin, "/audit/events").await.expect(200);
    app.put(&owner, &format!("/tenants/users/{}", admin.user), json!({"role": "member"})).await.expect(200);
    app.get(&admin, "/audit/events").await.expect_problem(403, "forbidden");
    let me = app.get(&admin, "/auth/me").await.expect(200);
    assert_eq!(me["user"]["role"], "member");
    assert!(!me["permissions"].as_array().unwrap().contains(&json!("read_audit")));
}

#[tokio::test(flavor = "multi_thread")]
async fn access_taken_away_ends_sessions_and_given_back_lets_in_again() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let member = app.join(&owner, "member", "member").await;
    let user = format!("/tenants/users/{}", member.user);
    app.delete(&owner, &user).await.expect(204);
    app.get(&member, "/auth/me").await.expect_problem(401, "invalid_token");
    let refresh = json!({"refresh_token": member.refresh_token});
    app.post_anonymous("/auth/refresh", refresh.clone()).await.expect_problem(401, "invalid_credentials");
    log_in(&app, &member.email).await.expect_problem(401, "invalid_credentials");
    assert_eq!(app.get(&owner, &user).await.expect(200)["status"], "inactive");
    let history = app.get(&owner, &format!("/audit/events?aggregate_id={}", member.user)).await.expect(200);
    let last = |event: &str| {
        let mut items = history["items"].as_array().unwrap().iter();
        items.any(|item| item["event_type"] == event)
    };
    assert!(last("user.invited") && last("user.deactivated"));
    app.delete(&owner, &user).await.expect_problem(409, "user.not_active");
    assert_eq!(app.put(&owner, &user, json!({"is_active": true})).await.expect(200)["is_active"], true);
    app.post_anonymous("/auth/refresh", refresh).await.expect_problem(401, "invalid_credentials");
    log_in(&app, &member.email).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_ends_this_session_alone() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let other = app.sign_in(&owner.subdomain, &owner.email).await;
    app.get(&owner, "/auth/me").await.expect(200);
    app.post(&owner, "/auth/logout", json!({})).await.expect(204);
    app.get(&owner, "/auth/me").await.expect_problem(401, "invalid_token");
    app.post(&owner, "/auth/logout", json!({})).await.expect_problem(401, "invalid_token");
    let refresh = |session: &Session| {
        app.post_anonymous("/auth/refresh", json!({"refresh_token": session.refresh_token}))
    };
    refresh(&owner).await.expect_problem(401, "invalid_credentials");
    app.get(&other, "/auth/me").await.expect(200);
    let fresh = refresh(&other).await.expect(200);
    assert_eq!((&fresh["token_type"], &fresh["expires_in"]), (&json!("Bearer"), &json!(1_800)));
    app.get(&Session { token: fresh["access_token"].as_str().unwrap().to_owned(), ..other }, "/auth/me")
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_in_several_organisations_chooses_one() {
    let app = TestApp::start().await;
    let (one, two) = (app.sign_up("free").await, app.sign_up("free").await);
    let invitation = invite(&app, &two, &one.email, "member").await.expect(201);
    accept(&app, &one.email, &invitation["invitation_token"]).await.expect(201);
    let problem = log_in(&app, &one.email).await.expect_problem(409, "tenant_required");
    let mut choices: Vec<&str> = problem["tenants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tenant| tenant["subdomain"].as_str().unwrap())
        .collect();
    choices.sort_unstable();
    assert_eq!(choices, [one.subdomain.as_str(), two.subdomain.as_str()]);
    assert_eq!(app.sign_in(&two.subdomain, &one.email).await.tenant, two.tenant);
    let request = app.request(reqwest::Method::POST, "/auth/login").header("X-Tenant", &one.subdomain);
    let body = json!({"email": one.email, "password": PASSWORD});
    assert_eq!(app.send(request.json(&body)).await.expect(200)["tenant"]["id"], json!(one.tenant));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subdomain_is_one_however_it_is_spelt_and_some_are_nobodys() {
    let app = TestApp::start().await;
    let found = |subdomain: &str| {
        let body =
            json!({"name": "A", "subdomain": subdomain, "contact_email": "a@a.example", "contact_name": "A"});
        app.post_anonymous("/tenants", body)
    };
    let tenant = found("Acme-1").await.expect(201);
    assert_eq!((&tenant["subdomain"], &tenant["subscription_tier"]), (&json!("acme-1"), &json!("free")));
    assert_eq!(tenant["limits"], json!({"agents": 5, "tasks_per_month": 1_000, "users": 3}));
    assert!(tenant["setup_token"].is_string());
    found("ACME-1").await.expect_problem(409, "subdomain_taken");
    for bad in ["www", "API", "ab", "-abc", "abc-", "a_b", "a.b", "äbc", &"a".repeat(64)] {
        let problem = found(bad).await.expect_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["field"], "/subdomain", "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_is_read_by_members_and_changed_by_its_owner() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let member = app.join(&owner, "member", "member").await;
    let changed = app.put(&owner, "/tenants/current", json!({"name": "Acme Industries"})).await.expect(200);
    assert_eq!(app.get(&member, "/tenants/current").await.expect(200), changed);
    assert_eq!((&changed["name"], &changed["contact_name"]), (&json!("Acme Industries"), &json!("John Doe")));
    let settings = json!({"settings": {"timezone": "Europe/Berlin", "limits": [1, 2]}});
    app.put(&owner, "/tenants/current/settings", settings.clone()).await.expect(200);
    assert_eq!(app.get(&member, "/tenants/current/settings").await.expect(200), settings);
    let usage = app.get(&member, "/tenants/current/usage").await.expect(200);
    let used = |name: &str| {
        let mut resources = usage["resources"].as_array().unwrap().iter();
        let resource = resources.find(|one| one["resource"] == name).unwrap();
        (resource["used"].as_i64().unwrap(), resource["limit"].as_i64().unwrap())
    };
    assert_eq!([used("agents"), used("tasks_per_month"), used("users")], [(0, 25), (0, 10_000), (2, 5)]);
    assert_eq!(app.get(&member, "/tenants/health").await.expect(200)["status"], "ok");
    let profile = json!({"full_name": "Grace Hopper", "preferences": {"theme": "dark"}});
    let me = app.put(&member, "/auth/profile", profile).await.expect(200);
    assert_eq!((&me["full_name"], &me["preferences"]), (&json!("Grace Hopper"), &json!({"theme": "dark"})));
    assert_eq!(app.get(&member, "/auth/me").await.expect(200)["user"], me);
}
