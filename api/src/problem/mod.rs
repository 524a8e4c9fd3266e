//! What goes wrong, in the words of HTTP: RFC 9457 problems, and the one table from failures to statuses.

mod field;
mod table;
#[cfg(test)]
mod tests;

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use projections::schema::ResourceSchema;
use serde::Serialize;
use utoipa::ToSchema;

use crate::limits::Standing;

pub(crate) use field::{FieldError, pointer};

/// The media type of every error answer.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request was not done. Every handler and extractor fails with one; boxed, as it travels in results.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<ProblemBody>);

/// An error answer (RFC 9457). Programs branch on `code`; people read `title` and `detail`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "urn:agentcores:problem:quota_exceeded",
    "title": "Quota exceeded",
    "status": 403,
    "code": "quota_exceeded",
    "detail": "The plan's limit of 5 agents is reached.",
    "request_id": "0199d2f0-7c7e-7d52-8d0a-3a5f2f0b8a11",
    "resource": "agents",
    "limit": 5,
    "used": 5
}))]
pub(crate) struct ProblemBody {
    /// Names the sort of problem; it follows from `code` and resolves to nothing.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The sort of problem in words; the same for every problem of a `code`.
    pub(crate) title: String,
    /// The HTTP status.
    pub(crate) status: u16,
    /// The sort of problem, for programs; never changes its meaning.
    pub(crate) code: &'static str,
    /// This one problem in a sentence.
    pub(crate) detail: String,
    /// The id under which the request is logged; also in `X-Request-Id`.
    pub(crate) request_id: Option<String>,
    /// Each field that does not fit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) errors: Vec<FieldError>,
    /// Of a plan limit: what it limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ResourceSchema>, nullable = false)]
    pub(crate) resource: Option<&'static str>,
    /// Of a plan limit: how many it allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) limit: Option<u32>,
    /// Of a plan limit: how many are in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) used: Option<u32>,
    /// Of a plan limit that counts by the month: when it starts anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) resets_at: Option<DateTime<Utc>>,
    /// Of `tenant_required`: the organisations to choose from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) tenants: Vec<TenantChoice>,
    #[serde(skip)]
    challenge: &'static str,
    #[serde(skip)]
    standing: Option<Standing>,
}

/// An organisation that the given credentials fit.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TenantChoice {
    /// What to send as `tenant_subdomain`.
    pub(crate) subdomain: String,
    /// What it is called.
    pub(crate) name: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: &str) -> Self {
        Self(Box::new(ProblemBody {
            kind: format!("urn:agentcores:problem:{code}"),
            title: title(code),
            status: status.as_u16(),
            code,
            detail: sentence(detail),
            request_id: None,
            errors: vec![],
            resource: None,
            limit: None,
            used: None,
            resets_at: None,
            tenants: vec![],
            challenge: "Bearer realm=\"agentcores\"",
            standing: None,
        }))
    }

    /// Fields of the request that do not fit: a body's by JSON pointer, a query parameter by `/name`.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match &errors[..] {
            [one] if one.field.is_empty() => format!("the request body {}", one.message),
            [one] => format!("{} {}", one.field.trim_start_matches('/'), one.message),
            _ => format!("{} fields of the request do not fit", errors.len()),
        };
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", &detail);
        problem.0.errors = errors;
        problem
    }

    /// One field that does not fit.
    pub(crate) fn invalid_field(field: &str, code: &str, message: &str) -> Self {
        Self::invalid(vec![FieldError::new(field, code, message)])
    }

    /// Asked too often.
    pub(crate) fn rate_limited(standing: Standing) -> Self {
        let detail = format!("that was asked too often: try again in {} seconds", standing.retry_after());
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", &detail);
        problem.0.standing = Some(standing);
        problem
    }

    /// As many streams are open as may be.
    pub(crate) fn too_many_streams() -> Self {
        let detail = "the organisation has as many streams open as it may: close one first";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_streams", detail)
    }

    /// Nobody is signed in, with a token that is not (or no longer) good.
    pub(crate) fn bad_token() -> Self {
        let mut problem = Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_token",
            "the access token is not valid: sign in again",
        );
        problem.0.challenge = "Bearer realm=\"agentcores\", error=\"invalid_token\"";
        problem
    }

    /// A program with a key that is not (or no longer) good, or is none at all: the answer is the same.
    pub(crate) fn bad_api_key() -> Self {
        let mut problem = Self::bad_token();
        problem.0.detail = sentence("the API key is not valid");
        problem
    }

    /// The credentials fit in several organisations.
    pub(crate) fn tenant_required(mut self, tenants: Vec<TenantChoice>) -> Self {
        self.0.tenants = tenants;
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Whether no client of ours sends such a request: its body has members that no form has, a try to set what is not to be
    /// set, or to be read twice in different ways; or it reaches for another organisation.
    pub(crate) fn is_of_no_client(&self) -> bool {
        self.0.code == "tenant_mismatch"
            || self.0.errors.iter().any(|error| matches!(error.code.as_str(), "unknown_field" | "duplicate"))
    }

    pub(crate) const fn code(&self) -> &'static str {
        self.0.code
    }

    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The answer, naming the request it answers.
    pub(crate) fn answer(mut self, request_id: &str) -> Response {
        self.0.request_id = Some(request_id.to_owned());
        self.render()
    }

    /// The body, for tests.
    #[cfg(test)]
    pub(crate) fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(&self.0).expect("a problem serialises")
    }

    fn render(&self) -> Response {
        let mut response = (self.status(), Json(&self.0)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(self.0.challenge));
        }
        if let Some(seconds) = table::retry_after(self.status()) {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        if let Some(standing) = &self.0.standing {
            standing.write(headers);
        }
        response
    }
}

impl IntoResponse for Problem {
    /// The problem also goes into the response's extensions: one middleware logs it there and writes the
    /// request's id into it.
    fn into_response(self) -> Response {
        let mut response = self.render();
        response.extensions_mut().insert(self);
        response
    }
}

/// `quota_exceeded` becomes `Quota exceeded`.
fn title(code: &str) -> String {
    capitalised(&code.replace(['_', '.'], " "))
}

/// A clause becomes a sentence.
fn sentence(clause: &str) -> String {
    let mut text = capitalised(clause);
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
