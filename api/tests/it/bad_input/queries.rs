//! Query parameters that do not fit.

use super::Case;
use crate::operations::{Operation, Shape};
use crate::scene::Scene;
use crate::support::TestApp;

/// Every parameter of an operation with values that do not fit, and one that it has not.
pub(super) fn of_operation(app: &TestApp, scene: &Scene, operation: &Operation) -> Vec<Case> {
    let parameters = operation.query();
    let case = |query: &str, name: &str| Case {
        what: format!("{}?{query}", operation.id),
        request: scene
            .request(app, &Operation { path: format!("{}?{query}", operation.path), ..operation.clone() }),
        status: 422,
        code: "validation_failed",
        field: Some((format!("/{name}"), "")),
    };
    let mut cases = vec![];
    if !parameters.is_empty() {
        cases.push(case("no_such_parameter=1", "no_such_parameter"));
        cases.push(case("tenant_id=1", "tenant_id"));
    }
    for (name, shape) in &parameters {
        cases.push(case(&format!("{name}=1&{name}=1"), name));
        cases.extend(unfit(name, shape).iter().map(|value| case(&format!("{name}={value}"), name)));
    }
    cases
}

fn unfit(name: &str, shape: &Shape) -> Vec<String> {
    let mut values: Vec<String> = vec!["%00".to_owned()];
    let mut add = |texts: &[&str]| values.extend(texts.iter().map(|text| (*text).to_owned()));
    match name {
        "cursor" => add(&["7", "!!!", "AAAA", "bm8", "%20"]),
        "sort" => {
            add(&["no_such_field", "-", "--created_at", "created_at,name", "created_at;drop table agents"]);
        }
        "agent_type" => add(&["no%20such", "alone", "/", "a/"]),
        "types" | "event_type" => add(&["agent.invented", "agent.created,nothing", "agent.*"]),
        _ => {}
    }
    if !shape.values.is_empty() {
        add(&["no_such_value", "RUNNING", "owner,admin"]);
    }
    match shape.format.as_deref() {
        Some("uuid") => add(&["7", "no-uuid"]),
        Some("date-time") => add(&["yesterday", "2026-01-31", "2026-01-31T09:30:00", "1969-01-01T00:00:00Z"]),
        _ => {}
    }
    if shape.is("integer") {
        add(&["abc", "1.5", "1e1", "0x1", "99999999999999999999"]);
        let beyond = [shape.minimum.map(|least| least - 1), shape.maximum.map(|most| most + 1)];
        values.extend(beyond.into_iter().flatten().map(|number| number.to_string()));
    }
    if let Some(most) = shape.max_length {
        values.push("x".repeat(most + 1));
    }
    values
}
