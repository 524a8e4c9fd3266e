//! What authentication costs the database, counted on the wire.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::operations::operations;
use crate::scene::Scene;
use crate::support::{Session, TestApp, fresh_database};
use crate::wire_tap::{Message, Queries, WireTap};

/// How the handler's own reads begin.
const OWN_READ: &str = "begin read only; select set_config";

/// A refresh token as it should be, that nobody was given.
const NOBODYS: &str = "acr_000000000000000000000000000000_4YzL5w";

/// What the dashboard's pages ask for first, a signed-in user's own account before all else; its own tests hold the list to
/// the truth.
const FIRST_CALLS: &str = include_str!("../../../../frontend/src/routes/firstCalls.json");

/// A service whose statements are seen, with one connection for reading.
struct Watched {
    app: TestApp,
    tap: WireTap,
    scene: Scene,
}

impl Watched {
    async fn start() -> Self {
        let (tap, database) = WireTap::on(&fresh_database().await, Queries::AsTheyAre);
        let app = TestApp::start_on(database, &["--connections=1", "--workers=0"]).await;
        let scene = Scene::set(&app).await;
        Self { app, tap, scene }
    }

    /// Makes the node forget what it knew of the organisation's sessions, by a change of its users.
    async fn forget(&self) {
        let owner = &self.scene.owner;
        let user = format!("/tenants/users/{}", owner.user);
        let changed = json!({"full_name": uuid::Uuid::new_v4().to_string()});
        self.app.put(owner, &user, changed).await.expect(200);
    }

    /// A connection that lay idle for more than a second is pinged before it is used: after this none has.
    async fn keep_awake(&self) {
        let owner = &self.scene.owner;
        join_all((0..12).map(|_| self.app.get(owner, "/tenants/users"))).await;
        join_all((0..12).map(|_| super::refresh(&self.app, NOBODYS))).await;
    }

    /// The round trips that a request waits for before its handler reads: each `Query` and each `Sync`; of a handler that
    /// does not read, all. The ping and the rollback with which the pool takes a connection back are not among them, nor
    /// what the service does by itself meanwhile: those are tasks of their own.
    async fn round_trips(&self, path: &str, by: &Session) -> Vec<Message> {
        self.tap.take();
        self.app.get(by, path).await.expect(200);
        let seen = self.tap.take();
        let before = seen.iter().position(|message| message.statement.starts_with(OWN_READ));
        let waited = |message: &&Message| {
            message.is_round_trip()
                && !message.is_ping
                && !message.is_background()
                && message.statement != "rollback"
        };
        seen[..before.unwrap_or(seen.len())].iter().filter(waited).cloned().collect()
    }

    /// A token that was never used.
    async fn fresh_token(&self, session: &mut Session) {
        let pair = super::exchanged(&self.app, &session.refresh_token).await;
        (session.token, session.refresh_token) = (pair.access, pair.refresh);
    }

    /// The address of what a page asks for, with the id of something that is there.
    fn address(&self, call: &str) -> String {
        let path = format!("/api/v1{call}");
        let reads = |one: &&crate::operations::Operation| one.path == path && one.method == Method::GET;
        let operation = operations().iter().find(reads).cloned();
        self.scene.path_of(&operation.unwrap_or_else(|| panic!("GET {call} is no operation")))
    }
}

/// What comes of it while what a node knows of a session holds: it is looked up anew after four seconds, and a busy machine
/// may take longer.
async fn within_a_look_up<T>(mut measure: impl AsyncFnMut() -> T) -> T {
    loop {
        let begun = Instant::now();
        let measured = measure().await;
        if begun.elapsed() < Duration::from_secs(3) {
            return measured;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn authentication_takes_one_round_trip_and_one_more_at_the_first_use_of_a_token() {
    let watched = Watched::start().await;
    let member = watched.app.join(&watched.scene.owner, "newcomer", "member").await;
    watched.forget().await;
    watched.keep_awake().await;
    let first = watched.round_trips("/auth/me", &member).await;
    assert_eq!(first.len(), 2, "{first:?}");
    assert!(first[1].statement.starts_with("update sessions set generation_used"), "{first:?}");
    let known = within_a_look_up(async || {
        watched.app.get(&member, "/auth/me").await.expect(200);
        watched.keep_awake().await;
        watched.round_trips("/auth/me", &member).await
    });
    assert_eq!(known.await, []);
    watched.forget().await;
    watched.keep_awake().await;
    let cold = watched.round_trips("/auth/me", &member).await;
    assert_eq!(cold.len(), 1, "{cold:?}");
    assert!(cold[0].statement.starts_with("begin read only; set local app.tenant"), "{cold:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_calls_of_a_page_wait_for_two_round_trips_of_authentication_together_at_most() {
    let watched = Watched::start().await;
    let pages: BTreeMap<String, Vec<String>> = serde_json::from_str(FIRST_CALLS).unwrap();
    assert!(pages.len() >= 20, "{pages:?}");
    // With the rights that every page asks for.
    let mut visitor = watched.app.join(&watched.scene.owner, "visitor", "owner").await;
    for (page, calls) in &pages {
        let (cold, warm) = within_a_look_up(async || {
            watched.fresh_token(&mut visitor).await;
            watched.forget().await;
            watched.keep_awake().await;
            let (mut cold, mut warm) = (vec![], vec![]);
            for call in calls {
                cold.extend(watched.round_trips(&watched.address(call), &visitor).await);
            }
            for call in calls {
                warm.extend(watched.round_trips(&watched.address(call), &visitor).await);
            }
            (cold, warm)
        })
        .await;
        let is_of_somebody = calls.first().is_some_and(|call| call == "/auth/me");
        assert_eq!(cold.len(), if is_of_somebody { 2 } else { 0 }, "{page}: {cold:?}");
        assert_eq!(warm, [], "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_first_call_of_a_page_waits_for_two_round_trips_of_authentication_at_most() {
    let watched = Watched::start().await;
    let pages: BTreeMap<String, Vec<String>> = serde_json::from_str(FIRST_CALLS).unwrap();
    let calls: BTreeSet<String> = pages.into_values().flatten().collect();
    assert!(calls.len() >= 15, "{calls:?}");
    let mut visitor = watched.app.join(&watched.scene.owner, "visitor", "owner").await;
    for call in calls {
        watched.fresh_token(&mut visitor).await;
        watched.forget().await;
        watched.keep_awake().await;
        let cold = watched.round_trips(&watched.address(&call), &visitor).await;
        assert!(cold.len() <= 2, "{call}: {cold:?}");
    }
}
