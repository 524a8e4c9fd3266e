use domain::Role;
use domain::agent::AgentKind;
use domain::text::{Capabilities, Name};
use serde::Deserialize;

use super::*;
use crate::extract::{JsonObject, Timestamp};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "what is read matters here, not what is done with it")]
struct Sample {
    #[schema(value_type = String)]
    name: Name,
    #[schema(value_type = String)]
    kind: AgentKind,
    #[schema(value_type = Option<Vec<String>>)]
    capabilities: Option<Capabilities>,
    configuration: Option<JsonObject>,
    priority: Option<i64>,
    #[schema(value_type = Option<String>)]
    id: Option<domain::AgentId>,
    #[schema(value_type = Option<String>)]
    at: Option<Timestamp>,
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
}

fn errors(json: &str) -> Vec<(String, String, String)> {
    let problem = parse::<Sample>(json.as_bytes()).expect_err("refused");
    let body = problem.to_json();
    body["errors"]
        .as_array()
        .unwrap_or(&vec![])
        .iter()
        .map(|error| {
            let text = |name: &str| error[name].as_str().unwrap().to_owned();
            (text("field"), text("code"), text("message"))
        })
        .collect()
}

fn error(field: &str, code: &str, message: &str) -> (String, String, String) {
    (field.to_owned(), code.to_owned(), message.to_owned())
}

#[test]
fn every_field_that_does_not_fit_is_named_at_once() {
    let long = "x".repeat(121);
    let found =
        errors(&format!(r#"{{"name": "{long}", "colour": 1, "priority": "3", "capabilities": ["a", 5]}}"#));
    assert_eq!(
        found,
        [
            error("/name", "too_long", "must be at most 120 characters"),
            error("/colour", "unknown_field", "is not known here"),
            error("/priority", "wrong_type", "must be an integer"),
            error("/capabilities/1", "wrong_type", "must be a string"),
            error("/kind", "missing", "must be given"),
        ]
    );
}

#[test]
fn null_is_absent_where_a_field_may_be_absent_and_wrong_where_not() {
    let sample: Sample =
        parse(br#"{"name": "a", "kind": "echo", "priority": null, "configuration": null}"#).unwrap();
    assert!(sample.priority.is_none() && sample.configuration.is_none());
    assert_eq!(
        errors(r#"{"name": null, "kind": "echo"}"#),
        [error("/name", "wrong_type", "must be a string")]
    );
}

#[test]
fn an_enum_is_a_string_and_nothing_else() {
    for other in [r#"{"admin": null}"#, "{}", "[]", "7", "true"] {
        let found = errors(&format!(r#"{{"name": "a", "kind": "echo", "role": {other}}}"#));
        assert_eq!(found, [error("/role", "wrong_type", "must be a string")], "{other}");
    }
    assert_eq!(errors(r#"{"name": "a", "kind": "echo", "role": "king"}"#)[0].1, "unknown_value");
    let sample: Sample = parse(br#"{"name": "a", "kind": "echo", "role": "admin"}"#).unwrap();
    assert_eq!(sample.role, Some(Role::Admin));
}

#[test]
fn members_given_twice_are_refused() {
    assert_eq!(
        errors(r#"{"name": "a", "kind": "echo", "name": "b"}"#),
        [error("/name", "duplicate", "must be given only once")]
    );
}

#[test]
fn u_0000_is_refused_with_its_place() {
    assert_eq!(
        errors(r#"{"name": "a\u0000b", "kind": "echo", "configuration": {"x": "\u0000"}}"#),
        [
            error("/name", "control_character", "must not contain control characters"),
            error("/configuration", "control_character", "must not contain U+0000"),
        ]
    );
}

#[test]
fn half_a_surrogate_pair_is_refused_wherever_it_stands() {
    assert_eq!(
        errors(r#"{"name": "\ud800", "kind": "echo", "configuration": {"x": "\udc00"}}"#),
        [
            error("/name", "malformed", "cannot be read"),
            error("/configuration", "malformed", "must be Unicode text"),
        ]
    );
    let pair = parse::<Sample>(br#"{"name": "a", "kind": "echo", "configuration": {"x": "\ud83d\ude00"}}"#);
    assert!(pair.is_ok());
}

#[test]
fn a_document_keeps_the_text_it_was_sent_as() {
    let sample: Sample =
        parse(br#"{"name": "a", "kind": "echo", "configuration": {"t": 0.10, "n": 1e400}}"#).unwrap();
    let document = sample.configuration.unwrap().0;
    assert_eq!(document.as_str(), r#"{"t": 0.10, "n": 1e400}"#);
    assert_eq!(
        errors(r#"{"name": "a", "kind": "echo", "configuration": [1]}"#),
        [error("/configuration", "wrong_type", "must be a JSON object")]
    );
}

#[test]
fn ids_and_times_are_read_at_the_edge() {
    assert_eq!(
        errors(r#"{"name": "a", "kind": "echo", "id": "7", "at": "tomorrow"}"#),
        [
            error("/id", "malformed", "must be a UUID"),
            error("/at", "malformed", "must be an RFC 3339 time such as 2026-01-31T09:30:00Z"),
        ]
    );
    assert_eq!(errors(r#"{"name": "a", "kind": "echo", "at": "+262000-01-01T00:00:00Z"}"#)[0].1, "malformed");
}

#[test]
fn what_is_not_json_is_400_and_what_is_no_object_422() {
    let status = |json: &str| parse::<Sample>(json.as_bytes()).unwrap_err().status().as_u16();
    for broken in ["", "{", r#"{"name": }"#, r#"{"a":1} x"#, "{\"name\": \"a\nb\"}", "NaN", r#"{"\ud800":1}"#]
    {
        assert_eq!(status(broken), 400, "{broken}");
    }
    for other in ["[]", "null", "3", r#""text""#, "{}"] {
        assert_eq!(status(other), 422, "{other}");
    }
    assert_eq!(parse::<Sample>(b"{\"name\": \"\xff\"}").unwrap_err().status().as_u16(), 400);
}

#[tokio::test]
async fn bytes_are_counted_as_they_come() {
    let chunks = || (0..3).map(|_| Ok::<_, std::io::Error>(vec![b' '; 10]));
    let body = || Body::from_stream(futures::stream::iter(chunks()));
    let read = |limit| async move { read_body(&HeaderMap::new(), body(), limit).await };
    assert_eq!(read(30).await.unwrap().len(), 30);
    assert_eq!(read(29).await.unwrap_err().status().as_u16(), 413);
}

#[test]
fn only_json_in_utf_8_is_taken() {
    let status = |value: &str| {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, value.parse().unwrap())]);
        require_json(&headers).map_err(|problem| problem.status().as_u16())
    };
    for good in
        ["application/json", "application/JSON; charset=utf-8", "application/x+json;charset=\"UTF-8\""]
    {
        assert_eq!(status(good), Ok(()), "{good}");
    }
    for bad in ["", "text/json", "application/jsonx", "application/json; charset=latin1"] {
        assert_eq!(status(bad), Err(415), "{bad}");
    }
}
