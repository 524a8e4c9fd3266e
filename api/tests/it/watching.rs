//! A task as it is watched: its events, and the answers of its models while they come in.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::listener::{Frame, Listener, ids};
use crate::steps::agent_of;
use crate::support::{Session, TestApp, fresh_database};
use crate::worker;

/// A running agent that plays these lines.
async fn player(app: &TestApp, by: &Session, script: Value) -> String {
    agent_of(app, by, "scripted", json!({ "script": script })).await
}

fn words(count: usize) -> Vec<String> {
    (1..=count).map(|word| format!("word{word} ")).collect()
}

/// An agent whose answer takes a while, in so many words.
async fn slow_talker(app: &TestApp, by: &Session, count: usize) -> String {
    player(app, by, json!([{"text": words(count), "pause_ms": 60}])).await
}

async fn pending(app: &TestApp, by: &Session, agent: &str) -> String {
    let task = app.post(by, "/tasks", json!({"name": "Task", "agent_id": agent})).await.expect(201);
    format!("/tasks/{}", task["id"].as_str().unwrap())
}

async fn execute(app: &TestApp, by: &Session, task: &str) {
    app.post(by, &format!("{task}/execute"), json!({})).await.expect(202);
}

async fn watch(app: &TestApp, by: &Session, task: &str, last: Option<i64>) -> Listener {
    Listener::open(app, by, &format!("{task}/stream"), last).await
}

fn events(frames: &[Frame]) -> Vec<&str> {
    frames.iter().filter(|frame| frame.id.is_some()).map(|frame| frame.event.as_str()).collect()
}

/// What a client that follows the rules has of the last answer, and whether it ever had to begin anew.
fn shown(frames: &[Frame]) -> String {
    frames.iter().fold(String::new(), |shown, frame| {
        let text = frame.data["text"].as_str().unwrap_or_default();
        match frame.event.as_str() {
            "draft" => text.to_owned(),
            "delta" => shown + text,
            _ => shown,
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_of_an_answer_come_before_its_end_and_every_event_once() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = slow_talker(&app, &owner, 20).await;
    let task = pending(&app, &owner, &agent).await;
    let mut watcher = watch(&app, &owner, &task, None).await;
    execute(&app, &owner, &task).await;
    let mut frames = watcher.until("delta").await;
    // It still runs, and what has come is a beginning.
    assert_eq!(app.get(&owner, &task).await.expect(200)["status"], "running");
    let (whole, begun) = (words(20).concat(), shown(&frames));
    assert!(whole.starts_with(&begun) && begun.len() < whole.len(), "{begun:?}");
    frames.extend(watcher.rest().await);
    let told = [
        "task.created",
        "task.queued",
        "task.attempt_started",
        "task.step_started",
        "task.step_ended",
        "task.completed",
    ];
    assert_eq!(events(&frames), told);
    // What was heard live is what was recorded, to the letter.
    let deltas = frames.iter().filter(|frame| frame.event == "delta").count();
    assert!(deltas >= 3, "{deltas} pieces");
    let end = frames.iter().position(|frame| frame.event == "task.step_ended").unwrap();
    assert!(whole.starts_with(&shown(&frames[..end - 1])));
    assert_eq!((frames[end - 1].event.as_str(), shown(&frames)), ("draft", whole.clone()));
    let (of, step) = (&frames[end - 1].data["call_id"], &frames[end].data["data"]["call_id"]);
    assert_eq!(of, step);
    let done = app.get(&owner, &task).await.expect(200);
    assert_eq!(done["output_data"]["text"], whole.as_str());
    // The same as in the organisation's own stream.
    let all = app.get(&owner, "/events?types=task.created,task.completed").await.expect(200);
    assert_eq!(all["items"][0], frames[0].data);
    assert_eq!(&all["items"][1], &frames.last().unwrap().data);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_in_the_middle_has_what_came_before() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = slow_talker(&app, &owner, 25).await;
    let task = pending(&app, &owner, &agent).await;
    execute(&app, &owner, &task).await;
    app.until(&owner, &task, |task| task["status"] == "running").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (mut first, mut second) =
        (watch(&app, &owner, &task, None).await, watch(&app, &owner, &task, Some(1)).await);
    for watcher in [&mut first, &mut second] {
        let frames = watcher.until("draft").await;
        assert!(shown(&frames).starts_with("word1 word2 "), "{frames:?}");
        assert_eq!(shown(&watcher.rest().await).split_whitespace().count(), 25);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_misses_nothing_and_gets_nothing_twice() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = slow_talker(&app, &owner, 25).await;
    let (task, other) = (pending(&app, &owner, &agent).await, pending(&app, &owner, &agent).await);
    let follow = async {
        let (mut seen, mut drafts) = (vec![], 0);
        loop {
            let request =
                app.request(Method::GET, &format!("{task}/stream?after=1")).bearer_auth(&owner.token);
            let last = seen.last().map_or(0, |(id, _)| *id);
            let head = app.send(request.header("Last-Event-ID", last)).await;
            if head.status == 204 {
                return (seen, drafts);
            }
            let mut watcher = watch(&app, &owner, &task, Some(last)).await;
            for frame in [watcher.next().await, watcher.next().await].into_iter().flatten() {
                drafts += usize::from(frame.event == "draft");
                seen.extend(frame.id.map(|id| (id, frame.event)));
            }
        }
    };
    let run = async {
        execute(&app, &owner, &other).await;
        execute(&app, &owner, &task).await;
    };
    let ((seen, drafts), ()) = tokio::join!(follow, run);
    let id = task.trim_start_matches("/tasks/");
    let all = app.get(&owner, &format!("/audit/events?aggregate_id={id}&order=asc")).await.expect(200);
    let recorded: Vec<(i64, String)> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (event["position"].as_i64().unwrap(), event["event_type"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(seen, recorded);
    assert!(drafts >= 2, "each time the answer from its beginning");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_is_tried_again_begins_a_draft_of_its_own() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let failing =
        json!({"text": ["wrong ", "way ", "round "], "pause_ms": 120, "error": {"class": "unavailable"}});
    let good = json!({"text": ["the ", "right ", "way"], "pause_ms": 120});
    let agent = player(&app, &owner, json!([failing, good])).await;
    let task = pending(&app, &owner, &agent).await;
    let mut watcher = watch(&app, &owner, &task, None).await;
    execute(&app, &owner, &task).await;
    let first = watcher.until("task.attempt_failed").await;
    assert!(shown(&first).starts_with("wrong "));
    let second = watcher.rest().await;
    assert_eq!(shown(&second), "the right way");
    let calls = |frames: &[Frame]| {
        let drafts = frames.iter().filter(|frame| frame.event == "draft");
        drafts.map(|frame| frame.data["call_id"].clone()).collect::<Vec<_>>()
    };
    assert!(calls(&second).iter().all(|call| !calls(&first).contains(call)));
    let begun = second.iter().position(|frame| frame.data.get("call_id").is_some()).unwrap();
    assert_eq!(second[begun].event, "draft", "it begins anew: {second:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_of_tools_and_the_end_of_a_cancelled_task_are_told_too() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let ask = json!({"tool_calls": [{"name": "calculator", "arguments": {"expression": "6*7"}}]});
    let agent = player(&app, &owner, json!([ask, {"text": "never said", "delay_ms": 60_000}])).await;
    let task = pending(&app, &owner, &agent).await;
    let mut watcher = watch(&app, &owner, &task, None).await;
    execute(&app, &owner, &task).await;
    let mut frames = vec![];
    while events(&frames).iter().filter(|event| **event == "task.step_started").count() < 3 {
        frames.extend(watcher.until("task.step_started").await);
    }
    app.post(&owner, &format!("{task}/cancel"), json!({})).await.expect(200);
    let end = watcher.rest().await;
    assert_eq!(events(&end).last(), Some(&"task.cancelled"));
    let kinds: Vec<&Value> = frames
        .iter()
        .filter(|frame| frame.event == "task.step_started")
        .map(|frame| &frame.data["data"]["kind"])
        .collect();
    assert_eq!(kinds, ["model", "tool", "model"]);
    // Whoever comes back to what is over is told not to; what is retried goes on.
    let last = *ids(&end).last().unwrap();
    let again = || app.request(Method::GET, &format!("{task}/stream")).bearer_auth(&owner.token);
    assert_eq!(app.send(again().header("Last-Event-ID", last)).await.status, 204);
    app.post(&owner, &format!("{task}/retry"), json!({})).await.expect(202);
    let mut watcher = watch(&app, &owner, &task, Some(last)).await;
    assert_eq!(watcher.next().await.unwrap().event, "task.retried");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_come_from_a_worker_that_is_another_process() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let _worker = worker::launch(&app.database, &[]);
    let owner = app.sign_up("free").await;
    let agent = slow_talker(&app, &owner, 20).await;
    let task = pending(&app, &owner, &agent).await;
    let mut watcher = watch(&app, &owner, &task, None).await;
    execute(&app, &owner, &task).await;
    let frames = watcher.until("delta").await;
    assert!(shown(&frames).starts_with("word1 "));
    assert_eq!(app.get(&owner, &task).await.expect(200)["status"], "running");
    assert_eq!(shown(&watcher.rest().await).split_whitespace().count(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_of_an_answer_that_nobody_watches_and_nothing_stays_of_one_that_was() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = slow_talker(&app, &owner, 8).await;
    let database = app.owner().await;
    let written = async || {
        sqlx::query_scalar::<_, i64>(
            "select pg_stat_get_tuples_inserted('drafts'::regclass) + pg_stat_get_xact_tuples_inserted('drafts'::regclass)",
        )
        .fetch_one(&database)
        .await
        .unwrap()
    };
    let unseen = pending(&app, &owner, &agent).await;
    execute(&app, &owner, &unseen).await;
    app.until(&owner, &unseen, |task| task["status"] == "completed").await;
    // The server counts what a session wrote a second later at most.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(written().await, 0);

    let seen = pending(&app, &owner, &agent).await;
    let mut watcher = watch(&app, &owner, &seen, None).await;
    execute(&app, &owner, &seen).await;
    watcher.rest().await;
    let left = async || {
        let count = sqlx::query_scalar::<_, i64>("select count(*) from drafts").fetch_one(&database);
        count.await.unwrap()
    };
    let emptied = async {
        while written().await == 0 || left().await > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), emptied).await.expect("written, and deleted with its call");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_read_keeps_no_worker_waiting() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let text = vec!["x".repeat(8_000); 30];
    let agent = player(&app, &owner, json!([{"text": text, "pause_ms": 10}])).await;
    let task = pending(&app, &owner, &agent).await;
    let mut idle = vec![];
    for _ in 0..20 {
        idle.push(watch(&app, &owner, &task, None).await);
    }
    execute(&app, &owner, &task).await;
    let done = app.until(&owner, &task, |task| task["status"] == "completed").await;
    let (began, ended) = (&done["started_at"], &done["finished_at"]);
    let took = chrono::DateTime::parse_from_rfc3339(ended.as_str().unwrap()).unwrap()
        - chrono::DateTime::parse_from_rfc3339(began.as_str().unwrap()).unwrap();
    assert!(took.num_seconds() < 10, "{took}");
    for watcher in &mut idle {
        assert_eq!(shown(&watcher.rest().await).len(), 8_000 * 30);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_task_is_watched_as_little_as_one_that_nobody_has() {
    let app = TestApp::start().await;
    let (owner, other) = (app.sign_up("free").await, app.sign_up("free").await);
    let agent = slow_talker(&app, &owner, 3).await;
    let task = pending(&app, &owner, &agent).await;
    for path in [format!("{task}/stream"), format!("/tasks/{}/stream", uuid::Uuid::now_v7())] {
        app.get(&other, &path).await.expect_problem(404, "not_found");
    }
    app.send(app.request(Method::GET, &format!("{task}/stream")))
        .await
        .expect_problem(401, "unauthenticated");
    app.delete(&owner, &task).await.expect(204);
    app.get(&owner, &format!("{task}/stream")).await.expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_ends_soon_after_the_session_does() {
    let app = TestApp::start().await;
    let owner = app.sign_up("professional").await;
    let agent = slow_talker(&app, &owner, 3).await;
    let task = pending(&app, &owner, &agent).await;
    let leaving = app.join(&owner, "leaving", "member").await;
    let removed = app.join(&owner, "removed", "member").await;
    let suspended = app.sign_up("free").await;
    let of_other = slow_talker(&app, &suspended, 3).await;
    let other = pending(&app, &suspended, &of_other).await;
    let of_leaving = watch(&app, &leaving, &task, None).await;
    let of_removed = watch(&app, &removed, &task, None).await;
    let of_suspended = watch(&app, &suspended, &other, None).await;
    app.post(&leaving, "/auth/logout", json!({})).await.expect(204);
    app.delete(&owner, &format!("/tenants/users/{}", removed.user)).await.expect(204);
    app.suspend(&suspended).await;
    tokio::join!(
        of_leaving.assert_ends("logged out"),
        of_removed.assert_ends("deactivated"),
        of_suspended.assert_ends("suspended")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_has_so_many_streams_open_at_once() {
    let flags = ["--limits=streams=2"];
    let app = TestApp::start_on(fresh_database().await, &flags).await;
    let (owner, other) = (app.sign_up("free").await, app.sign_up("free").await);
    let agent = slow_talker(&app, &owner, 3).await;
    let task = pending(&app, &owner, &agent).await;
    let first = watch(&app, &owner, &task, None).await;
    let _second = Listener::open(&app, &owner, "/events/stream", None).await;
    let refused = app.get(&owner, &format!("{task}/stream")).await;
    assert!(!refused.header("retry-after").is_empty());
    refused.expect_problem(429, "too_many_streams");
    Listener::open(&app, &other, "/events/stream", None).await;
    drop(first);
    let freed = async {
        let again = || app.request(Method::GET, &format!("{task}/stream")).bearer_auth(&owner.token);
        while app.send(again()).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), freed).await.expect("the place of the one that left");
}
