//! `If-Match`: what changed since it was seen is not changed again by mistake.

use serde_json::{Value, json};

use crate::operations::{Operation, operations};
use crate::scene::{Scene, begin_conversation, count_events, request};
use crate::support::{Answer, TestApp, fresh_database};
use crate::work::asking_task;

/// A thing in a state in which the operation succeeds: its id, or nothing where there is but one.
async fn ready_for(app: &TestApp, scene: &Scene, operation: &Operation) -> String {
    let owner = &scene.owner;
    let task = async || {
        let body = json!({"name": "Task", "agent_id": scene.agent});
        app.post(owner, "/tasks", body).await.expect(201)["id"].as_str().unwrap().to_owned()
    };
    match operation.id.as_str() {
        "change_agent" | "terminate_agent" | "start_agent" | "set_agent_budget" => app.agent(owner).await,
        "stop_agent" | "pause_agent" => app.running_agent(owner).await,
        "resume_agent" => {
            let agent = app.running_agent(owner).await;
            app.post(owner, &format!("/agents/{agent}/pause"), json!({})).await.expect(200);
            agent
        }
        "amend_task" | "withdraw_task" | "cancel_task" | "execute_task" => task().await,
        "remove_conversation" => begin_conversation(app, owner).await,
        "send_message" => {
            let conversation = begin_conversation(app, owner).await;
            let messages = format!("/conversations/{conversation}/messages");
            let turn = app.post(owner, &messages, json!({"content": "Hello"})).await.expect(202);
            let cancel = format!("/tasks/{}/cancel", turn["id"].as_str().unwrap());
            app.post(owner, &cancel, json!({})).await.expect(200);
            conversation
        }
        "change_schedule" | "remove_schedule" => {
            let body =
                json!({"name": "Report", "agent_id": scene.agent, "cron": "0 0 1 1 *", "enabled": false});
            app.post(owner, "/schedules", body).await.expect(201)["id"].as_str().unwrap().to_owned()
        }
        "decide_approval" => asking_task(app, owner).await,
        "retry_task" => {
            let task = task().await;
            app.post(owner, &format!("/tasks/{task}/cancel"), json!({})).await.expect(200);
            task
        }
        "change_user" | "deactivate_user" | "end_sessions_of_user" | "reset_user_password" => {
            app.join(owner, &operation.id.replace('_', "-"), "member").await.user.to_string()
        }
        "revoke_api_key" | "rotate_api_key" => {
            let body = json!({"name": "Import", "scopes": ["read_agents"]});
            app.post(owner, "/api-keys", body).await.expect(201)["id"].as_str().unwrap().to_owned()
        }
        "revoke_invitation" | "resend_invitation" => {
            let email = format!("{}@acme.example", operation.id.replace('_', "-"));
            let invited = json!({"email": email, "role": "member"});
            let invited = app.post(owner, "/tenants/users/invite", invited).await.expect(201);
            invited["user"]["id"].as_str().unwrap().to_owned()
        }
        "remove_provider_key" => scene.provider.clone(),
        "change_tenant"
        | "change_tenant_settings"
        | "change_subscription"
        | "set_tenant_budget"
        | "change_profile"
        | "change_password" => String::new(),
        other => panic!("{other}: a new operation with If-Match needs something to change"),
    }
}

/// Where the present version of what the operation changes is read.
fn read_at(operation: &Operation, id: &str) -> String {
    match operation.path.split_once('{') {
        // An invitation is a user who has not joined yet.
        Some((before, _)) if before.ends_with("/invitations/") => format!("/tenants/users/{id}"),
        Some((before, _)) => format!("{before}{id}"),
        None if ["change_profile", "change_password"].contains(&operation.id.as_str()) => {
            "/auth/me".to_owned()
        }
        None => "/tenants/current".to_owned(),
    }
}

async fn ask(app: &TestApp, scene: &Scene, operation: &Operation, id: &str, tag: &str) -> Answer {
    let request = request(app, operation.method.clone(), &operation.with_id(id), Some(&scene.owner));
    let request = request.header("If-Match", tag);
    app.send(match operation.body {
        Some(_) => request.json(&scene.body_for(operation)),
        None => request,
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_refused_with_a_stale_version_and_done_with_the_right_one() {
    // Without workers: what is queued stays as it is.
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let scene = Scene::set(&app).await;
    let database = app.owner().await;
    let changes: Vec<_> = operations().into_iter().filter(|one| one.takes("header", "If-Match")).collect();
    assert!(changes.len() >= 16);
    for operation in changes {
        let id = ready_for(&app, &scene, &operation).await;
        let read = app.get(&scene.owner, &read_at(&operation, &id)).await;
        let tag = read.header("etag").to_owned();
        let before = count_events(&database).await;
        for stale in ["\"0\"", "\"99\"", "W/\"1\"", "\"abc\"", &tag.replace('"', "")] {
            ask(&app, &scene, &operation, &id, stale).await.expect_problem(412, "version_mismatch");
        }
        ask(&app, &scene, &operation, &id, "\"1\", \"2\"").await.expect_problem(422, "validation_failed");
        assert_eq!(count_events(&database).await, before, "{}", operation.id);

        let done = ask(&app, &scene, &operation, &id, &tag).await;
        assert!(done.status.is_success(), "{}: {}", operation.id, done.body);
        assert!(count_events(&database).await > before, "{}", operation.id);
        // The answer to a rotation is about the new key.
        if done.status != 204 && operation.id != "rotate_api_key" {
            assert_ne!(done.header("etag"), tag, "{}", operation.id);
            let version = done.body.get("version").map(Value::to_string);
            assert!(version.is_none_or(|version| done.header("etag") == format!("\"{version}\"")));
            // Seen before, and no longer so.
            ask(&app, &scene, &operation, &id, &tag).await.expect(412);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_changes_to_one_version_one_is_made() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let path = format!("/agents/{}", app.agent(&owner).await);
    let change = async |number: usize| {
        let request = app.request(reqwest::Method::PUT, &path).bearer_auth(&owner.token);
        app.send(request.header("If-Match", "\"1\"").json(&json!({"name": format!("Agent {number}")}))).await
    };
    let answers = futures::future::join_all((0..20).map(change)).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 409, 412].contains(status)), "{statuses:?}");
    assert_eq!(app.get(&owner, &path).await.expect(200)["version"], 2);
}
