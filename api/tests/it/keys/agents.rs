//! A key that is bound to agents sees and does what is theirs. All else of the organisation is answered as what does not
//! exist, whatever is asked.

use domain::{Permission, Permissions};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Executor as _;
use uuid::Uuid;

use crate::access::permission_of;
use crate::isolation::{lists, rows_of, told};
use crate::operations::{Operation, operations};
use crate::scene::{Scene, count_events};
use crate::support::{Answer, ApiKey, Session, TestApp, fresh_database};
use crate::work::{approval, asking_task_of, completed_task};

/// All that such a key may be made for.
fn scopes() -> Vec<Permission> {
    Permission::ALL.into_iter().filter(|permission| permission.is_of_single_agents()).collect()
}

fn names(scopes: &[Permission]) -> Vec<&'static str> {
    scopes.iter().map(|scope| scope.as_str()).collect()
}

/// A program bound to one agent, in an organisation that has one of everything of others.
struct Bound {
    app: TestApp,
    scene: Scene,
    key: Session,
    agent: String,
}

impl Bound {
    async fn set_on(app: TestApp) -> Self {
        let scene = Scene::set_on(&app, "enterprise").await;
        let agent = app.running_agent(&scene.owner).await;
        let key = app.bound_key(&scene.owner, &names(&scopes()), &[&agent]).await.session;
        Self { app, scene, key, agent }
    }

    async fn ask(&self, operation: &Operation, path: &str, body: Value, if_match: Option<&str>) -> Answer {
        let request = self.app.request(operation.method.clone(), path).bearer_auth(&self.key.token);
        let request = match if_match {
            Some(tag) => request.header("If-Match", tag),
            None => request,
        };
        self.app
            .send(match operation.body {
                Some(_) => request.json(&body),
                None => request,
            })
            .await
    }

    /// Asks for what is of another agent and for what nobody has: anything but the same answer is a leak.
    async fn compare(&self, operation: &Operation, leaks: &mut Vec<String>) {
        let id = self.scene.id_for(&operation.path);
        for if_match in [None, Some("*"), Some("\"1\""), Some("\"99\"")] {
            let body = self.scene.body_if_any(operation);
            let other = self.ask(operation, &operation.with_id(&id), body.clone(), if_match).await;
            let unknown = operation.with_id(&Uuid::now_v7().to_string());
            let unknown = told(self.ask(operation, &unknown, body, if_match).await);
            let other = told(other);
            if other != unknown || other.0 != 404 {
                leaks.push(format!("{} with If-Match {if_match:?}: {} {}", operation.id, other.0, other.1));
            }
        }
    }

    /// Names another agent in a body, and one that nobody has.
    async fn compare_named(&self, operation: &Operation, leaks: &mut Vec<String>) {
        let mut body = self.scene.body_for(operation);
        assert_eq!(body["agent_id"], json!(self.scene.agent), "{}", operation.id);
        let other = told(self.ask(operation, &operation.path, body.clone(), None).await);
        body["agent_id"] = json!(Uuid::now_v7());
        let unknown = told(self.ask(operation, &operation.path, body, None).await);
        if other != unknown || (other.0, &other.1["errors"][0]["field"]) != (422, &json!("/agent_id")) {
            leaks.push(format!("{}: {} {}", operation.id, other.0, other.1));
        }
    }

    /// All that the key learns of what is not its agent's, or does to it.
    async fn leaks(&self) -> Vec<String> {
        let database = self.app.owner().await;
        let before = (rows_of(&database, self.key.tenant).await, count_events(&database).await);
        let granted: Permissions = scopes().into_iter().collect();
        let (mut leaks, mut compared) = (vec![], 0);
        for operation in operations().into_iter().filter(|one| one.asks_for_caller) {
            let Some(permission) = permission_of(&operation) else {
                continue;
            };
            if !granted.grants(permission) {
                let path = self.scene.path_of(&operation);
                let refused = self.ask(&operation, &path, self.scene.body_if_any(&operation), None).await;
                refused.expect_problem(403, "forbidden");
                continue;
            }
            compared += 1;
            match operation.id.as_str() {
                _ if operation.has_id() => self.compare(&operation, &mut leaks).await,
                _ if lists(&operation) => {
                    let path = format!("{}?limit=200", operation.path);
                    let page = self.ask(&operation, &path, Value::Null, None).await.expect(200);
                    let foreign = page["items"].as_array().unwrap().iter().filter(|item| {
                        item["id"] != json!(self.agent) && item["agent_id"] != json!(self.agent)
                    });
                    leaks.extend(foreign.map(|item| format!("{}: {item}", operation.id)));
                    let counted = page["items"].as_array().unwrap().len();
                    if page["total"] != json!(counted) {
                        leaks.push(format!("{}: {} of {counted}", operation.id, page["total"]));
                    }
                }
                "create_task" | "create_schedule" => self.compare_named(&operation, &mut leaks).await,
                "create_agent" => {
                    let answer =
                        self.ask(&operation, &operation.path, self.scene.body_for(&operation), None).await;
                    answer.expect_problem(403, "bound_to_agents");
                }
                // It is about nobody's agent.
                "preview_schedule" => {}
                other => panic!("{other}: a new operation needs to say what it shows a bound key"),
            }
        }
        assert!(compared >= 25, "{compared}");
        for path in [
            format!("/tasks?agent_id={}", self.scene.agent),
            format!("/schedules?agent_id={}", self.scene.agent),
            "/approvals".to_owned(),
        ] {
            let page = self.app.get(&self.key, &path).await.expect(200);
            if page != json!({"items": [], "next_cursor": null, "total": 0}) {
                leaks.push(format!("{path}: {page}"));
            }
        }
        let after = (rows_of(&database, self.key.tenant).await, count_events(&database).await);
        if after != before {
            leaks.push(format!("there was {before:?} and is {after:?}"));
        }
        leaks
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_of_another_agent_is_nothing_to_a_key_that_is_bound() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let bound = Bound::set_on(app).await;
    assert_eq!(bound.leaks().await, Vec::<String>::new());
}

/// The test above would notice: without the wall around agents there are leaks of everything that is read.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_wall_around_agents_a_bound_key_reads_all() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let bound = Bound::set_on(app).await;
    let owner = bound.app.owner().await;
    for table in ["agents", "tasks", "schedules", "conversations"] {
        owner.execute(format!("drop policy agents on {table}").as_str()).await.unwrap();
    }
    let leaks = bound.leaks().await;
    for leaky in [
        "get_agent",
        "get_agent_budget",
        "list_agents",
        "get_task",
        "list_steps",
        "watch_task",
        "list_tasks",
        "list_approvals",
        "get_conversation",
        "list_conversations",
        "get_schedule",
        "list_schedules",
    ] {
        assert!(leaks.iter().any(|leak| leak.starts_with(leaky)), "{leaky}: {leaks:#?}");
    }
    // What it may do is decided apart from what it is shown.
    for kept in ["change_agent", "stop_agent", "execute_task", "cancel_task", "send_message", "create_task"] {
        assert!(!leaks.iter().any(|leak| leak.starts_with(kept)), "{kept}: {leaks:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_key_works_with_its_agents() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let (first, second) = (app.running_agent(&owner).await, app.running_agent(&owner).await);
    let other = app.running_agent(&owner).await;
    let key = app.bound_key(&owner, &names(&scopes()), &[&first, &second]).await.session;
    let id = |answer: Value| answer["id"].as_str().unwrap().to_owned();
    let page = app.get(&key, "/agents").await.expect(200);
    assert_eq!(page["total"], 2, "{page}");
    app.put(&key, &format!("/agents/{first}"), json!({"description": "Answers mail"})).await.expect(200);
    app.get(&key, &format!("/agents/{first}/budget")).await.expect(200);

    // A task from its making to its result, with its steps and its stream.
    let task = json!({"name": "Task", "agent_id": first, "input_data": {"prompt": "Hello"}});
    let path = format!("/tasks/{}", id(app.post(&key, "/tasks", task).await.expect(201)));
    app.put(&key, &path, json!({"priority": 4})).await.expect(200);
    app.post(&key, &format!("{path}/execute"), json!({})).await.expect(202);
    app.until(&key, &path, |task| task["status"] == "completed").await;
    assert_eq!(app.get(&key, &format!("{path}/steps")).await.expect(200)["total"], 1);
    let stream = app.request(Method::GET, &format!("{path}/stream")).bearer_auth(&key.token);
    let told = stream.send().await.unwrap().text().await.unwrap();
    assert!(told.contains("task.completed"), "{told}");
    assert_eq!(app.post(&key, &format!("{path}/replay"), json!({})).await.expect(200)["is_identical"], true);
    let fork = app.post(&key, &format!("{path}/replay?fork_at_step=1"), json!({})).await.expect(201);
    assert_eq!(fork["agent_id"], json!(first));

    let begun = json!({"message": "Anything new?"});
    let begun = app.post(&key, &format!("/agents/{second}/conversations"), begun).await.expect(201);
    let conversation = format!("/conversations/{}", id(begun));
    app.until(&key, &conversation, |view| view["status"] == "completed").await;
    let said = app.post(&key, &format!("{conversation}/messages"), json!({"content": "And now?"})).await;
    let turn = id(said.expect(202));
    app.until(&key, &format!("/tasks/{turn}"), |task| task["status"] == "completed").await;
    app.delete(&key, &conversation).await.expect(204);

    let daily = json!({"name": "Daily", "agent_id": second, "cron": "0 8 * * *"});
    let schedule = format!("/schedules/{}", id(app.post(&key, "/schedules", daily).await.expect(201)));
    app.put(&key, &schedule, json!({"enabled": false})).await.expect(200);
    app.delete(&key, &schedule).await.expect(204);

    let asking = asking_task_of(&app, &owner, &second).await;
    assert_eq!(app.get(&key, "/approvals").await.expect(200)["total"], 1);
    app.post(&key, &format!("/tasks/{asking}/approval"), approval(&owner)).await.expect(202);

    app.post(&key, &format!("/agents/{second}/pause"), json!({"mode": "cancel"})).await.expect(200);
    app.delete(&key, &format!("/agents/{second}")).await.expect(204);
    // What became of a terminated agent's work is shown still, and nothing else took its place.
    app.get(&key, &format!("/tasks/{asking}")).await.expect(200);
    assert_eq!(app.get(&key, "/agents").await.expect(200)["total"], 1);
    app.get(&owner, &format!("/agents/{other}")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agents_of_a_key_are_those_of_the_organisation() {
    let app = TestApp::start().await;
    let (owner, other) = (app.sign_up("basic").await, app.sign_up("basic").await);
    let (agent, foreign, gone) = (app.agent(&owner).await, app.agent(&other).await, app.agent(&owner).await);
    app.delete(&owner, &format!("/agents/{gone}")).await.expect(204);
    let make = async |agents: Value| {
        let body = json!({"name": "Key", "scopes": ["read_agents"], "agent_ids": agents});
        app.post(&owner, "/api-keys", body).await
    };
    let mut told_of = vec![];
    for bad in [foreign, gone, Uuid::now_v7().to_string()] {
        let answer = make(json!([agent, bad])).await;
        let (status, problem, headers) = told(answer);
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("/agent_ids/1")), "{problem}");
        told_of.push((problem, headers));
    }
    assert!(told_of.iter().all(|one| *one == told_of[0]), "{told_of:?}");
    assert_eq!(app.get(&owner, "/api-keys").await.expect(200)["total"], 0);
    let shown_once = make(json!([agent])).await.expect(201);
    assert_eq!(shown_once["agent_ids"], json!([agent]));
    assert_eq!(make(Value::Null).await.expect(201)["agent_ids"], Value::Null);
    let shown =
        app.get(&owner, &format!("/api-keys/{}", shown_once["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(shown["agent_ids"], json!([agent]));
    let audit = app.get(&owner, "/audit/events?event_type=tenant.api_key_created").await.expect(200);
    let told = audit["items"].as_array().unwrap().iter().map(|event| event["data"]["agent_ids"].clone());
    assert_eq!(told.collect::<Vec<_>>(), [Value::Null, json!([agent])], "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_key_has_no_scope_that_is_not_about_single_agents() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let agent = app.agent(&owner).await;
    for scope in Permission::ALL {
        let body = json!({"name": "Key", "scopes": ["read_tasks", scope], "agent_ids": [agent]});
        let answer = app.post(&owner, "/api-keys", body).await;
        if scope.is_of_single_agents() {
            answer.expect(201);
        } else {
            let problem = answer.expect_problem(422, "api_key.scope_beyond_agents");
            let names_it = format!("the scope {},", scope.as_str());
            assert!(problem["detail"].as_str().unwrap().contains(&names_it), "{problem}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_successor_is_bound_like_the_key_before_it_on_every_node() {
    let app = TestApp::start().await;
    let node = TestApp::start_on(app.database.clone(), &[]).await;
    let owner = app.sign_up("basic").await;
    let (agent, other) = (app.agent(&owner).await, app.agent(&owner).await);
    let key = app.bound_key(&owner, &["read_agents"], &[&agent]).await;
    let rotated = app.post(&owner, &format!("/api-keys/{}/rotate", key.id), json!({})).await.expect(201);
    assert_eq!(rotated["agent_ids"], json!([agent]));
    let successor = ApiKey::of(&owner, &rotated);
    for at in [&app, &node] {
        for by in [&key.session, &successor.session] {
            at.get(by, &format!("/agents/{agent}")).await.expect(200);
            at.get(by, &format!("/agents/{other}")).await.expect_problem(404, "not_found");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_key_is_told_what_it_may() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let agent = app.agent(&owner).await;
    let key = app.bound_key(&owner, &["manage_agents"], &[&agent]).await.session;
    let me = app.get(&key, "/auth/me").await.expect(200);
    assert_eq!(me["permissions"], json!(["read_agents", "manage_agents"]));
    // Even what a completed task of another agent led to is out of sight.
    let other = app.agent(&owner).await;
    let completed = completed_task(&app, &owner, &other).await;
    let tasks = app.bound_key(&owner, &["create_tasks"], &[&agent]).await.session;
    app.post(&tasks, &format!("/tasks/{completed}/replay"), json!({})).await.expect_problem(404, "not_found");
}
