//! The log as programs follow it: pulled in pages, or pushed as server-sent events.

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::listener::{Listener, ids};
use crate::support::{Session, TestApp};

async fn follow(app: &TestApp, by: &Session, query: &str, last_event_id: Option<i64>) -> Listener {
    Listener::open(app, by, &format!("/events/stream{query}"), last_event_id).await
}

/// The position of the last event of the organisation.
async fn head(app: &TestApp, session: &Session) -> i64 {
    app.get(session, "/audit/events?limit=1").await.expect(200)["items"][0]["position"].as_i64().unwrap()
}

/// As many commands of each agent's, one event each, the agents side by side.
async fn describe(app: &TestApp, session: &Session, agents: &[String], times: usize) {
    let side_by_side = agents.iter().map(async |agent| {
        for number in 0..times {
            let body = json!({"description": format!("Version {number}")});
            app.put(session, &format!("/agents/{agent}"), body).await.expect(200);
        }
    });
    join_all(side_by_side).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_begins_with_what_is_there_and_goes_on_with_what_comes() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let there = head(&app, &owner).await;
    let mut follower = follow(&app, &owner, "", None).await;
    let replayed = follower.take(usize::try_from(there).unwrap()).await;
    assert_eq!(ids(&replayed), (1..=there).collect::<Vec<_>>());
    assert_eq!(replayed[0].event, "tenant.created");
    let created = app.post(&owner, "/agents", json!({"name": "Agent", "agent_type": "echo"})).await;
    let live = follower.next().await.unwrap();
    assert_eq!((live.id, live.event.as_str()), (Some(there + 1), "agent.created"));
    assert_eq!(created.header("x-event-position"), (there + 1).to_string());
    let mut late = follow(&app, &owner, &format!("?after={there}"), None).await;
    assert_eq!(late.next().await.unwrap().data, live.data);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_a_cloud_event_in_both_ways_of_reading() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = app.agent(&owner).await;
    let pulled = app.get(&owner, "/events?types=agent.created").await.expect(200);
    let event = &pulled["items"][0];
    let mut follower = follow(&app, &owner, "?types=agent.created", None).await;
    assert_eq!(&follower.next().await.unwrap().data, event);
    let mut names: Vec<&String> = event.as_object().unwrap().keys().collect();
    names.sort();
    let attributes =
        ["actor", "data", "datacontenttype", "id", "position", "sequence", "source", "specversion"];
    assert_eq!(names, [&attributes[..], &["subject", "tenantid", "time", "type"]].concat());
    assert_eq!(
        (&event["specversion"], &event["datacontenttype"]),
        (&json!("1.0"), &json!("application/json"))
    );
    assert_eq!((&event["type"], &event["sequence"]), (&json!("agent.created"), &json!(1)));
    assert_eq!(
        (&event["tenantid"], &event["source"]),
        (&json!(owner.tenant), &json!(format!("/tenants/{}", owner.tenant)))
    );
    assert_eq!(event["subject"], format!("agent/{agent}"));
    assert_eq!(event["actor"], json!({"type": "user", "id": owner.user, "name": "John Doe"}));
    assert!(event["time"].as_str().unwrap().ends_with('Z') && event["data"]["name"] == "Agent");
    assert!(event["id"].as_str().unwrap().parse::<Uuid>().is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_misses_nothing_and_gets_nothing_twice_over_500_events() {
    const EVENTS: usize = 500;
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agents =
        [app.agent(&owner).await, app.agent(&owner).await, app.agent(&owner).await, app.agent(&owner).await];
    let from = head(&app, &owner).await;
    let follow = async {
        let mut seen: Vec<i64> = vec![];
        for connection in 0.. {
            let last = seen.last().copied().unwrap_or(from);
            // A stale `after`, as browsers repeat the address they began with, gives way to `Last-Event-ID`.
            let mut follower = follow(&app, &owner, "?after=1", Some(last)).await;
            let count = (connection * 7 % 41 + 1).min(EVENTS - seen.len());
            seen.extend(ids(&follower.take(count).await));
            if seen.len() == EVENTS {
                break;
            }
        }
        seen
    };
    let (seen, ()) = tokio::join!(follow, describe(&app, &owner, &agents, EVENTS / 4));
    let last = from + i64::try_from(EVENTS).unwrap();
    assert_eq!(seen, (from + 1..=last).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_some_types_brings_these_alone_and_in_order() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let mut follower = follow(&app, &owner, "?types=agent.created,agent.terminated", None).await;
    let agent = app.agent(&owner).await;
    describe(&app, &owner, std::slice::from_ref(&agent), 150).await;
    let other = app.agent(&owner).await;
    app.delete(&owner, &format!("/agents/{agent}")).await.expect(204);
    let frames = follower.take(3).await;
    let told: Vec<(&str, &Value)> =
        frames.iter().map(|frame| (frame.event.as_str(), &frame.data["subject"])).collect();
    let [first, second] = [&agent, &other].map(|agent| json!(format!("agent/{agent}")));
    assert_eq!(told, [("agent.created", &first), ("agent.created", &second), ("agent.terminated", &first)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_brings_the_events_of_its_own_organisation_alone() {
    let app = TestApp::start().await;
    let (one, two) = (app.sign_up("free").await, app.sign_up("free").await);
    let mut follower = follow(&app, &one, "", None).await;
    for session in [&two, &one, &two, &one] {
        app.agent(session).await;
    }
    let own = head(&app, &one).await;
    for frame in follower.take(usize::try_from(own).unwrap()).await {
        assert_eq!(frame.data["tenantid"], json!(one.tenant));
    }
    let mut all = follow(&app, &two, "", Some(0)).await;
    for frame in all.take(usize::try_from(head(&app, &two).await).unwrap()).await {
        assert_eq!(frame.data["tenantid"], json!(two.tenant));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_soon_after_its_session_does() {
    let app = TestApp::start().await;
    let owner = app.sign_up("professional").await;
    let leaving = app.join(&owner, "leaving", "member").await;
    let removed = app.join(&owner, "removed", "member").await;
    let of_leaving = follow(&app, &leaving, "", None).await;
    let of_removed = follow(&app, &removed, "", None).await;
    let mut of_owner = follow(&app, &owner, "", None).await;
    app.post(&leaving, "/auth/logout", json!({})).await.expect(204);
    app.delete(&owner, &format!("/tenants/users/{}", removed.user)).await.expect(204);
    tokio::join!(of_leaving.assert_ends("logged out"), of_removed.assert_ends("deactivated"));
    app.agent(&owner).await;
    of_owner.until("agent.created").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_asks_for_credentials_and_for_a_position() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    app.send(app.request(Method::GET, "/events/stream")).await.expect_problem(401, "unauthenticated");
    for bad in ["-1", "abc", "1.5", "99999999999999999999"] {
        let request = app.request(Method::GET, "/events/stream").bearer_auth(&owner.token);
        let problem =
            app.send(request.header("Last-Event-ID", bad)).await.expect_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["field"], "/Last-Event-ID");
    }
    // Compressed, events would wait for each other.
    let request = app.request(Method::GET, "/events/stream").bearer_auth(&owner.token);
    let response = request.header("Accept-Encoding", "gzip").send().await.unwrap();
    assert!(!response.headers().contains_key("content-encoding"));
    assert_eq!(response.headers()["cache-control"], "no-store");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_pulled_in_pages_without_gap_or_end() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = app.agent(&owner).await;
    describe(&app, &owner, &[agent], 20).await;
    let end = head(&app, &owner).await;
    let mut positions = vec![];
    let mut after = json!(0);
    loop {
        let batch = app.get(&owner, &format!("/events?after={after}&limit=7")).await.expect(200);
        let items = batch["items"].as_array().unwrap();
        if items.is_empty() {
            assert_eq!(batch["next_after"], after);
            break;
        }
        positions.extend(items.iter().map(|event| event["position"].as_i64().unwrap()));
        after = batch["next_after"].clone();
        assert_eq!(after.as_i64(), positions.last().copied());
    }
    assert_eq!(positions, (1..=end).collect::<Vec<_>>());
    app.agent(&owner).await;
    let batch = app.get(&owner, &format!("/events?after={after}")).await.expect(200);
    assert_eq!(batch["items"][0]["position"], end + 1);
    // Of rare types, the search need not be repeated.
    let batch = app.get(&owner, "/events?types=task.created").await.expect(200);
    assert_eq!((&batch["items"], &batch["next_after"]), (&json!([]), &json!(end + 1)));
}
