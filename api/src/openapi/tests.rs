use serde_json::Value;

fn document() -> Value {
    serde_json::to_value(crate::openapi()).unwrap()
}

fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (format!("{method} {path}"), operation))
        })
        .collect()
}

#[test]
fn every_operation_has_an_id_of_its_own_a_tag_a_summary_and_its_failures() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = vec![];
    for (name, operation) in operations(&document) {
        assert!(operation["tags"].as_array().is_some_and(|tags| tags.len() == 1), "{name}");
        assert!(operation["summary"].is_string(), "{name}");
        assert!(operation["responses"]["503"]["$ref"].is_string(), "{name}");
        ids.push(operation["operationId"].as_str().unwrap());
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn what_strangers_may_ask_is_listed_and_all_else_asks_for_a_bearer_token() {
    let document = document();
    let open: Vec<String> = operations(&document)
        .into_iter()
        .filter(|(name, operation)| name.contains("/api/") && operation["security"][0]["bearer"].is_null())
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        open,
        [
            "post /api/v1/auth/invitations/inspect",
            "post /api/v1/auth/login",
            "post /api/v1/auth/password-reset",
            "post /api/v1/auth/password-reset/confirm",
            "post /api/v1/auth/refresh",
            "post /api/v1/auth/register",
            "get /api/v1/plans",
            "get /api/v1/roles",
            "post /api/v1/tenants",
        ]
    );
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let text = document.to_string();
    for (at, _) in text.match_indices("\"#/components/") {
        let path = text[at + 2..].split('"').next().unwrap();
        assert!(document.pointer(path).is_some(), "{path}");
    }
}

#[test]
fn schemas_have_the_names_of_the_contract() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in [
        "Tenant",
        "User",
        "Agent",
        "Task",
        "AuditEvent",
        "CloudEvent",
        "Problem",
        "UserPage",
        "AgentPage",
        "TaskPage",
        "AuditEventPage",
        "EventBatch",
        "Usage",
        "TenantHealth",
        "LoginAnswer",
        "Session",
        "SessionPage",
        "RefreshAnswer",
        "Me",
        "CreatedTenant",
        "InviteAnswer",
        "FieldError",
        "TenantChoice",
        "ServiceHealth",
        "Limits",
    ] {
        assert!(schemas.contains_key(name), "{name}");
    }
}

#[test]
fn request_bodies_refuse_unknown_fields() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas.iter().filter(|(name, _)| name.ends_with("Body")) {
        assert_eq!(schema["additionalProperties"], false, "{name}");
    }
}

#[test]
fn documents_may_hold_anything() {
    let document = document();
    let configuration = &document["components"]["schemas"]["Agent"]["properties"]["configuration"];
    assert_eq!(configuration["additionalProperties"], true);
    let input = &document["components"]["schemas"]["CreateTaskBody"]["properties"]["input_data"];
    assert_eq!(input["additionalProperties"], true);
}

#[test]
fn enums_list_the_values_that_are_sent() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        for value in schema["enum"].as_array().into_iter().flatten() {
            let text = value.as_str().unwrap();
            assert!(text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}: {text}");
        }
    }
}
