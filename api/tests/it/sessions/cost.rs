//! What authentication costs the database, counted on the wire.

use futures::future::join_all;
use serde_json::json;

use crate::support::{Session, TestApp, fresh_database};
use crate::wire_tap::{Message, Queries, WireTap};

/// How the handler's own reads begin.
const OWN_READ: &str = "begin read only; select set_config";

/// A refresh token as it should be, that nobody was given.
const NOBODYS: &str = "acr_000000000000000000000000000000_4YzL5w";

/// The round trips that a request waits for before its handler reads: each `Query` and each `Sync`. The ping and the
/// rollback with which the pool takes a connection back are not among them, nor what the service does by itself meanwhile:
/// those are tasks of their own.
async fn round_trips(app: &TestApp, tap: &WireTap, session: &Session, other: &Session) -> Vec<Message> {
    // A connection that lay idle for more than a second is pinged before it is used: none has.
    join_all((0..12).map(|_| app.get(other, "/tenants/users"))).await;
    join_all((0..12).map(|_| super::refresh(app, NOBODYS))).await;
    tap.take();
    app.get(session, "/auth/me").await.expect(200);
    let seen = tap.take();
    let before = seen.iter().position(|message| message.statement.starts_with(OWN_READ)).unwrap();
    let waited = |message: &&Message| {
        message.is_round_trip()
            && !message.is_ping
            && !message.is_background()
            && message.statement != "rollback"
    };
    seen[..before].iter().filter(waited).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn authentication_takes_one_round_trip_and_one_more_at_the_first_use_of_a_token() {
    let (tap, database) = WireTap::on(&fresh_database().await, Queries::AsTheyAre);
    let app = TestApp::start_on(database, &["--connections=1", "--workers=0"]).await;
    let owner = app.sign_up("basic").await;
    let member = app.join(&owner, "member", "member").await;
    let forget = || async {
        // A change of its users makes the node forget what it knew of the organisation's sessions.
        let user = format!("/tenants/users/{}", owner.user);
        app.put(&owner, &user, json!({"full_name": uuid::Uuid::new_v4().to_string()})).await.expect(200);
    };
    forget().await;
    let first = round_trips(&app, &tap, &member, &owner).await;
    assert_eq!(first.len(), 2, "{first:?}");
    assert!(first[1].statement.starts_with("update sessions set generation_used"), "{first:?}");
    let known = round_trips(&app, &tap, &member, &owner).await;
    assert_eq!(known, []);
    forget().await;
    let cold = round_trips(&app, &tap, &member, &owner).await;
    assert_eq!(cold.len(), 1, "{cold:?}");
    assert!(cold[0].statement.starts_with("begin read only; set local app.tenant"), "{cold:?}");
}
