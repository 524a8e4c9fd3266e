//! Conversations with agents: turns that know what was said before them, one after the other.

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::listener::Listener;
use crate::steps::agent_of;
use crate::support::{Answer, Session, TestApp, fresh_database};

async fn begin(app: &TestApp, by: &Session, agent: &str, body: Value) -> String {
    let begun = app.post(by, &format!("/agents/{agent}/conversations"), body).await.expect(201);
    format!("/conversations/{}", begun["id"].as_str().unwrap())
}

async fn say(app: &TestApp, by: &Session, conversation: &str, content: &str) -> Answer {
    app.post(by, &format!("{conversation}/messages"), json!({ "content": content })).await
}

/// The conversation once its last turn has come to an end.
async fn ended(app: &TestApp, by: &Session, conversation: &str) -> Value {
    app.until(by, conversation, |view| {
        ["completed", "failed", "cancelled"].contains(&view["status"].as_str().unwrap())
    })
    .await
}

fn said(view: &Value) -> Vec<(&str, &str)> {
    let messages = view["messages"].as_array().unwrap().iter();
    messages
        .map(|message| (message["role"].as_str().unwrap(), message["content"].as_str().unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_turn_is_a_task_that_is_told_what_was_said_before() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = app.running_agent(&owner).await;
    let conversation = begin(&app, &owner, &agent, json!({"message": "One?\nQuick."})).await;
    let view = ended(&app, &owner, &conversation).await;
    assert_eq!(said(&view), [("user", "One?\nQuick."), ("assistant", "One?\nQuick.")]);
    assert_eq!((&view["title"], &view["version"]), (&json!("One?"), &json!(1)));
    let turn = say(&app, &owner, &conversation, "Two?").await.expect(202);
    // How far it is by now is up to the worker.
    assert_eq!(turn["name"], "One?");
    let path = format!("/tasks/{}", turn["id"].as_str().unwrap());
    app.until(&owner, &path, |task| task["status"] == "completed").await;
    let view = app.get(&owner, &conversation).await;
    assert_eq!(view.header("etag"), "\"2\"");
    let view = view.expect(200);
    assert_eq!(said(&view)[2..], [("user", "Two?"), ("assistant", "Two?")]);
    assert_eq!((&view["last_task_id"], &view["earlier_turns"]), (&turn["id"], &json!(0)));
    assert_eq!(said(&app.get(&owner, &format!("{conversation}?limit=1")).await.expect(200)).len(), 2);
    // What the model was sent.
    let steps = app.get(&owner, &format!("{path}/steps?include=contents")).await.expect(200);
    assert_eq!(
        steps["items"][0]["request"]["messages"],
        json!([
            {"role": "user", "content": "One?\nQuick."},
            {"role": "assistant", "content": "One?\nQuick."},
            {"role": "user", "content": "Two?"},
        ])
    );
    let turns = app.get(&owner, &format!("/tasks?conversation_id={}", view["id"].as_str().unwrap())).await;
    assert_eq!(turns.expect(200)["total"], 2);
    let usage = app.get(&owner, "/tenants/current/usage").await.expect(200);
    let tasks =
        usage["resources"].as_array().unwrap().iter().find(|one| one["resource"] == "tasks_per_month");
    assert_eq!(tasks.unwrap()["used"], 2, "turns count as tasks");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_message_names_who_said_it() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let admin = app.join(&owner, "ada", "admin").await;
    let member = app.join(&owner, "bob", "member").await;
    let agent = app.running_agent(&owner).await;
    // Begun by one, and first spoken in by another.
    let conversation = begin(&app, &member, &agent, json!({"title": "Talk"})).await;
    say(&app, &admin, &conversation, "One").await.expect(202);
    ended(&app, &owner, &conversation).await;
    say(&app, &member, &conversation, "Two").await.expect(202);
    let last = ended(&app, &owner, &conversation).await["last_task_id"].clone();
    let key = app.api_key(&admin, &["create_tasks", "read_tasks", "manage_tasks"]).await;
    say(&app, &key.session, &conversation, "Three").await.expect(202);
    let view = app
        .until(&owner, &conversation, |view| view["last_task_id"] != last && view["status"] == "completed");
    let view = view.await;
    assert_eq!(view["created_by"], json!(member.user));
    let authors: Vec<&Value> =
        view["messages"].as_array().unwrap().iter().map(|message| &message["author"]).collect();
    let user = |of: &Session, name: &str| json!({"type": "user", "id": of.user, "name": name});
    let answer = json!({"type": "agent", "id": agent, "name": "Agent"});
    let program = json!({
        "type": "api_key", "id": key.id, "name": "Nightly import",
        "on_behalf_of": {"id": admin.user, "name": "ada"},
    });
    let expected = [&user(&admin, "ada"), &answer, &user(&member, "bob"), &answer, &program, &answer];
    assert_eq!(authors, expected);
    assert_eq!(app.get(&member, &conversation).await.expect(200)["messages"], view["messages"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_messages_that_come_at_once_one_is_taken() {
    let app = TestApp::start().await;
    let owner = app.sign_up("professional").await;
    let slow = json!({"text": "Hm.", "delay_ms": 300});
    let script = json!({"script": [slow.clone()]});
    let agent = agent_of(&app, &owner, "scripted", script).await;
    let conversation = begin(&app, &owner, &agent, json!({})).await;
    for round in 1..=6 {
        let message = format!("Round {round}");
        let all = join_all((0..8).map(|_| say(&app, &owner, &conversation, &message))).await;
        let (taken, refused): (Vec<Answer>, Vec<Answer>) =
            all.into_iter().partition(|answer| answer.status == 202);
        assert_eq!((taken.len(), refused.len()), (1, 7), "round {round}");
        for answer in refused {
            answer.expect_problem(409, "conversation.busy");
        }
        let view = ended(&app, &owner, &conversation).await;
        assert_eq!((&view["version"], said(&view).len()), (&json!(round), 2 * round), "{view}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_was_cancelled_or_failed_is_no_part_of_what_the_next_is_told() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let fails = json!({"error": {"class": "refused", "code": "provider.gone", "message": "no such model"}});
    let waits = json!({"text": "never", "delay_ms": 60_000});
    let agent = agent_of(&app, &owner, "scripted", json!({"script": [fails]})).await;
    let conversation = begin(&app, &owner, &agent, json!({"title": "Talk", "message": "First"})).await;
    let view = ended(&app, &owner, &conversation).await;
    assert_eq!(said(&view), [("user", "First")]);
    assert_eq!(
        (&view["status"], &view["messages"][0]["error"]["code"]),
        (&json!("failed"), &json!("provider.gone"))
    );
    let first = format!("/tasks/{}", view["last_task_id"].as_str().unwrap());

    app.put(&owner, &format!("/agents/{agent}"), json!({"configuration": {"script": [waits]}}))
        .await
        .expect(200);
    let turn = say(&app, &owner, &conversation, "Second").await.expect(202);
    let second = format!("/tasks/{}", turn["id"].as_str().unwrap());
    say(&app, &owner, &conversation, "Too soon").await.expect_problem(409, "conversation.busy");
    app.until(&owner, &second, |task| task["status"] == "running").await;
    app.delete(&owner, &conversation).await.expect_problem(409, "task.running");
    app.post(&owner, &format!("{second}/cancel"), json!({})).await.expect(200);
    // It has gone on since.
    app.post(&owner, &format!("{first}/retry"), json!({})).await.expect_problem(409, "conversation.moved_on");

    let answers = json!({"script": [{"text": "Here."}]});
    app.put(&owner, &format!("/agents/{agent}"), json!({ "configuration": answers })).await.expect(200);
    let turn = say(&app, &owner, &conversation, "Third").await.expect(202);
    let view = ended(&app, &owner, &conversation).await;
    assert_eq!(
        said(&view),
        [("user", "First"), ("user", "Second"), ("user", "Third"), ("assistant", "Here.")]
    );
    assert_eq!(turn["input_data"]["messages"], json!([{"role": "user", "content": "Third"}]));
    // The last turn may be tried again where it failed, and holds up the next meanwhile.
    app.put(&owner, &format!("/agents/{agent}"), json!({"configuration": {"script": []}})).await.expect(200);
    let turn = say(&app, &owner, &conversation, "Fourth").await.expect(202);
    assert_eq!(ended(&app, &owner, &conversation).await["status"], "failed");
    app.put(&owner, &format!("/agents/{agent}"), json!({ "configuration": answers })).await.expect(200);
    app.post(&owner, &format!("/tasks/{}/retry", turn["id"].as_str().unwrap()), json!({})).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_and_a_message_at_once_never_let_two_turns_run() {
    let app = TestApp::start().await;
    let owner = app.sign_up("professional").await;
    let agent =
        agent_of(&app, &owner, "scripted", json!({"script": [{"text": "Hm.", "delay_ms": 60_000}]})).await;
    for _ in 0..10 {
        let conversation = begin(&app, &owner, &agent, json!({"message": "Go"})).await;
        let view = app.get(&owner, &conversation).await.expect(200);
        let task = format!("/tasks/{}", view["last_task_id"].as_str().unwrap());
        app.post(&owner, &format!("{task}/cancel"), json!({})).await.expect(200);
        let retry = format!("{task}/retry");
        let (said, retried) =
            tokio::join!(say(&app, &owner, &conversation, "On"), app.post(&owner, &retry, json!({})));
        let taken = [&said, &retried].map(|answer| answer.status.as_u16());
        assert!(taken == [202, 409] || taken == [409, 202], "{said:?} {retried:?}");
        let id = view["id"].as_str().unwrap();
        let turns = app.get(&owner, &format!("/tasks?conversation_id={id}")).await.expect(200);
        let open = |task: &&Value| task["status"] == "pending" || task["status"] == "running";
        assert_eq!(turns["items"].as_array().unwrap().iter().filter(open).count(), 1);
        let last = app.get(&owner, &conversation).await.expect(200)["last_task_id"].clone();
        app.post(&owner, &format!("/tasks/{}/cancel", last.as_str().unwrap()), json!({})).await;
        app.post(&owner, &format!("{task}/cancel"), json!({})).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_of_a_turn_is_told_by_the_stream_of_its_task() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let words: Vec<String> = (1..=12).map(|word| format!("word{word} ")).collect();
    let script = json!({"script": [{"text": words, "pause_ms": 60}]});
    let agent = agent_of(&app, &owner, "scripted", script).await;
    let conversation = begin(&app, &owner, &agent, json!({})).await;
    let turn = say(&app, &owner, &conversation, "Tell").await.expect(202);
    let path = format!("/tasks/{}/stream", turn["id"].as_str().unwrap());
    let mut listener = Listener::open(&app, &owner, &path, None).await;
    let frames = listener.rest().await;
    assert!(frames.iter().any(|frame| frame.event == "delta"));
    let draft = frames.iter().rfind(|frame| frame.event == "draft").unwrap();
    let view = app.get(&owner, &conversation).await.expect(200);
    assert_eq!(view["messages"][1]["content"], draft.data["text"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_are_listed_by_agent_and_go_with_their_turns() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let (agent, other) = (app.running_agent(&owner).await, app.running_agent(&owner).await);
    let mut begun = vec![];
    for message in ["First", "Second", "Third"] {
        begun.push(begin(&app, &owner, &agent, json!({ "message": message })).await);
    }
    begin(&app, &owner, &other, json!({"message": "Elsewhere"})).await;
    ended(&app, &owner, &begun[0]).await;
    say(&app, &owner, &begun[0], "Again").await.expect(202);
    let list = format!("/agents/{agent}/conversations");
    let titles = async |query: &str| {
        let page = app.get(&owner, &format!("{list}{query}")).await.expect(200);
        let items = page["items"].as_array().unwrap().iter();
        items.map(|one| one["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(titles("").await, ["First", "Third", "Second"], "what was said last comes first");
    assert_eq!(titles("?sort=created_at&limit=2").await, ["First", "Second"]);
    for conversation in &begun {
        ended(&app, &owner, conversation).await;
    }
    app.delete(&owner, &begun[0]).await.expect(204);
    app.get(&owner, &begun[0]).await.expect_problem(404, "not_found");
    say(&app, &owner, &begun[0], "More").await.expect_problem(404, "not_found");
    app.delete(&owner, &begun[0]).await.expect_problem(404, "not_found");
    assert_eq!(titles("").await, ["Third", "Second"]);
    // A turn taken off the list is no part of the conversation, which goes on.
    let view = app.get(&owner, &begun[1]).await.expect(200);
    say(&app, &owner, &begun[1], "Next").await.expect(202);
    ended(&app, &owner, &begun[1]).await;
    let taken_off = app.get(&owner, &begun[1]).await.expect(200)["last_task_id"].clone();
    app.delete(&owner, &format!("/tasks/{}", taken_off.as_str().unwrap())).await.expect(204);
    assert_eq!(said(&app.get(&owner, &begun[1]).await.expect(200)), said(&view));
    let turn = say(&app, &owner, &begun[1], "After").await.expect(202);
    assert_eq!(turn["input_data"]["messages"].as_array().unwrap().len(), 3, "{turn}");
    let withdrawn = app.get(&owner, "/audit/events?event_type=task.withdrawn").await.expect(200);
    assert_eq!(withdrawn["total"], 3, "the log keeps all of it");
    app.delete(&owner, &format!("/agents/{other}")).await.expect(204);
    app.get(&owner, &format!("/agents/{other}/conversations")).await.expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_needs_an_agent_at_work_and_belongs_to_whoever_began_it() {
    let app = TestApp::start().await;
    let owner = app.sign_up("professional").await;
    let (ada, bob) = (app.join(&owner, "ada", "member").await, app.join(&owner, "bob", "member").await);
    let auditor = app.join(&owner, "auditor", "auditor").await;
    let agent = app.agent(&owner).await;
    let list = format!("/agents/{agent}/conversations");
    app.post(&ada, &list, json!({"message": "Hello"})).await.expect_problem(409, "agent.not_running");
    let conversation = begin(&app, &ada, &agent, json!({})).await;
    let view = app.get(&ada, &conversation).await.expect(200);
    assert_eq!((&view["title"], &view["messages"]), (&json!("New conversation"), &json!([])));
    say(&app, &ada, &conversation, "Hello").await.expect_problem(409, "agent.not_running");
    app.post(&owner, &format!("/agents/{agent}/start"), json!({})).await.expect(200);
    say(&app, &bob, &conversation, "Mine?").await.expect_problem(403, "forbidden");
    app.delete(&bob, &conversation).await.expect_problem(403, "forbidden");
    say(&app, &auditor, &conversation, "Mine?").await.expect_problem(403, "forbidden");
    app.get(&auditor, &conversation).await.expect(200);
    app.post(&auditor, &list, json!({})).await.expect_problem(403, "forbidden");
    say(&app, &ada, &conversation, "Hello").await.expect(202);
    let view = ended(&app, &ada, &conversation).await;
    assert_eq!((&view["title"], said(&view).len()), (&json!("Hello"), 2));
    say(&app, &owner, &conversation, "An administrator may").await.expect(202);
    for bad in
        [json!({}), json!({"content": ""}), json!({"content": " "}), json!({"content": "x".repeat(32_001)})]
    {
        app.post(&ada, &format!("{conversation}/messages"), bad)
            .await
            .expect_problem(422, "validation_failed");
    }
    ended(&app, &ada, &conversation).await;
    let request = |tag: &str| {
        let request = app.request(Method::POST, &format!("{conversation}/messages")).bearer_auth(&ada.token);
        app.send(request.header("If-Match", format!("\"{tag}\"")).json(&json!({"content": "Now"})))
    };
    request("1").await.expect_problem(412, "version_mismatch");
    request("2").await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_twice_is_one_message() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = app.running_agent(&owner).await;
    let once = |path: String, key: &str, body: Value| {
        let request = app.request(Method::POST, &path).bearer_auth(&owner.token);
        app.send(request.header("Idempotency-Key", key).json(&body))
    };
    let list = format!("/agents/{agent}/conversations");
    let first = once(list.clone(), "a", json!({"message": "Hello"})).await.expect(201);
    assert_eq!(once(list, "a", json!({"message": "Hello"})).await.expect(201)["id"], first["id"]);
    let conversation = format!("/conversations/{}", first["id"].as_str().unwrap());
    ended(&app, &owner, &conversation).await;
    let messages = format!("{conversation}/messages");
    let turn = once(messages.clone(), "b", json!({"content": "Again"})).await.expect(202);
    ended(&app, &owner, &conversation).await;
    assert_eq!(once(messages, "b", json!({"content": "Again"})).await.expect(202)["id"], turn["id"]);
    assert_eq!(app.get(&owner, &conversation).await.expect(200)["version"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_goes_on_after_a_restart_and_is_nobody_elses() {
    let database = fresh_database().await;
    let (owner, agent, conversation) = {
        let app = TestApp::start_on(database.clone(), &[]).await;
        let owner = app.sign_up("free").await;
        let agent = app.running_agent(&owner).await;
        let conversation = begin(&app, &owner, &agent, json!({"message": "Before"})).await;
        ended(&app, &owner, &conversation).await;
        (owner, agent, conversation)
    };
    let app = TestApp::start_on(database, &[]).await;
    let turn = say(&app, &owner, &conversation, "After").await.expect(202);
    assert_eq!(turn["input_data"]["messages"][0]["content"], "Before");
    let view = ended(&app, &owner, &conversation).await;
    assert_eq!(said(&view).len(), 4);
    let other = app.sign_up("free").await;
    app.get(&other, &conversation).await.expect_problem(404, "not_found");
    say(&app, &other, &conversation, "Mine?").await.expect_problem(404, "not_found");
    app.delete(&other, &conversation).await.expect_problem(404, "not_found");
    let list = format!("/agents/{agent}/conversations");
    app.get(&other, &list).await.expect_problem(404, "not_found");
    app.post(&other, &list, json!({"message": "Mine?"})).await.expect_problem(404, "not_found");
}
