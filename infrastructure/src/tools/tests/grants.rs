use serde_json::json;

use super::*;

#[tokio::test]
async fn an_agent_is_offered_what_its_capabilities_grant() {
    let tools = tools("");
    for (capabilities, expected) in [
        (vec![], vec![]),
        (vec!["calculator"], vec!["calculator"]),
        (vec!["current_time", "http_request", "other"], vec!["http_request", "current_time"]),
        (vec!["Calculator", "calculator ", "mcp:calculator"], vec![]),
    ] {
        let agent = agent(&capabilities, &json!({}));
        assert_eq!(names(&offered(&tools, &agent).await), expected, "{capabilities:?}");
    }
}

#[tokio::test]
async fn what_is_not_granted_cannot_be_called() {
    let tools = tools("");
    let agent = agent(
        &["current_time"],
        &json!({"mcp_servers": [{"name": "files", "url": "https://files.example/"}]}),
    );
    for (name, arguments) in [
        ("calculator", json!({"expression": "1"})),
        ("http_request", json!({"url": "https://public.example/"})),
        ("mcp_files_read", json!({})),
        ("mcp_other_read", json!({})),
        ("nothing", json!({})),
        ("", json!({})),
    ] {
        assert_eq!(code(call(&tools, &agent, name, &arguments).await), "tool.not_granted", "{name}");
    }
    assert!(!call(&tools, &agent, "current_time", &json!({})).await.unwrap().is_error);
}

#[tokio::test]
async fn every_offered_schema_is_one_and_says_what_is_needed() {
    let tools = tools("");
    let agent = agent(&["http_request", "current_time", "calculator"], &json!({}));
    for spec in offered(&tools, &agent).await {
        tools.schemas.check_schema(&spec.parameters).unwrap();
        assert!(spec.description.len() > 20, "{}", spec.name);
        assert_eq!(spec.has_side_effects, spec.name == "http_request");
    }
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_refused_with_their_place() {
    let tools = tools("");
    let agent = agent(&["http_request", "current_time", "calculator"], &json!({}));
    for (name, arguments, place) in [
        ("calculator", json!({}), "the arguments"),
        ("calculator", json!({"expression": 1}), "/expression"),
        ("calculator", json!({"expression": "1", "more": true}), "the arguments"),
        ("calculator", json!({"expression": "1".repeat(1_001)}), "/expression"),
        ("calculator", json!([]), "the arguments"),
        ("current_time", json!({"time_zone": null}), "/time_zone"),
        ("http_request", json!({"url": 1}), "/url"),
        ("http_request", json!({"url": "https://a.example/", "method": "CONNECT"}), "/method"),
        ("http_request", json!({"url": "https://a.example/", "headers": {"a": 1}}), "/headers/a"),
        ("http_request", json!({"url": "https://a.example/", "body": 1}), "/body"),
    ] {
        let failure = call(&tools, &agent, name, &arguments).await.unwrap_err();
        assert_eq!((failure.code, failure.is_final), ("tool.invalid_arguments", true), "{arguments}");
        assert!(failure.message.starts_with(place), "{arguments}: {}", failure.message);
    }
    let no_json = ToolUse { id: Uuid::nil(), name: "calculator".to_owned(), arguments: "{".to_owned() };
    assert_eq!(code(tools.call(&agent, &no_json).await), "tool.invalid_arguments");
}

#[tokio::test]
async fn a_calculation_that_fails_is_an_answer_to_the_model() {
    let (tools, agent) = (tools(""), agent(&["calculator"], &json!({})));
    let reply = call(&tools, &agent, "calculator", &json!({"expression": "0.1 + 0.2"})).await.unwrap();
    assert_eq!((reply.content.as_str(), reply.is_error), (r#"{"result":"0.3","exact":true}"#, false));
    let reply = call(&tools, &agent, "calculator", &json!({"expression": "1 / 0"})).await.unwrap();
    assert_eq!((reply.content.as_str(), reply.is_error), ("division by zero", true));
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_said_to_be_wrong() {
    let tools = tools("");
    let server = |name: &str| json!({"name": name, "url": "https://mcp.example/"});
    for configuration in [
        json!({"mcp_servers": {}}),
        json!({"mcp_servers": [{"name": "files"}]}),
        json!({"mcp_servers": [server("Files")]}),
        json!({"mcp_servers": [server("a_b")]}),
        json!({"mcp_servers": [server("")]}),
        json!({"mcp_servers": [server("files"), server("files")]}),
        json!({"mcp_servers": vec![server("files"); 9]}),
        json!({"mcp_servers": [{"name": "files", "url": "https://mcp.example/", "headers": {"host": "x"}}]}),
        json!({"mcp_servers": [{"name": "files", "url": "https://mcp.example/", "token": "x"}]}),
        json!({"http_request": {"methods": ["get"]}}),
    ] {
        let failure = tools.offered(&agent(&["mcp:files"], &configuration)).await.unwrap_err();
        assert_eq!((failure.code, failure.is_final), ("tool.misconfigured", true), "{configuration}");
    }
    let nothing = json!({"model": "gpt-4o", "temperature": "0.2", "tools": ["x"]});
    assert_eq!(tools.offered(&agent(&["mcp:files"], &nothing)).await.unwrap(), vec![]);
}
