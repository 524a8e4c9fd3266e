use serde_json::json;

use super::*;

fn refused(schema: &Value) -> SchemaProblem {
    JsonSchemas::default().check_schema(&schema.to_string()).unwrap_err()
}

fn path_of(schema: &Value, instance: &Value) -> Option<String> {
    let schemas = JsonSchemas::default();
    schemas.check_schema(&schema.to_string()).unwrap();
    schemas.validate(&schema.to_string(), &instance.to_string()).err().map(|problem| problem.path)
}

#[test]
fn what_does_not_fit_is_named_by_its_place() {
    let schema = json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "maxLength": 3 },
            "lines": { "type": "array", "items": { "type": "object", "required": ["a/b"], "properties": { "a/b": { "type": "integer" } } } }
        },
        "required": ["name"],
        "additionalProperties": false
    });
    let path = |instance: Value| path_of(&schema, &instance);
    assert_eq!(path(json!({ "name": "abc", "lines": [{ "a/b": 1 }] })), None);
    assert_eq!(path(json!({ "name": "abcd" })).unwrap(), "/name");
    assert_eq!(
        path(json!({ "name": "a", "lines": [{ "a/b": 1 }, { "a/b": "x" }] })).unwrap(),
        "/lines/1/a~1b"
    );
    assert_eq!(path(json!({ "name": "a", "lines": [{}] })).unwrap(), "/lines/0");
    assert_eq!(path(json!({})).unwrap(), "");
    assert_eq!(path(json!({ "name": "a", "more": 1 })).unwrap(), "");
    assert_eq!(path(json!(1)).unwrap(), "");
}

#[test]
fn a_problem_says_what_is_wrong_and_never_the_value() {
    let schemas = JsonSchemas::default();
    let problem = schemas.validate(r#"{"type": "integer"}"#, r#""hunter2""#).unwrap_err();
    assert_eq!(problem.message, r#"value is not of type "integer""#);
    let long = json!({ "enum": ["x".repeat(10_000)] }).to_string();
    assert!(schemas.validate(&long, "1").unwrap_err().message.chars().count() <= MAX_MESSAGE + 1);
}

#[test]
fn what_is_no_schema_is_refused_by_its_place() {
    assert_eq!(refused(&json!({ "properties": { "a": { "type": "strin" } } })).path, "/properties/a/type");
    assert_eq!(refused(&json!({ "items": { "minLength": -1 } })).path, "/items/minLength");
    assert_eq!(refused(&json!([])).path, "");
    assert_eq!(refused(&json!({ "pattern": "(" })).path, "/pattern");
    for text in ["", "{", "nonsense", "{\"type\":\u{0}}"] {
        assert_eq!(JsonSchemas::default().check_schema(text).unwrap_err().message, "must be JSON");
    }
}

#[test]
fn nothing_is_fetched_and_nothing_outside_is_referred_to() {
    for reference in [
        "https://public.example/schema.json",
        "file:///etc/passwd",
        "other.json",
        "other.json#/a",
        "#anchor",
        "#/$defs/none",
        "https://json-schema.org/draft/2020-12/schema",
        "#/%24defs/a",
    ] {
        let schema = json!({ "properties": { "a": { "$ref": reference } }, "$defs": { "a": {} } });
        assert_eq!(refused(&schema).path, "/properties/a/$ref", "{reference}");
    }
    assert_eq!(refused(&json!({ "$schema": "https://public.example/meta" })).path, "/$schema");
    assert_eq!(refused(&json!({ "$dynamicRef": "#x" })).path, "/$dynamicRef");
    for rebased in [
        json!({ "$id": "https://b.example/" }),
        json!({ "$schema": "http://json-schema.org/draft-04/schema" }),
    ] {
        let schema = json!({ "$ref": "#/$defs/a/not", "$defs": { "a": { "allOf": [rebased], "not": {} } } });
        assert!(refused(&schema).message.contains("below its root"), "{schema}");
    }
    assert_eq!(
        path_of(
            &json!({ "$id": "https://b.example/", "properties": { "$id": { "type": "string" } } }),
            &json!({})
        ),
        None
    );
}

#[test]
fn older_drafts_are_understood_by_their_name() {
    let draft_7 = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": { "even": { "multipleOf": 2 } },
        "items": [{ "$ref": "#/definitions/even" }],
        "additionalItems": false
    });
    assert_eq!(path_of(&draft_7, &json!([2])), None);
    assert_eq!(path_of(&draft_7, &json!([3])).unwrap(), "/0");
    assert_eq!(path_of(&draft_7, &json!([2, 4])).unwrap(), "");
}

#[test]
fn schemas_may_refer_to_themselves_for_what_lies_deeper() {
    let tree = json!({
        "type": "object",
        "properties": { "children": { "type": "array", "items": { "$ref": "#" } }, "name": { "type": "string" } },
        "additionalProperties": false
    });
    assert_eq!(path_of(&tree, &json!({ "children": [{ "children": [{ "name": "leaf" }] }] })), None);
    assert_eq!(
        path_of(&tree, &json!({ "children": [{ "children": [{ "name": 1 }] }] })).unwrap(),
        "/children/0/children/0/name"
    );
    let any_json = json!({
        "$ref": "#/$defs/json",
        "$defs": { "json": { "anyOf": [
            { "type": ["string", "number", "boolean", "null"] },
            { "type": "array", "items": { "$ref": "#/$defs/json" } },
            { "type": "object", "additionalProperties": { "$ref": "#/$defs/json" } }
        ] } }
    });
    assert_eq!(path_of(&any_json, &json!({ "a": [1, { "b": [null] }] })), None);
}

/// `levels` definitions, each of which refers to the next twice.
fn doubling(levels: usize, wrap: impl Fn(Value, Value) -> Value) -> Value {
    let next = |level: usize| json!({ "$ref": format!("#/$defs/d{level}") });
    let definition = |level: usize| (format!("d{level}"), wrap(next(level + 1), next(level + 1)));
    let mut definitions: serde_json::Map<String, Value> = (0..levels).map(definition).collect();
    definitions.insert(format!("d{levels}"), json!({ "type": "integer" }));
    json!({ "$ref": "#/$defs/d0", "$defs": definitions })
}

#[test]
fn schemas_that_multiply_are_refused() {
    let too_complex = |schema: Value| assert!(refused(&schema).message.contains("too complex"), "{schema}");
    too_complex(doubling(30, |one, other| json!({ "allOf": [one, other] })));
    too_complex(doubling(30, |one, other| json!({ "anyOf": [one, { "not": other }] })));
    too_complex(doubling(30, |one, other| json!({ "if": one, "else": other })));
    too_complex(doubling(30, |one, other| json!({ "items": one, "contains": other })));
    too_complex(doubling(30, |one, other| json!({ "patternProperties": { "a": one, "b": other } })));
    too_complex(doubling(
        30,
        |one, other| json!({ "properties": { "a": one }, "additionalProperties": other }),
    ));
    too_complex(json!({ "allOf": [{ "items": { "$ref": "#" } }, { "items": { "$ref": "#" } }] }));
    too_complex(doubling(30, |one, _| json!({ "allOf": [one], "unevaluatedProperties": false })));
    too_complex(json!({ "allOf": vec![json!({ "maxLength": 1 }); 3_000] }));
    // Members that exclude one another are not added up.
    let wide: serde_json::Map<String, Value> =
        (0..1_000).map(|n| (format!("p{n}"), json!({ "type": "string" }))).collect();
    assert_eq!(path_of(&json!({ "properties": wide }), &json!({ "p1": "" })), None);
}

#[test]
fn schemas_that_never_end_or_are_too_large_are_refused() {
    assert_eq!(refused(&json!({ "$ref": "#" })).message, "refers to itself for the same value");
    assert_eq!(
        refused(&json!({ "$defs": { "a": { "anyOf": [{ "$ref": "#/$defs/a" }] } }, "$ref": "#/$defs/a" }))
            .path,
        "/$ref/anyOf/0/$ref"
    );
    let chain: serde_json::Map<String, Value> = (0..500)
        .map(|n| (format!("d{n}"), json!({ "$ref": format!("#/$defs/d{}", n + 1) })))
        .chain([("d500".to_owned(), json!({}))])
        .collect();
    assert_eq!(refused(&json!({ "$ref": "#/$defs/d0", "$defs": chain })).message, "is nested too deeply");
    assert!(refused(&json!({ "description": "x".repeat(MAX_SCHEMA_BYTES) })).message.contains("bytes"));
    let deep = (0..40).fold(json!({}), |inner, _| json!({ "not": inner }));
    assert!(refused(&deep).message.contains("levels"));
    let patterns: serde_json::Map<String, Value> =
        (0..65).map(|n| (format!("p{n}"), json!({ "pattern": "a" }))).collect();
    assert!(refused(&json!({ "properties": patterns })).message.contains("patterns"));
    assert_eq!(refused(&json!({ "pattern": "((a{1000}){1000}){1000}" })).path, "/pattern");
    // What needs backtracking is not there.
    assert_eq!(refused(&json!({ "pattern": "(?=a)b" })).path, "/pattern");
}

#[test]
fn what_is_held_against_a_schema_is_bounded_too() {
    let schemas = JsonSchemas::default();
    let message = |instance: &str| schemas.validate("true", instance).unwrap_err().message;
    assert!(message(&format!("\"{}\"", "x".repeat(MAX_INSTANCE_BYTES))).contains("bytes"));
    assert!(message(&format!("{}{}", "[".repeat(40), "]".repeat(40))).contains("levels"));
    assert_eq!(message(&"[".repeat(100_000)), "must be JSON");
    assert_eq!(message("{\"a\":1} x"), "must be JSON");
    // A pattern that would take a backtracking matcher for ever.
    let schema = json!({ "pattern": "^(a+)+$" }).to_string();
    let began = std::time::Instant::now();
    assert!(schemas.validate(&schema, &format!("\"{}b\"", "a".repeat(100_000))).is_err());
    assert!(began.elapsed() < std::time::Duration::from_secs(5));
}

#[test]
fn the_worst_schema_that_is_accepted_is_fast_enough() {
    // As many schemas for each item as may be, and as many items as fit.
    let schema =
        json!({ "items": { "allOf": vec![json!({ "type": "integer", "minimum": 0 }); 900] } }).to_string();
    let schemas = JsonSchemas::default();
    let instance = format!("[0{}]", ",0".repeat(20_000));
    let began = std::time::Instant::now();
    assert_eq!(schemas.validate(&schema, &instance), Ok(()));
    assert!(began.elapsed() < std::time::Duration::from_secs(30), "{:?}", began.elapsed());
}
