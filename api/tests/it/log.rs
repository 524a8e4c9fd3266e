//! The log: append-only, gapless, hashed, sealed, readable by the stock framework, and the source of every read model.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use cqrs_es::persist::{PersistedEventRepository, PersistedEventStore};
use cqrs_es::{CqrsFramework, EventStore};
use domain::agent::{Agent, AgentCommand};
use domain::user::{User, UserEvent};
use domain::{Metadata, TenantId};
use infrastructure::postgres::TenantEventStore;
use postgres_es::PostgresEventRepository;
use rand::Rng;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{Executor, PgPool, Row};
use uuid::Uuid;

use crate::support::{Session, TestApp, settings};
use crate::work::{record_work, stop_all_work};

/// A history with every kind of aggregate, refusals and repeats among it.
async fn random_history(app: &TestApp, owner: &Session, steps: usize) {
    let mut agents: Vec<String> = vec![];
    let mut tasks: Vec<String> = vec![];
    for step in 0..steps {
        let roll = rand::rng().random_range(0..100);
        let agent = agents.choose(&mut rand::rng()).cloned().unwrap_or_default();
        let task = tasks.choose(&mut rand::rng()).cloned().unwrap_or_default();
        let answer = match roll {
            0..15 => {
                let body = json!({"name": format!("Agent {step}"), "agent_type": "echo", "configuration": {"n": 1.50}});
                app.post(owner, "/agents", body).await
            }
            15..40 => {
                let verb = ["start", "start", "stop", "pause", "resume"].choose(&mut rand::rng()).unwrap();
                app.post(owner, &format!("/agents/{agent}/{verb}"), json!({})).await
            }
            40..45 => {
                app.put(owner, &format!("/agents/{agent}"), json!({"description": step.to_string()})).await
            }
            45..47 => app.delete(owner, &format!("/agents/{agent}")).await,
            47..65 => {
                let body =
                    json!({"name": format!("Task {step}"), "agent_id": agent, "priority": step % 5 + 1});
                app.post(owner, "/tasks", body).await
            }
            65..90 => {
                let verb = ["execute", "execute", "cancel", "retry"].choose(&mut rand::rng()).unwrap();
                app.post(owner, &format!("/tasks/{task}/{verb}"), json!({})).await
            }
            90..94 => app.put(owner, &format!("/tasks/{task}"), json!({"priority": 5})).await,
            94..96 => app.delete(owner, &format!("/tasks/{task}")).await,
            96..98 => app.put(owner, "/auth/profile", json!({"full_name": format!("John {step}")})).await,
            _ => app.put(owner, "/tenants/current", json!({"name": format!("Acme {step}")})).await,
        };
        if answer.status == 201 {
            let id = answer.body["id"].as_str().unwrap().to_owned();
            if answer.body.get("agent_type").is_some() { agents.push(id) } else { tasks.push(id) }
        }
        assert!(!answer.status.is_server_error(), "{}", answer.body);
    }
}

async fn rows_of(pool: &PgPool, table: &str) -> Vec<String> {
    let sql = format!("select to_jsonb(t)::text from {table} t order by 1");
    sqlx::query_scalar(&sql).fetch_all(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn read_models_rebuilt_from_the_log_are_the_live_ones_byte_for_byte() {
    let app = TestApp::start().await;
    let owner = app.sign_up("professional").await;
    app.join(&owner, "member", "member").await;
    app.post(&owner, "/tenants/users/invite", json!({"email": "open@x.example", "role": "admin"}))
        .await
        .expect(201);
    random_history(&app, &owner, 400).await;
    record_work(&app, &owner).await;
    let stopped = app.sign_up("free").await;
    stop_all_work(&app, &stopped).await;
    // What workers had begun they finish; it must not fall between the two looks.
    app.service.begin_stop();
    let pool = app.owner().await;
    settle(&pool).await;
    let (owner_pool, pages) = api::wire::rebuilding(&settings(&[]), app.database.clone()).await.unwrap();
    for projector in projections::inline().iter() {
        let live = rows_of(&pool, projector.name()).await;
        for _ in 0..2 {
            projections::rebuild(&owner_pool, &pages, projector.as_ref(), |_| {}).await.unwrap();
            assert_eq!(rows_of(&pool, projector.name()).await, live, "{}", projector.name());
        }
    }
    // The swapped-in tables are under the same walls, and the service goes on with them.
    app.agent(&owner).await;
    assert!(app.get(&owner, "/agents").await.expect(200)["total"].as_i64().unwrap() > 0);
    let unguarded = "select count(*) from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
            and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
            and not (c.relrowsecurity and c.relforcerowsecurity)";
    assert_eq!(pool.fetch_one(unguarded).await.unwrap().get::<i64, _>(0), 0);
}

/// Waits until no event was added for a while: until two looks show the same end of the log.
async fn settle(pool: &PgPool) {
    let mut last = -1;
    loop {
        let now: i64 = sqlx::query_scalar("select count(*) from events").fetch_one(pool).await.unwrap();
        if now == last {
            return;
        }
        last = now;
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_and_sequences_have_no_holes_and_every_leaf_is_the_hash_of_what_is_stored() {
    let app = TestApp::start().await;
    let owner = app.sign_up("professional").await;
    random_history(&app, &owner, 100).await;
    let pool = app.owner().await;
    let rows = sqlx::query(
        "select *, payload::text as payload_text, metadata::text as metadata_text from events order by tenant_id, position",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let mut sequences: HashMap<Uuid, i64> = HashMap::new();
    let mut last: DateTime<Utc> = DateTime::UNIX_EPOCH;
    for (index, row) in rows.iter().enumerate() {
        let position: i64 = row.get("position");
        assert_eq!(position, i64::try_from(index).unwrap() + 1);
        let id: Uuid = row.get("aggregate_id");
        let sequence = sequences.entry(id).or_default();
        *sequence += 1;
        assert_eq!(row.get::<i64, _>("sequence"), *sequence);
        let recorded_at: DateTime<Utc> = row.get("recorded_at");
        assert!(recorded_at >= last);
        last = recorded_at;
        // Put together by a canonicaliser of its own from what is stored, not by the code under test.
        let envelope = json!({
            "v": 1, "tenant_id": row.get::<Uuid, _>("tenant_id"), "position": position, "sequence": *sequence,
            "aggregate_type": row.get::<String, _>("aggregate_type"), "aggregate_id": id,
            "event_id": row.get::<Uuid, _>("event_id"), "event_type": row.get::<String, _>("event_type"),
            "event_version": row.get::<String, _>("event_version"),
            "recorded_at": recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true),
            "payload": serde_json::from_str::<Value>(row.get("payload_text")).unwrap(),
            "metadata": serde_json::from_str::<Value>(row.get("metadata_text")).unwrap(),
        });
        let canonical = serde_json_canonicalizer::to_vec(&envelope).unwrap();
        let leaf = Sha256::digest([&[0], canonical.as_slice()].concat());
        assert_eq!(row.get::<Vec<u8>, _>("leaf_hash"), leaf.as_slice(), "event {position}");
    }
    assert_eq!(rows.len(), usize::try_from(rows.last().unwrap().get::<i64, _>("position")).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_can_be_added_to_and_nothing_else_not_even_by_its_owner() {
    let app = TestApp::start().await;
    app.sign_up("free").await;
    let pool = app.owner().await;
    for statement in ["update events set event_type = 'x'", "delete from events", "truncate events"] {
        let refused = pool.execute(statement).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{statement}: {refused}");
        for role in ["agentcores_reader", "agentcores_writer"] {
            let mut conn = pool.acquire().await.unwrap();
            conn.execute(format!("set role {role}").as_str()).await.unwrap();
            let refused = conn.execute(statement).await.unwrap_err().to_string();
            assert!(refused.contains("permission denied"), "{role}: {statement}: {refused}");
            conn.execute("reset role").await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_sees_no_tenant_but_the_one_that_is_set_and_none_if_none_is() {
    let app = TestApp::start().await;
    let (one, _two) = (app.sign_up("free").await, app.sign_up("free").await);
    let pool = app.owner().await;
    let mut conn = pool.acquire().await.unwrap();
    conn.execute("set role agentcores_reader").await.unwrap();
    for table in ["events", "tenants", "users", "tenant_heads", "sessions"] {
        let tenants = format!("select distinct tenant_id from {table}");
        let seen = |rows: Vec<(Uuid,)>| rows.into_iter().map(|(id,)| id).collect::<Vec<_>>();
        assert_eq!(
            seen(sqlx::query_as(&tenants).fetch_all(&mut *conn).await.unwrap()),
            Vec::<Uuid>::new(),
            "{table}"
        );
        sqlx::query("select set_config('app.tenant', $1, false)")
            .bind(one.tenant.to_string())
            .execute(&mut *conn)
            .await
            .unwrap();
        assert_eq!(
            seen(sqlx::query_as(&tenants).fetch_all(&mut *conn).await.unwrap()),
            [one.tenant],
            "{table}"
        );
        conn.execute("reset app.tenant").await.unwrap();
    }
    conn.execute("reset role").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_personal_data_and_no_credential_stands_in_the_log_in_the_clear() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let marked = json!({"full_name": "Canary Canaryson", "preferences": {"theme": "canary-theme"}});
    app.put(&owner, "/auth/profile", marked).await.expect(200);
    let pool = app.owner().await;
    let log = rows_of(&pool, "events").await.join("\n");
    for secret in [
        "Canary",
        "canary-theme",
        "owner@",
        "127.0.0.1",
        "John Doe",
        crate::support::PASSWORD,
        "argon2",
        "acr_",
    ] {
        assert!(!log.contains(secret), "{secret} stands in the log");
    }
    // Whoever may read the audit log sees it opened.
    let audit = app.get(&owner, "/audit/events?event_type=user.profile_changed").await.expect(200);
    assert_eq!(audit["items"][0]["data"]["full_name"], "Canary Canaryson");
    assert_eq!(audit["items"][0]["data"]["preferences"]["theme"], "canary-theme");
    assert_eq!(audit["items"][0]["ip"], "127.0.0.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_postgres_es_reads_the_streams_that_we_wrote() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = app.running_agent(&owner).await;
    app.put(&owner, &format!("/agents/{agent}"), json!({"name": "Renamed"})).await.expect(200);
    let pool = app.owner().await;
    let stock = PostgresEventRepository::new(pool).with_tables("stock_events", "snapshots");
    let events = stock.get_events::<Agent>(&agent).await.unwrap();
    let names: Vec<_> = events.iter().map(|event| (event.sequence, event.event_type.as_str())).collect();
    assert_eq!(names, [(1, "agent.created"), (2, "agent.started"), (3, "agent.changed")]);

    let store = PersistedEventStore::<_, Agent>::new_event_store(stock);
    let loaded = EventStore::<Agent>::load_events(&store, &agent).await.unwrap();
    assert_eq!(loaded[0].metadata["actor_id"], owner.user.to_string());
    let mut state = Agent::default();
    for event in loaded {
        state.evolve(event.payload);
    }
    let Agent::Running(profile) = state else { panic!("{state:?}") };
    assert_eq!(profile.name.as_str(), "Renamed");

    // Personal data stays sealed to it, and reads as such.
    let stock = PostgresEventRepository::new(app.owner().await).with_tables("stock_events", "snapshots");
    let store = PersistedEventStore::<_, User>::new_event_store(stock);
    let loaded = EventStore::<User>::load_events(&store, &owner.user.to_string()).await.unwrap();
    let UserEvent::Registered { email, .. } = &loaded[0].payload else { panic!("{loaded:?}") };
    assert_eq!((email.subject, email.value()), (owner.user, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_frameworks_own_command_path_works_on_our_log() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = app.agent(&owner).await;
    let log = app.service.state.app.log.clone();
    let store = TenantEventStore::new(log, TenantId(owner.tenant), Metadata::system("framework"));
    let framework = CqrsFramework::<Agent, _>::new(store, vec![], ());
    framework.execute(&agent, AgentCommand::Start).await.unwrap();
    assert!(framework.execute(&agent, AgentCommand::Start).await.is_err());
    assert_eq!(app.get(&owner, &format!("/agents/{agent}")).await.expect(200)["status"], "running");
}
