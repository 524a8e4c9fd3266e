//! What was acknowledged is there, at once and for good.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use reqwest::Method;
use serde_json::json;
use sqlx::Row;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::support::TestApp;

/// Pairs of a command and a read after it, over all clients.
const PAIRS: usize = 10_000;
const CLIENTS: usize = 32;

#[tokio::test(flavor = "multi_thread")]
async fn a_read_right_after_a_command_always_shows_it() {
    let app = Arc::new(TestApp::start().await);
    let owner = Arc::new(app.sign_up("enterprise").await);
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (app, owner) = (Arc::clone(&app), Arc::clone(&owner));
        clients.spawn(async move {
            let path = format!("/agents/{}", app.agent(&owner).await);
            let mut stale = 0;
            for round in 0..PAIRS / CLIENTS {
                let name = format!("Agent {client} in round {round}");
                let changed = app.put(&owner, &path, json!({"name": name})).await.expect(200);
                let read = app.get(&owner, &path).await.expect(200);
                stale += usize::from(read["name"] != name.as_str() || read["version"] != changed["version"]);
            }
            stale
        });
    }
    assert_eq!(clients.join_all().await.into_iter().sum::<usize>(), 0, "stale reads");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_dropped_by_their_clients_lose_nothing_acknowledged_and_leave_no_transaction_open() {
    let app = Arc::new(TestApp::start_on(crate::support::fresh_database().await, &["--connections=4"]).await);
    let owner = app.sign_up("enterprise").await;
    let mut clients = JoinSet::new();
    for _ in 0..20 {
        let (app, owner) = (Arc::clone(&app), owner.clone());
        clients.spawn(async move {
            for _ in 0..500 {
                drop_a_request(&app, &owner.token).await;
            }
        });
    }
    let mut acknowledged = vec![];
    for _ in 0..300 {
        let agent =
            app.post(&owner, "/agents", json!({"name": "Kept", "agent_type": "echo"})).await.expect(201);
        acknowledged.push(agent["id"].as_str().unwrap().to_owned());
    }
    clients.join_all().await;
    let owner_pool = app.owner().await;
    let idle = "select count(*) from pg_stat_activity
        where datname = current_database() and state like 'idle in transaction%'
            and now() - state_change > interval '1 second'";
    assert_eq!(sqlx::query(idle).fetch_one(&owner_pool).await.unwrap().get::<i64, _>(0), 0);
    for agent in &acknowledged {
        app.get(&owner, &format!("/agents/{agent}")).await.expect(200);
    }
    let gaps = "select count(*) - max(position) from events where tenant_id = $1";
    let gaps = sqlx::query(gaps).bind(owner.tenant).fetch_one(&owner_pool).await.unwrap();
    assert_eq!(gaps.get::<Option<i64>, _>(0), Some(0), "positions have a hole");
}

/// Asks for something and hangs up after 0 to 30 ms.
async fn drop_a_request(app: &TestApp, token: &str) {
    let (method, path, body) = if rand::rng().random_bool(0.5) {
        ("POST", "/agents", r#"{"name":"Dropped","agent_type":"echo"}"#)
    } else {
        ("GET", "/agents?limit=50", "")
    };
    let request = format!(
        "{method} /api/v1{path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        app.address,
        body.len(),
    );
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let patience = rand::rng().random_range(0..=30);
    tokio::time::sleep(Duration::from_millis(patience)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_commands_racing_for_one_agent_each_that_is_acknowledged_is_one_version() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let path = format!("/agents/{}", app.agent(&owner).await);
    let change = |number: usize| {
        let body = json!({"name": format!("Agent {number}")});
        let (app, owner, path) = (&app, &owner, path.as_str());
        async move { app.put(owner, path, body).await }
    };
    let answers = futures::future::join_all((0..64).map(change)).await;
    let mut versions: Vec<i64> = vec![1];
    for answer in answers {
        match answer.status.as_u16() {
            200 => versions.push(answer.headers["etag"].to_str().unwrap().trim_matches('"').parse().unwrap()),
            // Others kept changing it, five times in a row.
            _ => drop(answer.expect_problem(409, "version_conflict")),
        }
    }
    versions.sort_unstable();
    let last = app.get(&owner, &path).await.expect(200)["version"].as_i64().unwrap();
    assert_eq!(last, i64::try_from(versions.len()).unwrap(), "an acknowledged change is missing or doubled");
    let log = app.get(&owner, "/audit/events?event_type=agent.changed").await.expect(200);
    assert_eq!(log["total"], last - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_keys_do_their_work_once_and_hold_up_no_others() {
    const KEYS: usize = 40;
    let app = Arc::new(TestApp::start().await);
    let owner = app.sign_up("enterprise").await;
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (app, token) = (Arc::clone(&app), owner.token.clone());
        clients.spawn(async move {
            let mut made = vec![];
            for nth in 0..KEYS {
                // Each key comes from four clients, at about the same time, among keys that come once.
                for key in [format!("shared-{}-{nth}", client / 4), format!("own-{client}-{nth}")] {
                    let post = app.request(Method::POST, "/agents").bearer_auth(&token);
                    let post = post.header("Idempotency-Key", &key);
                    let body = json!({"name": "Agent", "agent_type": "echo"});
                    let agent = app.send(post.json(&body)).await.expect(201);
                    made.push((key, agent["id"].as_str().unwrap().to_owned()));
                }
            }
            made
        });
    }
    let made: HashSet<(String, String)> = clients.join_all().await.into_iter().flatten().collect();
    let expected = KEYS * (CLIENTS / 4 + CLIENTS);
    assert_eq!(made.iter().map(|(key, _)| key).collect::<HashSet<_>>().len(), expected);
    assert_eq!(made.iter().map(|(_, agent)| agent).collect::<HashSet<_>>().len(), expected);
    let created = "select count(*) from events where tenant_id = $1 and event_type = 'agent.created'";
    let created = sqlx::query(created).bind(owner.tenant).fetch_one(&app.owner().await).await.unwrap();
    assert_eq!(created.get::<i64, _>(0), i64::try_from(expected).unwrap());
}
