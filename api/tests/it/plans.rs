//! How Postgres gets at rows, on tables with many of them: by index, whoever asks for what. The statements are those that
//! the service sends, taken from the wire; they are planned as the role that sends them, under row-level security.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection, PgPool};
use uuid::Uuid;

use crate::operations::operations;
use crate::scene::Scene;
use crate::support::{TestApp, fresh_database};
use crate::wire_tap::{Queries, WireTap};

/// Rows of each table, and how many organisations share them.
const ROWS: i64 = 40_000;
const TENANTS: i64 = 200;

/// Tables of one row, or of a few, whatever the service holds: what it does for itself, and what is under way just now.
const FEW: [&str; 7] = [
    "_sqlx_migrations",
    "followers",
    "rebuilds",
    "rebuild_checkpoints",
    "follower_checkpoints",
    "task_leases",
    "drafts",
];

/// Indexes that are walked over all organisations: from one end for a few rows (who is next, what has come due), as they hold
/// nothing but what waits, or (heads, every fifteen seconds) to see which logs have grown.
const WALKED: [&str; 10] = [
    "queue_turns_pass",
    "queue_turns_awake",
    "run_queue_expiry",
    "mails_due",
    "tasks_waiting_approval",
    "rate_limits_full",
    "tenant_heads_key",
    "schedule_clock_due",
    "schedule_clock_settled",
    "schedules_updated",
];

/// What looks at more than it returns, by a word of it: when the first service follows the log, and every two minutes
/// whether a schedule was changed while nobody looked.
const NOT_HELD: [&str; 2] = ["with began as", "with candidates as (select tenant_id, id from schedules)"];

/// A statement, and who sends it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Statement {
    role: &'static str,
    sql: String,
}

/// Asks everything there is to ask, and does what is done most.
async fn ask_everything(app: &TestApp, scene: &Scene) {
    for operation in operations().iter().filter(|operation| operation.method == Method::GET) {
        let request = scene.request(app, operation);
        // Streams go on: their head is enough.
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}: {}", operation.id, answer.status());
    }
    for filter in [
        "/agents?status=running&q=a",
        "/tasks?status=completed&sort=-created_at",
        "/audit/events?event_type=agent.created",
    ] {
        app.get(&scene.owner, filter).await.expect(200);
    }
    let again = app.sign_in(&scene.owner.subdomain, &scene.owner.email).await;
    let refresh = json!({"refresh_token": again.refresh_token});
    app.post_anonymous("/auth/refresh", refresh).await.expect(200);
    let key = app.api_key(&scene.owner, &["read_agents"]).await;
    app.get(&key.session, "/agents").await.expect(200);
    let bound = app.bound_key(&scene.owner, &["read_tasks"], &[&scene.agent]).await;
    app.get(&bound.session, "/tasks").await.expect(200);
    let again = app.request(Method::POST, "/agents").bearer_auth(&scene.owner.token);
    let again = again.header("Idempotency-Key", Uuid::new_v4().to_string());
    app.send(again.json(&json!({"name": "Agent", "agent_type": "echo"}))).await.expect(201);
    let agent = app.running_agent(&scene.owner).await;
    let task = json!({"name": "Task", "agent_id": agent, "input_data": {"prompt": "Hello"}});
    let task = app.post(&scene.owner, "/tasks", task).await.expect(201);
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    app.post(&scene.owner, &format!("{path}/execute"), json!({})).await.expect(202);
    app.until(&scene.owner, &path, |task| task["status"] == "completed").await;
    // Something that waits, that is limited, and that is due some day.
    let later = json!({
        "name": "Later", "agent_id": agent, "scheduled_at": "2099-01-01T00:00:00Z", "queue_timeout_seconds": 3600,
    });
    let later = app.post(&scene.owner, "/tasks", later).await.expect(201);
    let path = format!("/tasks/{}/execute", later["id"].as_str().unwrap());
    app.post(&scene.owner, &path, json!({})).await.expect(202);
    let budget = json!({"limit_usd": "5.00"});
    app.put(&scene.owner, &format!("/agents/{agent}/budget"), budget.clone()).await.expect(200);
    app.put(&scene.owner, "/tenants/current/budget", budget).await.expect(200);
    let yearly = json!({"name": "Yearly", "agent_id": agent, "cron": "0 0 1 1 *"});
    app.post(&scene.owner, "/schedules", yearly).await.expect(201);
}

/// Every statement that was prepared or sent as a whole, once.
fn statements(tap: &WireTap) -> BTreeSet<Statement> {
    let mut all = BTreeSet::new();
    for message in tap.take() {
        let sql = match message.kind {
            'P' => message.statement,
            // Tenant, query and end in one; the query holds ids and no parameters.
            'Q' => match message.statement.split("; ").nth(2) {
                Some(query) if message.statement.starts_with("begin read only; set local") => {
                    query.to_owned()
                }
                _ => continue,
            },
            _ => continue,
        };
        let reads = ["select", "insert", "update", "delete", "with"]
            .iter()
            .any(|verb| sql.trim_start().starts_with(verb));
        let is_held = NOT_HELD.iter().all(|word| !sql.contains(word));
        if let (true, true, Some(role)) = (reads, is_held, message.role) {
            all.insert(Statement { role, sql });
        }
    }
    all
}

/// Fills every table with rows like those that are in it, of many organisations.
async fn fill(owner: &PgPool, of: Uuid) {
    let mut conn = owner.acquire().await.unwrap();
    conn.execute("set session_replication_role = replica").await.unwrap();
    conn.execute("create temp table crowd as select row_number() over () as n, gen_random_uuid() as id from generate_series(1, 199)")
        .await
        .unwrap();
    sqlx::query("insert into crowd values (0, $1)").bind(of).execute(&mut *conn).await.unwrap();
    // What nothing was spent of yet.
    let spent = "insert into budgets (tenant_id, scope_id, month, spent_micro_usd, reserved_micro_usd)
        values ($1, $1, 24000, 1, 0) on conflict do nothing";
    sqlx::query(spent).bind(of).execute(&mut *conn).await.unwrap();
    for table in tables(&mut conn).await {
        let sql = multiplied(&mut conn, &table).await;
        sqlx::query(&sql)
            .bind(ROWS)
            .bind(TENANTS)
            .execute(&mut *conn)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    conn.execute("analyze").await.unwrap();
    let empty = "select relname::text from pg_class c join pg_tables t on t.tablename = c.relname and t.schemaname = 'public'
        where c.reltuples < 100 and not c.relname = any ($1) order by 1";
    let empty: Vec<String> =
        sqlx::query_scalar(empty).bind(FEW.map(str::to_owned)).fetch_all(&mut *conn).await.unwrap();
    assert_eq!(empty, [""; 0], "tables that the scene puts nothing into prove nothing");
    conn.execute("drop table crowd").await.unwrap();
    conn.execute("set session_replication_role = default").await.unwrap();
}

/// The tables that grow.
async fn tables(conn: &mut PgConnection) -> Vec<String> {
    let sql = "select tablename::text from pg_tables where schemaname = 'public' and not tablename = any ($1) order by 1";
    sqlx::query_scalar(sql).bind(FEW.map(str::to_owned)).fetch_all(conn).await.unwrap()
}

/// An insert of copies of one row: what tells rows apart is made anew, all else stays.
async fn multiplied(conn: &mut PgConnection, table: &str) -> String {
    let sql = "
        select a.attname::text, format_type(a.atttypid, null),
            exists (
                select from pg_index i
                where i.indrelid = a.attrelid and i.indisunique and a.attnum = any (i.indkey)
            )
        from pg_attribute a
        where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped
        order by a.attnum";
    let columns: Vec<(String, String, bool)> = sqlx::query_as(sql).bind(table).fetch_all(conn).await.unwrap();
    let mut values = String::new();
    for (name, kind, is_unique) in &columns {
        let value = match (name.as_str(), kind.as_str(), is_unique) {
            ("tenant_id", ..) => "c.id".to_owned(),
            ("subdomain" | "email", ..) => format!("s.{name} || '-' || g"),
            (_, "uuid", _) => format!("case when s.{name} is not null then gen_random_uuid() end"),
            (_, "bytea", true) => "sha256((random()::text || g)::bytea)".to_owned(),
            (_, "text", true) if name != "aggregate_type" && name != "kind" => {
                format!("s.{name} || '-' || g")
            }
            (_, "bigint" | "integer", true) => format!("s.{name} + g"),
            (_, "timestamp with time zone", _) => format!("s.{name} - g * interval '1 second'"),
            _ => format!("s.{name}"),
        };
        write!(values, "{}{value}", if values.is_empty() { "" } else { ", " }).unwrap();
    }
    let names: Vec<&str> = columns.iter().map(|(name, ..)| name.as_str()).collect();
    format!(
        "insert into {table} ({}) select {values} from (select * from {table} limit 1) s
         cross join generate_series(1, $1::bigint) g join crowd c on c.n = g % $2::bigint
         on conflict do nothing",
        names.join(", ")
    )
}

/// What is wrong with how the statements are planned where the values are not known.
async fn faults(app: &TestApp, statements: &BTreeSet<Statement>, tenant: Uuid) -> Vec<String> {
    let mut faults = vec![];
    for role in ["agentcores_reader", "agentcores_writer"] {
        let mut conn = PgConnection::connect_with(&app.database).await.unwrap();
        let mut settings = format!("set role {role}; set app.tenant = '{tenant}'");
        if role == "agentcores_writer" {
            settings += "; set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off";
        }
        conn.execute(sqlx::raw_sql(&settings)).await.unwrap();
        for Statement { sql, .. } in statements.iter().filter(|statement| statement.role == role) {
            let explain = format!("explain (generic_plan, format json) {sql}");
            let plan: Value = match sqlx::raw_sql(&explain).fetch_one(&mut conn).await {
                Ok(row) => sqlx::Row::get(&row, 0),
                Err(error) => panic!("{sql}: {error}"),
            };
            for fault in of_plan(&plan[0]["Plan"]) {
                faults.push(format!(
                    "{role}: {fault}: {}",
                    sql.split_whitespace().collect::<Vec<_>>().join(" ")
                ));
            }
            // The tenant is looked up once for a statement, not once for a row.
            let text = plan.to_string();
            if text.contains("current_setting(") {
                faults.push(format!("{role}: the policy is asked for each row: {sql}"));
            }
        }
        conn.close().await.unwrap();
    }
    faults
}

/// Nodes that go through a whole table that grows.
fn of_plan(node: &Value) -> Vec<String> {
    let table = node["Relation Name"].as_str().unwrap_or_default();
    let index = node["Index Name"].as_str().unwrap_or_default();
    let mut faults = vec![];
    match node["Node Type"].as_str().unwrap_or_default() {
        "Seq Scan" if !FEW.contains(&table) => faults.push(format!("reads all of {table}")),
        "Index Scan" | "Index Only Scan"
            if node["Index Cond"].is_null() && !FEW.contains(&table) && !WALKED.contains(&index) =>
        {
            faults.push(format!("walks all of {index}"));
        }
        _ => {}
    }
    faults.extend(node["Plans"].as_array().into_iter().flatten().flat_map(of_plan));
    faults
}

/// How many rows were read by going through whole tables, by table.
async fn scanned(owner: &PgPool) -> Vec<(String, i64)> {
    let sql = "
        select relname::text, seq_tup_read from pg_stat_user_tables
        where seq_tup_read > 0 and not relname = any ($1) order by 1";
    sqlx::query_as(sql).bind(FEW.map(str::to_owned)).fetch_all(owner).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_finds_its_rows_by_index_under_row_level_security() {
    let database = fresh_database().await;
    let (tap, tapped) = WireTap::on(&database, Queries::AsTheyAre);
    let app = TestApp::start_on(tapped, &[]).await;
    let scene = Scene::set(&app).await;
    ask_everything(&app, &scene).await;
    let owner = crate::support::pool(&database).await;
    let followed = "select exists (select from schedule_clock where next_at is not null)";
    while !sqlx::query_scalar::<_, bool>(followed).fetch_one(&owner).await.unwrap() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let seen = statements(&tap);
    assert!(seen.len() > 60, "{}", seen.len());
    fill(&owner, scene.owner.tenant).await;
    let generic = faults(&app, &seen, scene.owner.tenant).await;
    assert!(generic.is_empty(), "{} of {} statements:\n{}", generic.len(), seen.len(), generic.join("\n"));

    // The same as it is run, with values: whole tables are read by nobody.
    app.service.stop().await;
    owner.execute("select pg_stat_reset()").await.unwrap();
    let app = TestApp::start_on(database.clone(), &[]).await;
    ask_everything(&app, &scene).await;
    app.service.stop().await;
    // Backends report when they end.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(scanned(&owner).await, [], "tables that were read as a whole");

    // And the test would tell: without the indexes that lead to tasks they are read as a whole.
    let indexes =
        "select indexname::text from pg_indexes where tablename = 'tasks' and indexname <> 'tasks_key'";
    let indexes: Vec<String> = sqlx::query_scalar(indexes).fetch_all(&owner).await.unwrap();
    owner.execute(format!("drop index {}", indexes.join(", ")).as_str()).await.unwrap();
    owner.execute("alter table tasks drop constraint tasks_key").await.unwrap();
    let app = TestApp::start_on(database, &["--workers=0"]).await;
    let reads = seen.iter().filter(|statement| statement.role == "agentcores_reader").cloned().collect();
    let broken = faults(&app, &reads, scene.owner.tenant).await;
    assert!(broken.iter().any(|fault| fault.contains("agentcores_reader: reads all of tasks")), "{broken:?}");
    println!(
        "{} statements of the service planned; {} noticed without the indexes of tasks",
        seen.len(),
        broken.len()
    );
}
