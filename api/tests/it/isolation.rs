//! What belongs to another organisation is answered as what does not exist, whatever is asked.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::operations::{Operation, operations};
use crate::scene::{Scene, count_events, request};
use crate::support::{Answer, Session, TestApp, fresh_database};

/// What an answer tells, without what is new with every request.
fn told(mut answer: Answer) -> (u16, Value, Vec<String>) {
    if let Some(body) = answer.body.as_object_mut() {
        body.remove("request_id");
    }
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    headers.sort();
    (answer.status.as_u16(), answer.body, headers)
}

/// One organisation looks for what belongs to another.
struct Stranger<'a> {
    app: &'a TestApp,
    own: Scene,
    other: Scene,
}

impl Stranger<'_> {
    async fn ask(&self, operation: &Operation, id: &str, by: &Session, if_match: Option<&str>) -> Answer {
        let request = request(self.app, operation.method.clone(), &operation.with_id(id), Some(by));
        let request = match if_match {
            Some(tag) => request.header("If-Match", tag),
            None => request,
        };
        self.app
            .send(match operation.body {
                Some(_) => request.json(&self.own.body_for(operation)),
                None => request,
            })
            .await
    }

    /// Asks for the other's thing and for one that nobody has.
    async fn compare(&self, operation: &Operation, by: &Session, if_match: Option<&str>) -> u16 {
        let other = told(self.ask(operation, &self.other.id_for(&operation.path), by, if_match).await);
        let unknown = told(self.ask(operation, &Uuid::now_v7().to_string(), by, if_match).await);
        assert_eq!(other, unknown, "{} with If-Match {if_match:?}", operation.id);
        other.0
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_another_organisation_is_an_id_that_nothing_has() {
    let app = TestApp::start().await;
    let (own, other) = (Scene::set(&app).await, Scene::set(&app).await);
    let database = app.owner().await;
    let before = count_events(&database).await;
    let stranger = Stranger { app: &app, own, other };
    let with_id: Vec<Operation> = operations().into_iter().filter(Operation::has_id).collect();
    assert!(with_id.len() >= 15);
    for operation in &with_id {
        for if_match in [None, Some("*"), Some("\"1\""), Some("\"2\""), Some("\"99\"")] {
            let status = stranger.compare(operation, &stranger.own.owner, if_match).await;
            assert_eq!(status, 404, "{} with If-Match {if_match:?}", operation.id);
        }
        let by_member = stranger.compare(operation, &stranger.own.member, None).await;
        assert!([403, 404].contains(&by_member), "{}: {by_member}", operation.id);
    }
    assert_eq!(count_events(&database).await, before);
    // The other's things are as they were.
    let (owner, agent, task) = (&stranger.other.owner, &stranger.other.agent, &stranger.other.task);
    assert_eq!(app.get(owner, &format!("/agents/{agent}")).await.expect(200)["version"], 2);
    assert_eq!(app.get(owner, &format!("/tasks/{task}")).await.expect(200)["version"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_of_another_organisation_gets_no_task() {
    let app = TestApp::start().await;
    let (own, other) = (app.sign_up("free").await, app.sign_up("free").await);
    let agent = app.running_agent(&other).await;
    let create = async |agent: String| {
        let answer = app.post(&own, "/tasks", json!({"name": "Task", "agent_id": agent})).await;
        told(answer)
    };
    let (status, problem, headers) = create(agent).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("/agent_id")));
    assert_eq!(create(Uuid::now_v7().to_string()).await, (status, problem, headers));
    assert_eq!(app.get(&other, "/tasks").await.expect(200)["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_searches_find_nothing_of_another_organisation() {
    let app = TestApp::start().await;
    let (own, other) = (Scene::set(&app).await, Scene::set(&app).await);
    let empty = json!({"items": [], "next_cursor": null, "total": 0});
    for path in [
        format!("/tasks?agent_id={}", other.agent),
        format!("/audit/events?aggregate_id={}", other.agent),
        format!("/audit/events?actor_id={}", other.owner.user),
        format!("/tenants/users?q={}", other.owner.email),
    ] {
        assert_eq!(app.get(&own.owner, &path).await.expect(200), empty, "{path}");
    }
    app.agent(&other.owner).await;
    let listed = ["/agents", "/tasks", "/tenants/users", "/audit/events", "/events"];
    for path in listed {
        let foreign = app.get(&other.owner, &format!("{path}?limit=1")).await.expect(200);
        // A cursor that leaked leads through one's own rows.
        let query =
            foreign["next_cursor"].as_str().map(|cursor| format!("?cursor={cursor}")).unwrap_or_default();
        let page = app.get(&own.owner, &format!("{path}{query}")).await.expect(200);
        for item in page["items"].as_array().unwrap() {
            let tenant = item.get("tenant_id").or(item.get("tenantid"));
            assert_eq!(tenant, Some(&json!(own.owner.tenant)), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_names_another_organisation_than_its_token_is_refused() {
    let app = TestApp::start_on(fresh_database().await, &["--base-domain=agentcores.example"]).await;
    let (own, other) = (Scene::set(&app).await, app.sign_up("free").await);
    let database = app.owner().await;
    let before = count_events(&database).await;
    let host = format!("{}.agentcores.example", other.subdomain);
    for operation in operations().into_iter().filter(|one| one.asks_for_caller) {
        for (name, value) in
            [("x-tenant", &other.subdomain), ("host", &host), ("x-tenant", &"no tenant".to_owned())]
        {
            let request = own.request(&app, &operation).header(name, value);
            let request = match operation.body {
                Some(_) => request.json(&own.body_for(&operation)),
                None => request,
            };
            app.send(request).await.expect_problem(403, "tenant_mismatch");
        }
    }
    assert_eq!(count_events(&database).await, before);
    let request = app.request(Method::GET, "/auth/me").bearer_auth(&own.owner.token);
    app.send(request.header("X-Tenant", own.owner.subdomain.to_ascii_uppercase())).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_opens_one_organisation_opens_no_other() {
    let app = TestApp::start().await;
    let (own, other) = (app.sign_up("basic").await, app.sign_up("basic").await);
    let sign_in = |email: &str, subdomain: &str| {
        let body =
            json!({"email": email, "password": crate::support::PASSWORD, "tenant_subdomain": subdomain});
        app.post_anonymous("/auth/login", body)
    };
    sign_in(&own.email, &other.subdomain).await.expect_problem(401, "invalid_credentials");
    sign_in(&own.email, "no-such-organisation").await.expect_problem(401, "invalid_credentials");
    let invited = json!({"email": "guest@elsewhere.example", "role": "member"});
    let invitation = app.post(&other, "/tenants/users/invite", invited).await.expect(201);
    let register = json!({
        "email": "guest@elsewhere.example", "password": crate::support::PASSWORD, "full_name": "Guest",
        "tenant_subdomain": own.subdomain, "invitation_token": invitation["invitation_token"],
    });
    let answer = app.post_anonymous("/auth/register", register).await;
    assert!(answer.body["tenant_id"] != json!(own.tenant), "{}", answer.body);
    let tenants = ["first", "second"].map(|name| format!("{name}-{}", own.subdomain));
    let mut tokens = vec![];
    for subdomain in &tenants {
        let tenant = json!({
            "name": "Org", "subdomain": subdomain, "contact_email": "x@x.example", "contact_name": "X",
        });
        tokens.push(app.post_anonymous("/tenants", tenant).await.expect(201)["setup_token"].clone());
    }
    let found = |setup_token: &Value| {
        let body = json!({
            "email": "y@y.example", "password": crate::support::PASSWORD, "full_name": "Y",
            "tenant_subdomain": tenants[0], "setup_token": setup_token,
        });
        app.post_anonymous("/auth/register", body)
    };
    found(&tokens[1]).await.expect_problem(403, "registration_not_allowed");
    assert_eq!(found(&tokens[0]).await.expect(201)["role"], "owner");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_idempotency_key_in_two_organisations_is_two_keys() {
    let app = TestApp::start().await;
    let mut ids = vec![];
    for session in [app.sign_up("free").await, app.sign_up("free").await] {
        let request = app.request(Method::POST, "/agents").bearer_auth(&session.token);
        let request =
            request.header("Idempotency-Key", "same").json(&json!({"name": "A", "agent_type": "echo"}));
        let agent = app.send(request).await.expect(201);
        assert_eq!(agent["tenant_id"], json!(session.tenant));
        ids.push(agent["id"].clone());
    }
    assert_ne!(ids[0], ids[1]);
}
