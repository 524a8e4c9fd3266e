//! Errors have one form, and a status that says whose move it is.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::json;

use crate::operations::{DOCUMENT, operations};
use crate::scene::{Scene, request};
use crate::support::{Session, TestApp};

/// What only administrators may do, or whose things they are.
/// They end sessions or turn on the caller's own password, which is the owner's in the sample.
const ABOUT_THE_SESSION: [&str; 4] = ["log_out", "reauthenticate", "change_password", "end_other_sessions"];

const NOT_FOR_MEMBERS: &[&str] = &[
    "amend_task",
    "cancel_task",
    "change_agent",
    "change_schedule",
    "change_subscription",
    "change_tenant",
    "change_tenant_settings",
    "change_user",
    "create_api_key",
    "deactivate_user",
    "decide_approval",
    "end_sessions_of_user",
    "get_api_key",
    "get_provider_key",
    "invite_user",
    "list_api_keys",
    "list_audit_events",
    "list_invitations",
    "list_provider_keys",
    "remove_conversation",
    "remove_provider_key",
    "remove_schedule",
    "reopen_work",
    "resend_invitation",
    "reset_user_password",
    "revoke_api_key",
    "revoke_invitation",
    "rotate_api_key",
    "send_message",
    "set_agent_budget",
    "set_provider_key",
    "set_tenant_budget",
    "stop_all_work",
    "terminate_agent",
    "withdraw_task",
];

/// What administrators are refused.
const NOT_FOR_ADMINISTRATORS: &[&str] =
    &["change_subscription", "change_tenant", "reopen_work", "stop_all_work"];

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_that_needs_a_caller_says_how_to_become_one() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let challenge = |problem: &str| format!("Bearer realm=\"agentcores\"{problem}");
    for operation in operations().into_iter().filter(|one| one.asks_for_caller) {
        let path = operation.with_id(&uuid::Uuid::now_v7().to_string());
        let ask = || app.request(operation.method.clone(), &path);
        let answer = app.send(ask()).await;
        assert_eq!(answer.header("www-authenticate"), challenge(""), "{}", operation.id);
        answer.expect_problem(401, "unauthenticated");
        let forged = format!("{}x", owner.token);
        for bad in ["x", &owner.refresh_token, &forged] {
            let answer = app.send(ask().bearer_auth(bad)).await;
            assert_eq!(answer.header("www-authenticate"), challenge(", error=\"invalid_token\""));
            answer.expect_problem(401, "invalid_token");
        }
    }
}

/// The ids of the operations that someone is refused for their role, asking for all of them.
async fn forbidden_to(app: &TestApp, scene: &Scene, by: &Session) -> Vec<String> {
    let mut forbidden = vec![];
    let all = operations()
        .into_iter()
        .filter(|one| one.asks_for_caller && !ABOUT_THE_SESSION.contains(&one.id.as_str()));
    for operation in all {
        let request = request(app, operation.method.clone(), &scene.path_of(&operation), Some(by));
        let request = match operation.body {
            Some(_) => request.json(&scene.body_for(&operation)),
            None => request,
        };
        // The stream has no end: its status is enough.
        let status = request.send().await.unwrap().status();
        assert!(!status.is_server_error(), "{}: {status}", operation.id);
        if status == 403 {
            forbidden.push(operation.id);
        }
    }
    forbidden.sort();
    forbidden
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_refused_what_administrators_do_and_administrators_what_owners_do() {
    let app = TestApp::start().await;
    let scene = Scene::set(&app).await;
    assert_eq!(forbidden_to(&app, &scene, &scene.member).await, NOT_FOR_MEMBERS);
    let admin = app.join(&scene.owner, "admin", "admin").await;
    assert_eq!(forbidden_to(&app, &scene, &admin).await, NOT_FOR_ADMINISTRATORS);
    let invitation = json!({"email": "a@b.example", "role": "member"});
    let refused = app.post(&scene.member, "/tenants/users/invite", invitation).await;
    assert_eq!(refused.expect(401)["code"], "invalid_token", "the administrator has deactivated the member");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_api_is_found_at_an_unknown_address() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    for path in ["/api/", "/api/v1", "/api/v2/agents", "/nothing", "/agents/", "/Agents"] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let request = app.request(method, path).header("Accept", "text/html").bearer_auth(&owner.token);
            let answer = app.send(request).await;
            assert_eq!(answer.status, 404, "{path}: {}", answer.body);
            answer.expect_problem(404, "not_found");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_names_the_methods_it_answers_to() {
    let app = TestApp::start().await;
    let mut known: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for operation in operations() {
        known.entry(operation.path).or_default().push(operation.method.to_string());
    }
    for (path, methods) in known.iter().filter(|(path, _)| path.starts_with("/api/")) {
        for other in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            if methods.iter().any(|method| method == other) {
                continue;
            }
            let answer = app
                .send(
                    app.request(
                        other.parse().unwrap(),
                        &path.replace("{id}", "7").replace("{provider}", "7"),
                    ),
                )
                .await;
            let mut allowed: Vec<&str> =
                answer.header("allow").split(',').map(str::trim).filter(|one| *one != "HEAD").collect();
            allowed.sort_unstable();
            let mut methods = methods.clone();
            methods.sort();
            assert_eq!(allowed, methods, "{other} {path}");
            answer.expect_problem(405, "method_not_allowed");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_database_is_told_by_when_to_come_back_and_by_nothing_else() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let owner_pool = app.owner().await;
    sqlx::query("alter table agents rename to gone").execute(&owner_pool).await.unwrap();
    let answer = app.get(&owner, "/agents").await;
    assert_eq!(answer.header("retry-after"), "2");
    let problem = answer.expect_problem(503, "unavailable");
    assert!(!problem.to_string().contains("relation"), "{problem}");
}

#[test]
fn every_failure_in_the_document_is_a_problem() {
    let responses = DOCUMENT["components"]["responses"].as_object().unwrap();
    for (name, response) in responses {
        let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
        assert_eq!(schema, "#/components/schemas/Problem", "{name}");
    }
}
