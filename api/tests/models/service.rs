//! The whole service against a bad provider: every task ends, its slot is free again, its usage is booked once, and no
//! key is anywhere.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use sqlx::{PgPool, Row};

use crate::bench::{ANTHROPIC_KEY, OPENAI_KEY};
use crate::capture;
use crate::fake::Fake;
use crate::fake::modes::{Ends, MODES};
use crate::support::{Session, TestApp, fresh_database};

/// A service whose deployment has keys of both providers, which are the fake.
async fn service(fake: &Fake) -> TestApp {
    service_that_waits(fake, 1).await
}

/// The same, with so many seconds of patience with its providers.
async fn service_that_waits(fake: &Fake, seconds: u32) -> TestApp {
    capture::begin();
    let flags = [
        format!("--openai-api-key={OPENAI_KEY}"),
        format!("--openai-base-url={}", fake.openai()),
        format!("--anthropic-api-key={ANTHROPIC_KEY}"),
        format!("--anthropic-base-url={}", fake.anthropic()),
        "--outbound-allow=127.0.0.1".to_owned(),
        "--outbound-connect=1".to_owned(),
        format!("--outbound-silence={seconds}"),
        format!("--model-first-byte={seconds}"),
        "--circuit-failures=1000".to_owned(),
        "--workers=16".to_owned(),
    ];
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    TestApp::start_on(fresh_database().await, &flags).await
}

/// A running agent of this type whose model is this.
async fn agent(app: &TestApp, owner: &Session, kind: &str, model: &str) -> String {
    let body = json!({"name": model, "agent_type": kind, "configuration": {"model": model}});
    let agent = app.post(owner, "/agents", body).await.expect(201);
    let id = agent["id"].as_str().unwrap().to_owned();
    app.post(owner, &format!("/agents/{id}/start"), json!({})).await.expect(200);
    id
}

/// A task that waits for a worker; its path.
async fn task(app: &TestApp, owner: &Session, agent: &str, attempts: u32) -> String {
    let body = json!({
        "name": "Task", "agent_id": agent, "input_data": {"prompt": "What is 6 times 7?"},
        "timeout_seconds": 3, "max_attempts": attempts,
    });
    let task = app.post(owner, "/tasks", body).await.expect(201);
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    app.post(owner, &format!("{path}/execute"), json!({})).await.expect(202);
    path
}

async fn ended(app: &TestApp, owner: &Session, path: &str) -> Value {
    app.until(owner, path, |task| task["status"] == "completed" || task["status"] == "failed").await
}

/// Everything that the database holds of the organisation's work, as text.
async fn dump(database: &PgPool) -> String {
    let mut text = String::new();
    let tables = "select table_name::text from information_schema.tables
                  where table_schema = 'public' and table_type = 'BASE TABLE'";
    for table in sqlx::query(tables).fetch_all(database).await.unwrap() {
        let sql = format!("select t::text from {} t", table.get::<String, _>(0));
        let rows: Vec<String> = sqlx::query_scalar(&sql).fetch_all(database).await.unwrap();
        text.extend(rows);
    }
    text
}

async fn count(database: &PgPool, sql: &str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(database).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_end_as_their_provider_does_and_leave_nothing_behind() {
    let fake = Fake::start().await;
    let app = service(&fake).await;
    let owner = app.sign_up("enterprise").await;
    let mut tasks = vec![];
    for kind in ["gpt-4", "claude"] {
        for (mode, ends) in MODES {
            let agent = agent(&app, &owner, kind, mode).await;
            tasks.push((kind, mode, ends, task(&app, &owner, &agent, 1).await));
        }
    }
    let mut booked: HashMap<(&str, &str), (u64, u64)> = HashMap::new();
    for (kind, mode, ends, path) in &tasks {
        // Who has too much to do is asked again later: that is the end only of the call.
        if let Ends::Failed(code, "limited") = ends {
            let events = format!("/audit/events?event_type=task.attempt_failed&aggregate_id={}", &path[7..]);
            let failed = app.until(&owner, &events, |events| events["total"] != 0).await;
            assert_eq!(failed["items"][0]["data"]["failure"]["code"], *code, "{kind} {mode}: {failed}");
            // It may have been put off as often as it can be by now.
            let cancelled = app.post(&owner, &format!("{path}/cancel"), json!({})).await;
            assert!(cancelled.status == 200 || cancelled.body["code"] == "task.ended", "{cancelled:?}");
            continue;
        }
        let task = ended(&app, &owner, path).await;
        let code = &task["error"]["code"];
        match ends {
            Ends::Answered => assert_eq!(task["status"], "completed", "{kind} {mode}: {task}"),
            Ends::Endless => assert_eq!(code, "task.timeout", "{kind} {mode}: {task}"),
            Ends::Failed(expected, _) => assert_eq!(code, expected, "{kind} {mode}: {task}"),
        }
        let tokens = |name: &str| task["usage"][name].as_u64().unwrap();
        booked.insert((kind, mode), (tokens("input_tokens"), tokens("output_tokens")));
        let steps = app.get(&owner, &format!("{path}/steps")).await.expect(200);
        assert_eq!(steps["items"][0]["usage"], task["usage"], "{kind} {mode}: booked once");
    }
    for kind in ["gpt-4", "claude"] {
        let billed = |mode: &str| fake.seen().into_iter().find(|seen| seen.model == mode).unwrap().billed;
        for mode in ["usage-in-each-event", "nul", "key-in-answer"] {
            assert_eq!(booked[&(kind, mode)], billed(mode), "{kind} {mode}");
        }
        assert_eq!(booked[&(kind, "server-error")], (0, 0));
        assert!(booked[&(kind, "truncated-stream")].1 > 0, "what came was consumed");
    }
    let database = app.owner().await;
    // The lease of the last task is given back a moment after its end is recorded.
    while count(&database, "select count(*) from task_leases").await > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // Each call that came in was recorded before, under its name and once; and each that was recorded came in, but where
    // a task was cancelled in between.
    let seen = fake.seen();
    let is_limited = |model: &str| MODES.contains(&(model, Ends::Failed("provider.limited", "limited")));
    let sql =
        "select payload -> 'step_started' ->> 'call_id' as id, payload -> 'step_started' ->> 'name' as model
               from events where event_type = 'task.step_started'";
    let recorded = sqlx::query(sql).fetch_all(&database).await.unwrap();
    let recorded: HashMap<String, String> =
        recorded.iter().map(|row| (row.get("id"), row.get("model"))).collect();
    let ids: HashSet<&str> = seen.iter().map(|seen| seen.id.as_str()).collect();
    assert_eq!(ids.len(), seen.len(), "no call came twice");
    assert!(seen.iter().all(|seen| recorded.get(&seen.id) == Some(&seen.model)));
    let unseen = recorded.iter().filter(|(id, _)| !ids.contains(id.as_str()));
    assert!(unseen.into_iter().all(|(_, model)| is_limited(model)));
    let once = seen.iter().filter(|seen| !is_limited(&seen.model)).count();
    assert_eq!(once, booked.len(), "one call for each task");
    let held = dump(&database).await;
    assert!(held.contains("provider.key_refused") && held.contains("[redacted]"));
    for key in [OPENAI_KEY, ANTHROPIC_KEY, &OPENAI_KEY[14..], &ANTHROPIC_KEY[14..]] {
        assert!(!held.contains(key), "{key} is in the database");
    }
    capture::holds_none_of(&[OPENAI_KEY, ANTHROPIC_KEY]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_task_leaves_its_provider_at_once_wherever_its_call_is() {
    let fake = Fake::start().await;
    let app = service_that_waits(&fake, 600).await;
    let owner = app.sign_up("basic").await;
    let database = app.owner().await;
    for (nth, mode) in ["hang-before-head", "hang-after-head", "hang-in-stream"].into_iter().enumerate() {
        let agent = agent(&app, &owner, "gpt-4", mode).await;
        let body = json!({"name": "Task", "agent_id": agent, "input_data": {"prompt": "Hello"}});
        let task = app.post(&owner, "/tasks", body).await.expect(201);
        let path = format!("/tasks/{}", task["id"].as_str().unwrap());
        app.post(&owner, &format!("{path}/execute"), json!({})).await.expect(202);
        let calls = || fake.seen().iter().filter(|seen| seen.model == mode).count();
        while calls() == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let cancelled = app.post(&owner, &format!("{path}/cancel"), json!({})).await.expect(200);
        assert_eq!(cancelled["status"], "cancelled", "{mode}: {cancelled}");
        let left = async {
            while fake.waiting() > 0 || count(&database, "select count(*) from task_leases").await > 0 {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        // Long before anybody's patience ends.
        tokio::time::timeout(std::time::Duration::from_secs(60), left).await.expect(mode);
        let ends =
            "select count(*) from events where event_type in ('task.completed', 'task.attempt_failed')";
        assert_eq!(count(&database, ends).await, 0, "{mode}");
        let cancelled = "select count(*) from events where event_type = 'task.cancelled'";
        assert_eq!(count(&database, cancelled).await, i64::try_from(nth).unwrap() + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_errors_is_lived_through_and_booked_once() {
    let fake = Fake::start().await;
    let app = service(&fake).await;
    let owner = app.sign_up("basic").await;
    let agent = agent(&app, &owner, "gpt-4", "error-burst").await;
    let task = ended(&app, &owner, &task(&app, &owner, &agent, 3).await).await;
    assert_eq!(task["status"], "completed", "{task}");
    let seen = fake.seen();
    assert_eq!(seen.len(), 3);
    let usage = &task["usage"];
    assert_eq!(
        (usage["input_tokens"].as_u64(), usage["output_tokens"].as_u64()),
        (Some(seen[2].billed.0), Some(seen[2].billed.1))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisations_own_key_is_used_and_a_call_is_priced() {
    let fake = Fake::start().await;
    let app = service(&fake).await;
    let owner = app.sign_up("basic").await;
    let own = "sk-own-of-organisation-9w3k";
    app.post(&owner, "/provider-keys", json!({"provider": "openai", "key": own})).await.expect(201);
    let agent = agent(&app, &owner, "gpt-4", "gpt-4.1").await;
    let task = ended(&app, &owner, &task(&app, &owner, &agent, 1).await).await;
    assert_eq!(task["status"], "completed", "{task}");
    assert!(task["output_data"].to_string().contains("You said: What is 6 times 7?"), "{task}");
    // 5 tokens sent at 2, 7 received at 8 millionths of a dollar.
    assert_eq!(task["usage"]["cost_usd"], "0.000066");
    assert_eq!(fake.seen()[0].key.as_deref(), Some(own));
    capture::holds_none_of(&[own]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_sent_the_conversation_so_far() {
    let fake = Fake::start().await;
    let app = service(&fake).await;
    let owner = app.sign_up("basic").await;
    for (kind, model) in [("gpt-4", "gpt-4.1"), ("claude", "claude-sonnet-4-6")] {
        let agent = agent(&app, &owner, kind, model).await;
        let begun = json!({"message": "What is 6 times 7?"});
        let begun = app.post(&owner, &format!("/agents/{agent}/conversations"), begun).await.expect(201);
        let conversation = format!("/conversations/{}", begun["id"].as_str().unwrap());
        let answered = |view: &Value| view["status"] == "completed";
        app.until(&owner, &conversation, answered).await;
        let second = json!({"content": "And half of it?"});
        app.post(&owner, &format!("{conversation}/messages"), second).await.expect(202);
        app.until(&owner, &conversation, answered).await;
        let sent = fake.seen().pop().unwrap().body["messages"].clone();
        let sent: Vec<(&Value, String)> =
            sent.as_array().unwrap().iter().map(|one| (&one["role"], one["content"].to_string())).collect();
        let roles: Vec<&Value> = sent.iter().map(|(role, _)| *role).collect();
        assert_eq!(roles, ["user", "assistant", "user"], "{kind}");
        for ((_, content), expected) in
            sent.iter().zip(["What is 6 times 7?", "You said: What is 6 times 7?", "And half of it?"])
        {
            assert!(content.contains(expected), "{kind}: {content}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_watches_sees_no_key_that_a_provider_says_in_its_answer() {
    let fake = Fake::start().await;
    let app = service(&fake).await;
    let owner = app.sign_up("basic").await;
    for (kind, key) in [("gpt-4", OPENAI_KEY), ("claude", ANTHROPIC_KEY)] {
        let agent = agent(&app, &owner, kind, "key-in-answer").await;
        let task = task(&app, &owner, &agent, 1).await;
        let stream = app.request(reqwest::Method::GET, &format!("{task}/stream")).bearer_auth(&owner.token);
        let told = stream.send().await.unwrap().text().await.unwrap();
        assert!(told.contains("event: draft") && told.contains("[redacted]"), "{kind}: {told}");
        assert!(!told.contains(key) && !told.contains(&key[14..]), "{kind}");
    }
}
