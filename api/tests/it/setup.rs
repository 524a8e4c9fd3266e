//! How an agent may be set up, and what its tasks may be given: what does not fit is told where it is.

use serde_json::{Value, json};

use crate::support::{Session, TestApp, fresh_database};

async fn configured(app: &TestApp, by: &Session, configuration: Value) -> crate::support::Answer {
    let body = json!({"name": "Agent", "agent_type": "echo", "configuration": configuration});
    app.post(by, "/agents", body).await
}

fn place(problem: &Value) -> (&Value, &Value) {
    (&problem["errors"][0]["field"], &problem["errors"][0]["code"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_cannot_work_is_refused_when_it_is_set() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let owner = app.sign_up("professional").await;
    for (configuration, field, code) in [
        (json!({"temperature": "hot"}), "/configuration/temperature", "wrong_type"),
        (json!({"approval": {"tool": ["a"]}}), "/configuration/approval/tool", "unknown_field"),
        (json!({"mcp_servers": [{"name": "files"}]}), "/configuration/mcp_servers/0/url", "missing"),
        (json!({"output_schema": {"type": "no such type"}}), "/configuration/output_schema/type", "schema"),
        (json!({"input_schema": {"$ref": "https://x.example/s"}}), "/configuration/input_schema", "schema"),
        // What the table lets pass and its reader does not.
        (json!({"script": [{"text": 7}]}), "/configuration", "malformed"),
        (
            json!({"mcp_servers": [{"name": "Files_1", "url": "https://x.example"}]}),
            "/configuration",
            "malformed",
        ),
    ] {
        let refused = configured(&app, &owner, configuration.clone()).await.expect(422);
        let (told, told_code) = place(&refused);
        assert!(told.as_str().unwrap().starts_with(field), "{configuration}: {refused}");
        assert_eq!(told_code, code, "{refused}");
    }
    let names = [
        "system_prompt",
        "max_output_tokens",
        "max_steps",
        "max_tokens",
        "max_cost_usd",
        "max_concurrency",
        "timeout_seconds",
        "input_schema",
        "output_schema",
        "approval",
        "on_ambiguous",
        "provider",
        "model",
        "temperature",
        "base_url",
        "endpoint",
        "price",
        "script",
        "http_request",
        "mcp_servers",
    ];
    let nothing: Value = names.into_iter().map(|name| (name.to_owned(), Value::Null)).collect();
    configured(&app, &owner, nothing).await.expect(201);
    let own = json!({"team": {"any": "thing"}, "tools": ["mail"], "temperature": 0.7, "max_tokens": 1000});
    let agent = configured(&app, &owner, own.clone()).await.expect(201);
    assert_eq!(agent["configuration"], own);
    let path = format!("/agents/{}", agent["id"].as_str().unwrap());
    let refused = app.put(&owner, &path, json!({"configuration": {"max_steps": 0}})).await.expect(422);
    assert_eq!(place(&refused), (&json!("/configuration/max_steps"), &json!("out_of_range")));
    assert_eq!(app.get(&owner, &path).await.expect(200)["version"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tasks_input_is_held_against_the_schema_of_its_agent() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let owner = app.sign_up("professional").await;
    let schema = json!({
        "type": "object",
        "properties": {"prompt": {"type": "string"}, "pages": {"type": "array", "items": {"type": "integer"}}},
        "required": ["prompt"],
    });
    let agent = configured(&app, &owner, json!({"input_schema": schema})).await.expect(201);
    let create = async |input: Value| {
        let body = json!({"name": "Task", "agent_id": agent["id"], "input_data": input});
        app.post(&owner, "/tasks", body).await
    };
    let refused = create(json!({"prompt": "Read", "pages": [1, "two"]})).await.expect(422);
    assert_eq!(place(&refused), (&json!("/input_data/pages/1"), &json!("schema")), "{refused}");
    let refused = create(json!({})).await.expect(422);
    assert_eq!(place(&refused), (&json!("/input_data"), &json!("schema")), "{refused}");
    let task = create(json!({"prompt": "Read", "pages": [1, 2]})).await.expect(201);
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    let refused = app.put(&owner, &path, json!({"input_data": {"prompt": 7}})).await.expect(422);
    assert_eq!(place(&refused), (&json!("/input_data/prompt"), &json!("schema")));
    app.put(&owner, &path, json!({"input_data": {"prompt": "Seven"}})).await.expect(200);
    let refused = app.put(&owner, &path, json!({"task_type": "text_processing"})).await.expect(422);
    assert_eq!(refused["errors"][0]["field"], "/input_data/text", "{refused}");
    let unknown = json!({"name": "Task", "agent_id": agent["id"], "task_type": "dance"});
    let refused = app.post(&owner, "/tasks", unknown).await.expect(422);
    assert_eq!(refused["errors"][0]["field"], "/task_type", "{refused}");
}
