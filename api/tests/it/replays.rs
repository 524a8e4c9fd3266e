//! Runs out of their records, and other ways from one of their steps.

use std::sync::Arc;

use application::ports::{
    Live, ModelCall, ModelFailure, ModelProvider, ModelReply, Quote, ToolFailure, ToolGrant, ToolReply,
    ToolSpec, ToolUse, Tools,
};
use application::{App, NewTask, Stop};
use domain::agent::AgentKind;
use domain::task::{MaxAttempts, Priority, TaskKind, TimeoutSeconds};
use domain::{Document, TaskId, TenantId};
use futures::stream::{StreamExt, iter};
use serde_json::{Value, json};

use crate::steps::{agent_of, run, steps};
use crate::support::{Session, TestApp, fresh_database};

/// No network: whoever asks it, fails the test.
struct Unplugged;

#[async_trait::async_trait]
impl ModelProvider for Unplugged {
    async fn quote(&self, _: TenantId, _: &AgentKind, _: &Document) -> Quote {
        panic!("a price was asked")
    }

    async fn complete(&self, _: &ModelCall, _: &dyn Live) -> Result<ModelReply, ModelFailure> {
        panic!("a model was called")
    }
}

#[async_trait::async_trait]
impl Tools for Unplugged {
    async fn offered(&self, _: &ToolGrant) -> Result<Vec<ToolSpec>, ToolFailure> {
        panic!("tools were asked for")
    }

    async fn call(&self, _: &ToolGrant, _: &ToolUse) -> Result<ToolReply, ToolFailure> {
        panic!("a tool was called")
    }
}

/// What the calculator says of it.
const CALCULATED: &str = r#"{"result":"42","exact":true}"#;

/// Calls a tool twice, one of them unknown, answers what does not fit, and then what does.
fn calculating() -> Value {
    let calls = json!([
        {"name": "calculator", "arguments": {"expression": "6*7"}},
        {"name": "telescope", "arguments": {"at": "moon"}},
    ]);
    json!({
        "script": [{"tool_calls": calls}, {"text": "forty-two"}, {"text": "{\"answer\": 42}"}],
        "output_schema": {"type": "object", "required": ["answer"]},
        "max_tokens": 1000,
    })
}

fn path(task: &Value) -> String {
    format!("/tasks/{}", task["id"].as_str().unwrap())
}

async fn caller(app: &TestApp, by: &Session) -> application::Caller {
    let user = domain::UserId(by.user);
    application::Caller {
        tenant: domain::TenantId(by.tenant),
        user,
        credential: application::caller::Credential::Session {
            id: domain::SessionId(app.current_session(by).await.parse().unwrap()),
            generation: 1,
            authenticated_at: chrono::Utc::now(),
        },
        role: domain::Role::Owner,
        reach: domain::Reach::All,
        origin: application::Origin::default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_tools_leads_to_the_same_result_out_of_its_records() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = agent_of(&app, &owner, "scripted", calculating()).await;
    let task = run(&app, &owner, json!({"name": "Task", "agent_id": agent})).await;
    assert_eq!(task["output_data"], json!({"answer": 42}), "{task}");
    let taken = steps(&app, &owner, &task, "?include=contents").await;
    let kinds: Vec<&str> =
        taken["items"].as_array().unwrap().iter().map(|step| step["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["model", "tool", "model", "model"]);
    assert_eq!(taken["items"][1]["reply"]["content"], CALCULATED, "{taken}");

    // The agent as it is now does not matter.
    app.put(&owner, &format!("/agents/{agent}"), json!({"configuration": {}})).await.expect(200);
    let replay = app.post(&owner, &format!("{}/replay", path(&task)), json!({})).await.expect(200);
    assert_eq!((&replay["is_identical"], &replay["steps"]), (&json!(true), &json!(4)), "{replay}");
    assert_eq!((&replay["diverged_at_step"], &replay["error"]), (&Value::Null, &Value::Null), "{replay}");
    assert_eq!(replay["output_hash"], replay["recorded_output_hash"]);
    let waits = app.post(&owner, "/tasks", json!({"name": "Task", "agent_id": agent})).await.expect(201);
    let replay = app.post(&owner, &format!("{}/replay", path(&waits)), json!({})).await;
    replay.expect_problem(409, "task.not_completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_takes_over_the_steps_before_it_and_goes_on_live() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = agent_of(&app, &owner, "scripted", calculating()).await;
    let task = run(&app, &owner, json!({"name": "Task", "agent_id": agent})).await;
    // The third step is the second model call: its line is the second of the script.
    let other = json!({"script": [{"text": "never played"}, {"text": "another way"}]});
    let fork = app
        .post(
            &owner,
            &format!("{}/replay?fork_at_step=3", path(&task)),
            json!({"configuration": other, "name": "Fork"}),
        )
        .await
        .expect(201);
    assert_eq!((&fork["forked_from"], &fork["fork_at_step"]), (&task["id"], &json!(3)), "{fork}");
    let fork = app.until(&owner, &path(&fork), |task| task["finished_at"].is_string()).await;
    assert_eq!(fork["output_data"]["text"], "another way", "{fork}");
    let taken = steps(&app, &owner, &fork, "?include=contents").await;
    assert_eq!((&taken["total"], &taken["items"][0]["step"]), (&json!(1), &json!(3)), "{taken}");
    assert_eq!(taken["items"][0]["request"]["messages"][2]["content"], CALCULATED, "{taken}");
    let replay = app.post(&owner, &format!("{}/replay", path(&fork)), json!({})).await.expect(200);
    assert_eq!(replay["is_identical"], true, "{replay}");
    // A fork of the fork reaches through to the first task.
    let again =
        app.post(&owner, &format!("{}/replay?fork_at_step=4", path(&fork)), json!({})).await.expect(201);
    let again = app.until(&owner, &path(&again), |task| task["finished_at"].is_string()).await;
    assert_eq!(again["output_data"], fork["output_data"], "{again}");
    for at in ["0", "5", "999999999999"] {
        let refused = app.post(&owner, &format!("{}/replay?fork_at_step={at}", path(&fork)), json!({})).await;
        let problem = refused.expect_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["field"], "/fork_at_step");
    }
    for (configuration, field) in [
        (json!({"max_steps": 0}), "/configuration/max_steps"),
        (json!({"input_schema": {"type": "array"}}), "/input_data"),
    ] {
        let unfit = json!({"configuration": configuration});
        let refused = app.post(&owner, &format!("{}/replay?fork_at_step=1", path(&fork)), unfit).await;
        assert_eq!(refused.expect_problem(422, "validation_failed")["errors"][0]["field"], field);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_uses_what_came_before_and_goes_where_conditions_lead() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let script = json!({"script": [{"text": "urgent"}, {"text": "handled"}]});
    let agent = agent_of(&app, &owner, "scripted", script).await;
    let input = json!({
        "data": {"mail": "Help!"},
        "steps": [
            {"id": "sort", "type": "prompt", "prompt": "Sort: {{data.mail}}"},
            {"type": "condition", "if": {"left": "{{sort}}", "op": "equals", "right": "urgent"}, "else": "end"},
            {"id": "wait", "type": "delay", "seconds": 0},
            {"id": "handle", "type": "prompt", "prompt": "It is {{sort}}: handle it"},
        ],
    });
    let task = json!({"name": "Task", "agent_id": agent, "task_type": "workflow", "input_data": input});
    let task = run(&app, &owner, task).await;
    assert_eq!(task["output_data"]["output"], "handled", "{task}");
    assert_eq!(task["output_data"]["results"]["sort"], "urgent");
    let taken = steps(&app, &owner, &task, "?include=contents").await;
    assert_eq!(taken["items"][0]["request"]["messages"][0]["content"], "Sort: Help!");
    assert_eq!(taken["items"][1]["kind"], "delay");
    assert_eq!(taken["items"][2]["request"]["messages"][0]["content"], "It is urgent: handle it");
    let replay = app.post(&owner, &format!("{}/replay", path(&task)), json!({})).await.expect(200);
    assert_eq!(replay["is_identical"], true, "{replay}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_that_waits_keeps_no_worker_and_goes_on_at_its_time() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = agent_of(&app, &owner, "echo", json!({"max_concurrency": 1})).await;
    let input = json!({"steps": [{"type": "delay", "seconds": 3600}, {"type": "prompt", "prompt": "Now"}]});
    let task = json!({
        "name": "Task", "agent_id": agent, "task_type": "workflow", "input_data": input, "timeout_seconds": 60,
    });
    let task = app.post(&owner, "/tasks", task).await.expect(201);
    app.post(&owner, &format!("{}/execute", path(&task)), json!({})).await.expect(202);
    let waits =
        app.until(&owner, &path(&task), |task| task["attempts"] == 1 && task["status"] == "pending").await;
    let at: chrono::DateTime<chrono::Utc> = serde_json::from_value(waits["next_attempt_at"].clone()).unwrap();
    assert!((3_500..=3_600).contains(&(at - chrono::Utc::now()).num_seconds()), "{waits}");
    // The agent runs one task at a time, and this one is not it.
    let other = run(&app, &owner, json!({"name": "Other", "agent_id": agent})).await;
    assert_eq!(other["status"], "completed", "{other}");
    let database = app.owner().await;
    for its_time in ["update run_queue set not_before = now()", "update queue_turns set wakes_at = now()"] {
        sqlx::query(its_time).execute(&database).await.unwrap();
    }
    let task = app.until(&owner, &path(&task), |task| task["finished_at"].is_string()).await;
    assert_eq!((&task["output_data"]["output"], &task["error"]), (&json!("Now"), &Value::Null), "{task}");
    assert_eq!(steps(&app, &owner, &task, "").await["total"], 2);
    let replay = app.post(&owner, &format!("{}/replay", path(&task)), json!({})).await.expect(200);
    assert_eq!(replay["is_identical"], true, "{replay}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_needs_approval_is_made_once_a_person_agrees() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    for (decision, told) in [("approve", CALCULATED), ("deny", "did not allow")] {
        let script = json!([
            {"tool_calls": [{"name": "calculator", "arguments": {"expression": "6*7"}}]},
            {"text": "done"},
        ]);
        let configuration = json!({"script": script, "approval": {"tools": ["calculator"]}});
        let agent = agent_of(&app, &owner, "scripted", configuration).await;
        let task = app.post(&owner, "/tasks", json!({"name": "Task", "agent_id": agent})).await.expect(201);
        app.post(&owner, &format!("{}/execute", path(&task)), json!({})).await.expect(202);
        let asks = app.until(&owner, &path(&task), |task| task["status"] == "waiting_approval").await;
        assert_eq!((&asks["approval"]["tool"], &asks["approval"]["step"]), (&json!("calculator"), &json!(2)));
        let answer = json!({
            "approval_id": asks["approval"]["id"], "shown_hash": asks["approval"]["shown_hash"],
            "decision": decision, "reason": "as discussed",
        });
        app.post(&owner, &format!("{}/approval", path(&task)), answer).await.expect(202);
        let task = app.until(&owner, &path(&task), |task| task["finished_at"].is_string()).await;
        assert_eq!(task["output_data"]["text"], "done", "{task}");
        let taken = steps(&app, &owner, &task, "?include=contents").await;
        assert_eq!((&taken["total"], &taken["items"][1]["attempt"]), (&json!(3), &json!(2)), "{taken}");
        assert!(taken["items"][1]["reply"]["content"].as_str().unwrap().contains(told), "{taken}");
        let replay = app.post(&owner, &format!("{}/replay", path(&task)), json!({})).await.expect(200);
        assert_eq!(replay["is_identical"], true, "{replay}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_runs_lead_to_identical_results_with_the_network_off() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let owner = app.sign_up("enterprise").await;
    let caller = caller(&app, &owner).await;
    let core = &app.service.state.app;
    let agents = [
        agent_of(&app, &owner, "scripted", calculating()).await,
        agent_of(&app, &owner, "echo", json!({"system_prompt": "Repeat."})).await,
    ];
    let tasks: Vec<TaskId> = iter(0..1_000)
        .map(|nth| {
            let (agent, caller) = (agents[nth % 2].parse().unwrap(), caller.clone());
            async move {
                let new = NewTask {
                    agent: domain::AgentId(agent),
                    name: "Task".parse().unwrap(),
                    kind: TaskKind::Prompt,
                    input: Document::parse(&json!({"prompt": format!("Number {nth}")}).to_string()).unwrap(),
                    priority: Priority::default(),
                    timeout: TimeoutSeconds::default(),
                    max_attempts: MaxAttempts::default(),
                    scheduled_at: None,
                    queue_timeout: None,
                };
                let task = TaskId(core.create_task(&caller, new).await.unwrap().resource);
                core.execute_task(&caller, task).await.unwrap();
                task
            }
        })
        .buffer_unordered(16)
        .collect()
        .await;
    let lease = std::time::Duration::from_secs(60);
    loop {
        let claimed = core.claim("worker", lease, 64).await.unwrap();
        if claimed.is_empty() {
            break;
        }
        let runs = iter(claimed).map(|claimed| async move {
            let (_held, stop): (_, Stop) = futures::channel::oneshot::channel();
            core.run_claimed("worker", claimed, stop).await.unwrap();
        });
        runs.buffer_unordered(16).collect::<Vec<()>>().await;
    }
    let unplugged =
        App { models: Arc::new(Unplugged), tools: Arc::new(Unplugged), ..app.service.state.app.clone() };
    let (unplugged, caller) = (&unplugged, &caller);
    let replays = iter(&tasks).map(|task| async move { unplugged.replay_task(caller, *task).await.unwrap() });
    let replays: Vec<_> = replays.buffer_unordered(16).collect().await;
    assert_eq!(replays.len(), 1_000);
    for replay in replays {
        assert_eq!((replay.output, replay.diverged_at), (Some(replay.recorded), None), "{replay:?}");
    }
}
