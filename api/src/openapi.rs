//! The OpenAPI document: what stands around the operations, and what all of them share.

use utoipa::OpenApi;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, Header, ObjectBuilder, PathItem, Ref, RefOr, Required, Response, Schema, Type,
};

use crate::problem;
use crate::routes::audit;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "AgentCores",
        description = "The system of record for AI agents: every organisation's agents, tasks and people in one \
            event log.\n\nErrors are `application/problem+json` (RFC 9457); branch on `code`. Every POST takes an \
            `Idempotency-Key`, every change an `If-Match`. A GET after a command shows what it did; \
            `X-Event-Position` says where that stands in the organisation's log.",
        license(name = "MIT", identifier = "MIT")
    ),
    servers((url = "/")),
    tags(
        (name = "tenants", description = "Organisations and their people"),
        (name = "auth", description = "Registering, signing in and out, and oneself"),
        (name = "agents", description = "AI agents"),
        (name = "tasks", description = "Work for agents"),
        (name = "audit", description = "The log as auditors read it"),
        (name = "events", description = "The log as programs follow it"),
        (name = "health", description = "Whether the service works")
    ),
    components(schemas(
        problem::ProblemBody,
        problem::FieldError,
        problem::TenantChoice,
        // Named by query parameters alone, which bring no schemas along.
        audit::AuditOrder,
        audit::AggregateTypeSchema
    ))
)]
struct Outline;

/// The name of the security scheme.
const BEARER: &str = "bearer";

/// The document without operations.
pub(crate) fn outline() -> utoipa::openapi::OpenApi {
    let mut document = Outline::openapi();
    let components = document.components.get_or_insert_with(Components::new);
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The `access_token` of `POST /api/v1/auth/login`."))
        .build();
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    for (_, name, description) in FAILURES {
        components.responses.insert(name.to_owned(), RefOr::T(failure(description)));
    }
    document
}

/// Adds to every operation what it shares with others of its kind: headers, and the answers to what can go wrong.
pub(crate) fn complete(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            let kind = Kind::of(path, method, operation);
            kind.add_headers(operation);
            kind.add_failures(operation);
        }
    }
    document
}

/// Status, name and description of each answer that is a problem.
const FAILURES: [(&str, &str, &str); 11] = [
    ("400", "Malformed", "The body is not JSON."),
    ("401", "Unauthenticated", "No credentials, or none that are good."),
    ("403", "Forbidden", "The role, the organisation or a plan limit forbids it."),
    ("404", "NotFound", "Nothing of that id, or not the caller's."),
    ("409", "Conflict", "The present state, or something unique, stands in the way."),
    ("412", "Stale", "The resource is no longer in the version of `If-Match`."),
    ("413", "TooLarge", "The body is too large."),
    ("415", "NotJson", "The body is not sent as JSON."),
    ("422", "Invalid", "Fields or parameters that can never be valid; `errors` names each."),
    ("500", "Failed", "Something went wrong on the server's side."),
    ("503", "Unavailable", "A part of the service is away or busy; try again after `Retry-After`."),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Get,
    Put,
    Post,
    Delete,
}

/// What an operation's shared parts follow from.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Kind {
    method: Method,
    in_api: bool,
    asks_for_caller: bool,
    names_resource: bool,
    has_body: bool,
    has_query: bool,
}

impl Kind {
    fn of(path: &str, method: Method, operation: &Operation) -> Self {
        let parameters = operation.parameters.iter().flatten();
        let has_query = parameters
            .filter_map(|parameter| match parameter {
                RefOr::T(parameter) => Some(parameter),
                RefOr::Ref(_) => None,
            })
            .any(|parameter| parameter.parameter_in == ParameterIn::Query);
        let has_id = path.contains('{');
        Self {
            method,
            in_api: path.starts_with("/api/"),
            asks_for_caller: operation.security.is_some(),
            names_resource: has_id || matches!(method, Method::Put | Method::Delete),
            has_body: operation.request_body.is_some(),
            has_query,
        }
    }

    fn fails_with(&self, status: &str) -> bool {
        let changes = self.method != Method::Get;
        match status {
            "400" | "413" | "415" => self.has_body,
            "401" => self.asks_for_caller,
            "403" | "500" => self.in_api,
            "404" => self.names_resource,
            "409" => changes,
            "412" => changes && self.names_resource,
            "422" => self.has_body || self.has_query || self.method == Method::Post,
            _ => true,
        }
    }

    fn add_failures(&self, operation: &mut Operation) {
        for (status, name, _) in FAILURES {
            if self.fails_with(status) {
                let answer = RefOr::Ref(Ref::from_response_name(name));
                operation.responses.responses.entry(status.to_owned()).or_insert(answer);
            }
        }
    }

    fn add_headers(&self, operation: &mut Operation) {
        let parameters = operation.parameters.get_or_insert_default();
        let mut take = |name: &str, description: &str| {
            let parameter = ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some(description))
                .schema(Some(string()))
                .build();
            parameters.push(RefOr::T(parameter));
        };
        if self.in_api && self.method == Method::Post {
            take(
                "Idempotency-Key",
                "1 to 255 visible ASCII characters. The same request with the same key gets the first answer and \
                 does nothing again, for 24 hours.",
            );
        }
        if self.in_api && self.method != Method::Get && self.names_resource {
            take("If-Match", "The `ETag` last seen; any other version is refused with 412.");
        }
        if parameters.is_empty() {
            operation.parameters = None;
        }
        let tells_position = self.in_api && self.method != Method::Get;
        for (status, response) in &mut operation.responses.responses {
            let RefOr::T(response) = response else { continue };
            response.headers.insert("X-Request-Id".to_owned(), header("The request's id, as given or made."));
            if tells_position && status.starts_with('2') {
                let text = "The position of the command's last event in the organisation's log.";
                response.headers.insert("X-Event-Position".to_owned(), header(text));
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    [
        (Method::Get, &mut item.get),
        (Method::Put, &mut item.put),
        (Method::Post, &mut item.post),
        (Method::Delete, &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

fn failure(description: &str) -> Response {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(description).content(problem::MEDIA_TYPE, content).build()
}

fn string() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).build().into()
}

fn header(description: &str) -> RefOr<Header> {
    let header: Header = HeaderBuilder::new().schema(Some(string())).description(Some(description)).build();
    RefOr::T(header)
}

#[cfg(test)]
mod tests {
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
    fn every_operation_of_the_api_but_four_asks_for_a_bearer_token() {
        let document = document();
        let open: Vec<String> = operations(&document)
            .into_iter()
            .filter(|(name, operation)| {
                name.contains("/api/") && operation["security"][0]["bearer"].is_null()
            })
            .map(|(name, _)| name)
            .collect();
        assert_eq!(
            open,
            [
                "post /api/v1/auth/login",
                "post /api/v1/auth/refresh",
                "post /api/v1/auth/register",
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
}
