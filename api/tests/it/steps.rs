//! What an attempt does, step by step.

use serde_json::{Value, json};

use crate::support::{Session, TestApp, fresh_database};

/// Creates a task and lets it run to its end.
pub(crate) async fn run(app: &TestApp, by: &Session, task: Value) -> Value {
    let task = app.post(by, "/tasks", task).await.expect(201);
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    app.post(by, &format!("{path}/execute"), json!({})).await.expect(202);
    app.until(by, &path, |task| task["finished_at"].is_string()).await
}

pub(crate) async fn steps(app: &TestApp, by: &Session, task: &Value, query: &str) -> Value {
    app.get(by, &format!("/tasks/{}/steps{query}", task["id"].as_str().unwrap())).await.expect(200)
}

/// A running echo agent with this configuration.
async fn agent(app: &TestApp, by: &Session, configuration: Value) -> String {
    agent_of(app, by, "echo", configuration).await
}

pub(crate) async fn agent_of(app: &TestApp, by: &Session, kind: &str, configuration: Value) -> String {
    let agent = json!({
        "name": "Agent", "agent_type": kind, "configuration": configuration,
        "capabilities": ["calculator", "http_request"],
    });
    let agent = app.post(by, "/agents", agent).await.expect(201);
    let id = agent["id"].as_str().unwrap().to_owned();
    app.post(by, &format!("/agents/{id}/start"), json!({})).await.expect(200);
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_the_model_is_a_step_with_its_contents() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = agent(&app, &owner, json!({"system_prompt": "Repeat."})).await;
    let task = json!({"name": "Task", "agent_id": agent, "input_data": {"prompt": "Hello"}});
    let task = run(&app, &owner, task).await;
    assert_eq!(task["output_data"]["text"], "Hello", "{task}");
    let page = steps(&app, &owner, &task, "").await;
    assert_eq!(page["total"], 1, "{page}");
    let step = &page["items"][0];
    assert_eq!((&step["kind"], &step["state"]), (&json!("model"), &json!("done")), "{step}");
    assert_eq!((&step["provider"], &step["name"]), (&json!("echo"), &json!("echo")));
    assert_eq!(step["usage"], task["usage"]);
    assert!(step["latency_ms"].is_u64() && step.get("request").is_none(), "{step}");

    let page = steps(&app, &owner, &task, "?include=contents").await;
    let step = &page["items"][0];
    assert_eq!(step["request"]["system"], "Repeat.");
    assert_eq!(step["request"]["messages"], json!([{"role": "user", "content": "Hello"}]));
    assert_eq!(step["reply"]["text"], "Hello");
    // Who acted is the agent, for whom it did, and by which worker.
    let events = format!("/audit/events?aggregate_id={}", task["id"].as_str().unwrap());
    let events = app.get(&owner, &events).await.expect(200);
    for event in events["items"].as_array().unwrap() {
        let actor = &event["actor"];
        if ["task.created", "task.queued"].contains(&event["event_type"].as_str().unwrap()) {
            assert_eq!((&actor["type"], &event["worker"]), (&json!("user"), &Value::Null), "{event}");
            continue;
        }
        assert_eq!((&actor["type"], &actor["id"]), (&json!("agent"), &json!(agent)), "{event}");
        assert_eq!((&actor["name"], &actor["on_behalf_of"]["id"]), (&json!("Agent"), &json!(owner.user)));
        assert!(event["worker"].as_str().unwrap().starts_with("worker-"), "{event}");
    }
    // What came back is what its hash names.
    let reply = serde_json::value::to_raw_value(&step["reply"]).unwrap();
    assert_eq!(serde_json::from_str::<Value>(reply.get()).unwrap()["provider"], "echo");
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_are_walked_page_by_page() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    // What echo says never fits, so it is asked again, as often as a task may be.
    let schema = json!({"type": "object", "required": ["answer"]});
    let agent = agent(&app, &owner, json!({"output_schema": schema})).await;
    let task = json!({"name": "Task", "agent_id": agent, "input_data": {"prompt": "{\"no\": 1}"}});
    let task = run(&app, &owner, task).await;
    assert_eq!((&task["status"], &task["attempts"]), (&json!("failed"), &json!(1)), "{task}");
    assert_eq!(task["error"]["code"], "output.invalid", "{task}");
    let first = steps(&app, &owner, &task, "?limit=2").await;
    assert_eq!((first["items"].as_array().unwrap().len(), &first["total"]), (2, &json!(3)), "{first}");
    let next = format!("?limit=2&include=contents&cursor={}", first["next_cursor"].as_str().unwrap());
    let last = steps(&app, &owner, &task, &next).await;
    assert_eq!((&last["items"][0]["step"], &last["next_cursor"]), (&json!(3), &Value::Null), "{last}");
    let asked = last["items"][0]["request"]["messages"].as_array().unwrap();
    assert!(asked[2]["content"].as_str().unwrap().contains("answer"), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_has_the_form_that_the_agent_promises() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    let agent = agent(&app, &owner, json!({"output_schema": schema})).await;
    let task = |prompt| json!({"name": "Task", "agent_id": agent, "input_data": {"prompt": prompt}});
    let fits = run(&app, &owner, task("```json\n{\"n\": 1}\n```")).await;
    assert_eq!(fits["output_data"], json!({"n": 1}), "{fits}");
    let misfits = run(&app, &owner, task("{\"n\": \"one\"}")).await;
    assert_eq!(misfits["error"]["code"], "output.invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_of_the_agent_end_a_run_before_the_call_that_would_pass_them() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    for (limits, code, taken) in
        [(json!({"max_steps": 2}), "limit.steps", 2), (json!({"max_tokens": 2}), "limit.tokens", 1)]
    {
        let mut configuration = json!({"output_schema": {"type": "object", "required": ["answer"]}});
        configuration.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
        let agent = agent(&app, &owner, configuration).await;
        let task = run(&app, &owner, json!({"name": "Task", "agent_id": agent})).await;
        assert_eq!((&task["error"]["code"], &task["attempts"]), (&json!(code), &json!(1)), "{task}");
        assert_eq!(steps(&app, &owner, &task, "").await["total"], taken);
        app.delete(&owner, &format!("/agents/{agent}")).await.expect(204);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_its_type_can_make_nothing_of_is_refused_and_a_tool_that_is_not_granted_fails() {
    let app = TestApp::start_on(fresh_database().await, &[]).await;
    let owner = app.sign_up("free").await;
    let agent = app.running_agent(&owner).await;
    for (kind, field) in [("text_processing", "/input_data/text"), ("api_call", "/input_data/url")] {
        let task = json!({"name": "Task", "agent_id": agent, "task_type": kind});
        let problem = app.post(&owner, "/tasks", task).await.expect_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["field"], field);
    }
    let text = json!({"text": "long", "instruction": "Shorten:"});
    let task = json!({"name": "Task", "agent_id": agent, "task_type": "text_processing", "input_data": text});
    assert_eq!(run(&app, &owner, task).await["output_data"]["text"], "Shorten:\n\nlong");
    let request = json!({"url": "https://example.com/"});
    let task = json!({"name": "Task", "agent_id": agent, "task_type": "api_call", "input_data": request});
    let task = run(&app, &owner, task).await;
    assert_eq!(task["error"]["code"], "tool.not_granted", "{task}");
    assert_eq!(steps(&app, &owner, &task, "").await["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_attempt_goes_on_after_the_steps_that_were_done() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let script = json!([
        {"text": "forty-two"},
        {"error": {"class": "unavailable", "code": "provider.unavailable"}},
        {"text": "{\"answer\": 42}"},
    ]);
    let schema = json!({"type": "object", "required": ["answer"]});
    let agent = agent_of(&app, &owner, "scripted", json!({"script": script, "output_schema": schema})).await;
    let task = run(&app, &owner, json!({"name": "Task", "agent_id": agent})).await;
    assert_eq!((&task["output_data"], &task["attempts"]), (&json!({"answer": 42}), &json!(2)), "{task}");
    let page = steps(&app, &owner, &task, "").await;
    let taken: Vec<(&Value, &Value, &Value)> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| (&step["attempt"], &step["step"], &step["state"]))
        .collect();
    let (one, two) = (&json!(1), &json!(2));
    let (done, failed) = (&json!("done"), &json!("failed"));
    assert_eq!(taken, [(one, one, done), (one, two, failed), (two, two, done)]);
    assert_eq!(page["items"][1]["error"]["code"], "provider.unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_a_budget_has_no_room_for_is_not_made_and_what_was_not_used_is_given_back() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let price = json!({"input_micro_usd_per_million": 0, "output_micro_usd_per_million": 1_000_000});
    // Each call may cost 10 millionths, and costs 4.
    let line = json!({"text": "x", "usage": {"input_tokens": 1, "output_tokens": 4}});
    let configuration = json!({"script": [line], "price": price, "max_output_tokens": 10});
    let frugal = agent_of(&app, &owner, "scripted", configuration.clone()).await;
    let limited = json!({"limit_usd": "0.000015"});
    app.put(&owner, &format!("/agents/{frugal}/budget"), limited).await.expect(200);
    let task = json!({"name": "Task", "agent_id": frugal});
    let codes = [
        run(&app, &owner, task.clone()).await["error"].clone(),
        run(&app, &owner, task.clone()).await["error"].clone(),
        run(&app, &owner, task.clone()).await["error"]["code"].clone(),
    ];
    assert_eq!(codes, [Value::Null, Value::Null, json!("budget.exceeded")]);
    app.put(&owner, "/tenants/current/budget", json!({"limit_usd": "0.000017"})).await.expect(200);
    let free = agent_of(&app, &owner, "scripted", configuration).await;
    let refused = run(&app, &owner, json!({"name": "Task", "agent_id": free})).await;
    assert_eq!((&refused["error"]["code"], &refused["attempts"]), (&json!("budget.exceeded"), &json!(1)));
    let held: Vec<(i64, i64)> = sqlx::query_as(
        "select reserved_micro_usd, spent_micro_usd from budgets where tenant_id = $1 order by scope_id",
    )
    .bind(owner.tenant)
    .fetch_all(&app.owner().await)
    .await
    .unwrap();
    assert_eq!(held, [(0, 8), (0, 8)]);
}
