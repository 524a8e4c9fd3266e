//! Headers that answers carry and requests may.

use reqwest::Method;
use serde_json::{Value, json};

use crate::operations::operations;
use crate::scene::{Scene, count_events};
use crate::support::{PASSWORD, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_created_says_where_it_is_and_in_which_version() {
    let app = TestApp::start().await;
    let scene = Scene::set(&app).await;
    for (path, body) in [
        ("/agents", json!({"name": "Agent", "agent_type": "echo"})),
        ("/tasks", json!({"name": "Task", "agent_id": scene.agent})),
        ("/tenants/users/invite", json!({"email": "guest@x.example", "role": "member"})),
    ] {
        let created = app.post(&scene.owner, path, body).await;
        assert_eq!(created.status, 201);
        let (location, tag) = (created.header("location").to_owned(), created.header("etag").to_owned());
        let made = created.body.get("user").unwrap_or(&created.body);
        assert!(location.ends_with(made["id"].as_str().unwrap()), "{location}");
        assert_eq!(tag, format!("\"{}\"", made["version"]));
        let read = app.get(&scene.owner, &location).await;
        assert_eq!(read.header("etag"), tag);
        assert_eq!(&read.expect(200), made);
    }
    let tenant =
        json!({"name": "A", "subdomain": "abc", "contact_email": "a@a.example", "contact_name": "A"});
    let founded = app.post_anonymous("/tenants", tenant).await;
    assert_eq!((founded.header("location"), founded.header("etag")), ("/api/v1/tenants/current", "\"1\""));
    let owner =
        json!({"email": "a@a.example", "password": PASSWORD, "full_name": "A", "tenant_subdomain": "abc"});
    let registered = app.post_anonymous("/auth/register", owner).await;
    let (location, id) = (registered.header("location").to_owned(), registered.body["id"].clone());
    let session = app.sign_in("abc", "a@a.example").await;
    assert_eq!(app.get(&session, &location).await.expect(200)["id"], id);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_says_where_in_the_log_it_stands_and_reads_show_it() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = format!("/agents/{}", app.agent(&owner).await);
    let mut last = 0;
    for (method, path, body, field, wanted) in [
        (Method::PUT, agent.clone(), json!({"name": "Renamed"}), "name", "Renamed"),
        (Method::POST, format!("{agent}/start"), Value::Null, "status", "running"),
        (Method::POST, format!("{agent}/pause"), Value::Null, "status", "paused"),
        // Nothing changes, and nothing is written; the position is the log's end.
        (Method::PUT, agent.clone(), json!({"name": "Renamed"}), "status", "paused"),
    ] {
        let request = app.request(method, &path).bearer_auth(&owner.token);
        let done = app.send(if body.is_null() { request } else { request.json(&body) }).await;
        let position: i64 = done.header("x-event-position").parse().unwrap();
        let newest = app.get(&owner, "/audit/events?limit=1").await.expect(200);
        assert_eq!(newest["items"][0]["position"], position);
        assert!(position >= last);
        last = position;
        let read = app.get(&owner, &agent).await;
        assert_eq!(read.header("etag"), done.header("etag"));
        assert_eq!(read.body, done.expect(200));
        assert_eq!(read.body[field], wanted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_is_taken_or_made_returned_and_kept() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let create = |id: &str| {
        let request =
            app.request(Method::POST, "/agents").bearer_auth(&owner.token).header("X-Request-Id", id);
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        app.send(request.header("traceparent", trace).json(&json!({"name": "Agent", "agent_type": "echo"})))
    };
    let given = create("checkout-7.a_B").await;
    assert_eq!(given.header("x-request-id"), "checkout-7.a_B");
    let kept = app.get(&owner, "/audit/events?request_id=checkout-7.a_B").await.expect(200);
    assert_eq!((&kept["total"], &kept["items"][0]["aggregate_id"]), (&json!(1), &given.body["id"]));
    assert_eq!(kept["items"][0]["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    let mut made = vec![];
    for bad in ["", "with blank", "<script>", &"x".repeat(65)] {
        let answer = create(bad).await;
        let id = answer.header("x-request-id").to_owned();
        assert!(id.parse::<uuid::Uuid>().is_ok(), "{id}");
        made.push(id);
    }
    made.dedup();
    assert_eq!(made.len(), 4);
    let request = app.request(Method::GET, "/nothing").header("X-Request-Id", "mine");
    assert_eq!(app.send(request).await.expect(404)["request_id"], "mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_post_refuses_an_idempotency_key_that_cannot_be_one() {
    let app = TestApp::start().await;
    let scene = Scene::set(&app).await;
    let database = app.owner().await;
    let before = count_events(&database).await;
    let posts: Vec<_> = operations().into_iter().filter(|one| one.method == Method::POST).collect();
    assert!(posts.len() >= 15 && posts.iter().all(|one| one.takes("header", "Idempotency-Key")));
    for operation in posts {
        for key in ["", "with blank", &"x".repeat(256)] {
            let request = scene.request(&app, &operation).header("Idempotency-Key", key);
            let request = match operation.body {
                Some(_) => request.json(&scene.body_for(&operation)),
                None => request,
            };
            let problem = app.send(request).await.expect_problem(422, "validation_failed");
            assert_eq!(problem["errors"][0]["field"], "/Idempotency-Key", "{}", operation.id);
        }
    }
    assert_eq!(count_events(&database).await, before);
    let longest = app.request(Method::POST, "/agents").bearer_auth(&scene.owner.token);
    let longest = longest.header("Idempotency-Key", "x".repeat(255));
    app.send(longest.json(&json!({"name": "Agent", "agent_type": "echo"}))).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_protects_browsers_and_is_not_kept() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    for answer in [app.get(&owner, "/auth/me").await, app.get(&owner, "/nothing").await] {
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    }
}
