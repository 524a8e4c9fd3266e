//! What belongs to another organisation is answered as what does not exist, whatever is asked.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Executor, PgPool};
use uuid::Uuid;

use crate::operations::{Operation, operations};
use crate::scene::{Scene, count_events, request};
use crate::support::{Answer, Session, TestApp, fresh_database, pool, settings};
use crate::wire_tap::{Queries, WireTap};

/// What an answer tells, without what is new with every request.
pub(crate) fn told(mut answer: Answer) -> (u16, Value, Vec<String>) {
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

    /// Asks for the other's thing and for one that nobody has: anything but the same 404 is a leak.
    async fn compare(
        &self,
        operation: &Operation,
        (by, id): (&Session, &str),
        if_match: Option<&str>,
        leaks: &mut Vec<String>,
    ) {
        let other = told(self.ask(operation, id, by, if_match).await);
        let unknown = told(self.ask(operation, &Uuid::now_v7().to_string(), by, if_match).await);
        let refused = by.user == self.own.member.user && other.0 == 403;
        if other != unknown || (other.0 != 404 && !refused) {
            leaks.push(format!("{} with If-Match {if_match:?}: {} {}", operation.id, other.0, other.1));
        }
    }
}

/// Everything that one organisation learns of another's, or does to it, by ids, lists and filters.
async fn leaks(app: &TestApp) -> Vec<String> {
    let (own, other) = (Scene::set(app).await, Scene::set(app).await);
    let database = app.owner().await;
    let before = rows_of(&database, other.owner.tenant).await;
    let stranger = Stranger { app, own, other };
    let mut leaks = vec![];
    let with_id: Vec<Operation> = operations().into_iter().filter(Operation::has_id).collect();
    assert!(with_id.len() >= 15);
    for operation in &with_id {
        let id = stranger.other.id_for(&operation.path);
        for if_match in [None, Some("*"), Some("\"1\""), Some("\"2\""), Some("\"99\"")] {
            stranger.compare(operation, (&stranger.own.owner, &id), if_match, &mut leaks).await;
        }
        stranger.compare(operation, (&stranger.own.member, &id), None, &mut leaks).await;
    }
    let (own, other) = (&stranger.own, &stranger.other);
    for path in [
        format!("/tasks?agent_id={}", other.agent),
        format!("/audit/events?aggregate_id={}", other.agent),
        format!("/audit/events?actor_id={}", other.owner.user),
        format!("/tenants/users?q={}", other.owner.email),
    ] {
        let page = app.get(&own.owner, &path).await.expect(200);
        if page != json!({"items": [], "next_cursor": null, "total": 0}) {
            leaks.push(format!("{path}: {page}"));
        }
    }
    for operation in operations().iter().filter(|one| lists(one)) {
        let path = operation.path.strip_prefix("/api/v1").unwrap();
        let foreign = app.get(&other.owner, &format!("{path}?limit=200")).await.expect(200);
        let foreign_ids: Vec<Value> = ids(&foreign).collect();
        let foreign = app.get(&other.owner, &format!("{path}?limit=1")).await.expect(200);
        // A cursor that leaked leads through one's own rows.
        let cursor = foreign["next_cursor"].as_str().map(|cursor| format!("?cursor={cursor}"));
        for query in [Some(String::new()), cursor].into_iter().flatten() {
            let page = app.get(&own.owner, &format!("{path}{query}")).await.expect(200);
            leaks.extend(
                ids(&page).filter(|id| foreign_ids.contains(id)).map(|id| format!("{path}{query}: {id}")),
            );
        }
    }
    let after = rows_of(&database, other.owner.tenant).await;
    if after != before {
        leaks.push(format!("the other's rows were {before:?} and are {after:?}"));
    }
    leaks
}

/// The ids of a page's rows.
fn ids(page: &Value) -> impl Iterator<Item = Value> + use<> {
    let items = page["items"].as_array().unwrap().clone();
    // What has no id of its own has a name, which no two scenes share.
    items.into_iter().map(|item| item.get("id").unwrap_or(&item["provider"]).clone())
}

/// Whether the operation answers with a page of the tenant's rows; lists of one thing's own are compared by its id.
pub(crate) fn lists(operation: &Operation) -> bool {
    let pages = operation.takes("query", "cursor") && !operation.has_id();
    operation.method == Method::GET && operation.asks_for_caller && pages || operation.id == "list_events"
}

/// How many rows each table has of a tenant, with the events' last position.
pub(crate) async fn rows_of(database: &PgPool, tenant: Uuid) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    // What follows the log in the background may still be on its way.
    let follow = ["mails", "follower_checkpoints"];
    for table in tenant_tables(database).await.into_iter().filter(|one| !follow.contains(&one.as_str())) {
        let sql = format!("select count(*) from {table} where tenant_id = $1");
        let count: i64 = sqlx::query_scalar(&sql).bind(tenant).fetch_one(database).await.unwrap();
        counts.insert(table, count);
    }
    counts
}

async fn tenant_tables(database: &PgPool) -> Vec<String> {
    let sql = "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid
               where a.attname = 'tenant_id' and c.relkind = 'r' and c.relnamespace = 'public'::regnamespace";
    sqlx::query_scalar(sql).fetch_all(database).await.unwrap()
}

async fn switch_off_row_level_security(database: &PgPool) {
    for table in tenant_tables(database).await {
        database.execute(format!("alter table {table} disable row level security").as_str()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_another_organisation_is_an_id_that_nothing_has() {
    let app = TestApp::start().await;
    assert_eq!(leaks(&app).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queries_alone_keep_organisations_apart() {
    let app = TestApp::start().await;
    switch_off_row_level_security(&app.owner().await).await;
    assert_eq!(leaks(&app).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn row_level_security_alone_keeps_organisations_apart() {
    let database = fresh_database().await;
    let (tap, tapped) = WireTap::on(&database, Queries::WithoutTenantFilters);
    let app = TestApp::start_on(tapped, &[]).await;
    assert_eq!(leaks(&app).await, Vec::<String>::new());
    let unfiltered = tap.take().iter().filter(|message| message.is_unfiltered()).count();
    assert!(unfiltered >= 20, "{unfiltered} statements had no filter");
}

/// The tests above would notice: with both walls down there are leaks.
#[tokio::test(flavor = "multi_thread")]
async fn without_both_walls_organisations_see_each_other() {
    let database = fresh_database().await;
    let (_tap, tapped) = WireTap::on(&database, Queries::WithoutTenantFilters);
    let app = TestApp::start_on(tapped, &[]).await;
    switch_off_row_level_security(&app.owner().await).await;
    let leaks = leaks(&app).await;
    for leaky in [
        "get_agent",
        "get_task",
        "get_user",
        "/agents",
        "/tasks",
        "/tenants/users",
        "/audit/events",
        "/events",
    ] {
        assert!(leaks.iter().any(|leak| leak.starts_with(leaky)), "{leaky}: {leaks:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_refuses_a_database_with_a_wall_open() {
    let database = fresh_database().await;
    TestApp::start_on(database.clone(), &[]).await;
    let owner = pool(&database).await;
    let policies: Vec<(String, String)> = sqlx::query_as(
        "select tablename::text, policyname::text from pg_policies where schemaname = 'public'",
    )
    .fetch_all(&owner)
    .await
    .unwrap();
    let isolated = tenant_tables(&owner).await;
    let mut holes: Vec<(String, String)> = policies
        .into_iter()
        .filter(|(table, _)| isolated.contains(table))
        .map(|(table, policy)| (format!("drop policy {policy} on {table}"), table))
        .collect();
    assert!(holes.len() >= 2 * 12, "{holes:?}");
    for table in &isolated {
        holes.push((format!("alter table {table} disable row level security"), table.clone()));
        holes.push((format!("alter table {table} no force row level security"), table.clone()));
        holes.push((format!("create policy third on {table} using (true)"), table.clone()));
    }
    holes.push((
        "alter view stock_events set (security_invoker = false)".to_owned(),
        "stock_events".to_owned(),
    ));
    for (hole, table) in holes {
        let mut conn = owner.acquire().await.unwrap();
        conn.execute("begin").await.unwrap();
        conn.execute(hole.as_str()).await.unwrap();
        let open = infrastructure::postgres::open_walls(&mut conn).await.unwrap();
        conn.execute("rollback").await.unwrap();
        assert_eq!(open, [table], "{hole}");
    }
    owner.execute("drop policy reader on agents").await.unwrap();
    let refused = api::wire::Service::start(&settings(&[]), database).await.err().unwrap().to_string();
    assert!(refused.contains("row-level security is not in force on agents"), "{refused}");
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
async fn a_request_that_names_another_organisation_than_its_token_is_refused() {
    let app = TestApp::start_on(fresh_database().await, &["--base-domain=agentcores.example"]).await;
    let (own, other) = (Scene::set(&app).await, app.sign_up("free").await);
    let database = app.owner().await;
    let before = count_events(&database).await;
    let host = format!("{}.agentcores.example", other.subdomain);
    for operation in operations().into_iter().filter(|one| one.asks_for_caller) {
        let mut told = vec![];
        for (name, value) in [
            ("x-tenant", other.subdomain.as_str()),
            ("host", &host),
            ("x-tenant", "no-such-organisation"),
            ("x-tenant", "no tenant"),
        ] {
            let request = own.request(&app, &operation).header(name, value);
            let request = match operation.body {
                Some(_) => request.json(&own.body_for(&operation)),
                None => request,
            };
            let mut problem = app.send(request).await.expect_problem(404, "tenant_mismatch");
            problem["request_id"].take();
            told.push(problem);
        }
        // Nobody learns who is there.
        assert!(told.iter().all(|one| one == &told[0]), "{told:?}");
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
