//! The OpenAPI document: what stands around the operations, and what all of them share.

mod schemas;
mod shared;
#[cfg(test)]
mod tests;

use utoipa::OpenApi;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, Ref, RefOr, Response};

use crate::problem;
use crate::routes::{audit, steps, watching};
use shared::{FAILURES, Kind, operations};

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
        (name = "conversations", description = "Talking with agents"),
        (name = "schedules", description = "Tasks at set times"),
        (name = "keys", description = "Keys of programs, and of model providers"),
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
        audit::AggregateTypeSchema,
        steps::Included,
        // What frames of streams hold.
        watching::DraftFrame
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
        .description(Some(
            "The `access_token` of `POST /api/v1/auth/login`, or an API key (`ac_live_[0-9A-Za-z]{36}`). Neither is \
             taken from anywhere but this header.",
        ))
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
    if let Some(components) = &mut document.components {
        components.schemas.values_mut().for_each(schemas::open_documents);
    }
    document
}

fn failure(description: &str) -> Response {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(description).content(problem::MEDIA_TYPE, content).build()
}
