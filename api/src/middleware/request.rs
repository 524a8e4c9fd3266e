//! Every request has an id, a span and, if it fails, one line in the log.

use std::any::Any;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::HeaderName;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use super::headers::protect;
use super::tally::Tally;
use crate::ApiState;
use crate::extract::{RequestId, client_address, trace_id};
use crate::problem::Problem;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The most bytes of a request's address, and of its headers together.
const MOST_URI: usize = 8 * 1024;
const MOST_HEADERS: usize = 16 * 1024;

/// Gives the request its id and its span, makes a problem of every failure, logs it, and protects the answer.
pub(crate) async fn accompany(State(state): State<ApiState>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = given_id(request.headers()).unwrap_or_else(|| state.app.ids.fresh().to_string());
    request.extensions_mut().insert(RequestId(id.clone()));
    // The pattern, not the path: a path is as many values as there are ids.
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let authenticates = request.method() == Method::POST && route.starts_with("/api/v1/auth/");
    let (parts, body) = request.into_parts();
    let from = client_address(&parts, &state.http.trusted_proxies);
    let trace = trace_id(&parts.headers);
    let request = Request::from_parts(parts, body);
    let span = tracing::info_span!(
        "request",
        request.id = %id,
        http.method = %request.method(),
        http.route = route,
        http.status = tracing::field::Empty,
        duration_ms = tracing::field::Empty,
        client.ip = from.map(tracing::field::display),
        trace.id = trace,
        tenant.id = tracing::field::Empty,
        user.id = tracing::field::Empty,
        api_key.id = tracing::field::Empty,
        auth.by = tracing::field::Empty,
    );
    let response = match within_bounds(&request) {
        Ok(()) => next.run(request).instrument(span.clone()).await,
        Err(problem) => problem.into_response(),
    };
    let elapsed = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    span.record("http.status", response.status().as_u16());
    span.record("duration_ms", elapsed);
    if authenticates && response.status().is_success() {
        span.in_scope(|| tracing::info!("answered with {}", response.status()));
    }
    let mut response = span.in_scope(|| settle(response, &id, &state.unavailable));
    let headers = response.headers_mut();
    protect(headers);
    if let Ok(value) = HeaderValue::try_from(id) {
        headers.insert(REQUEST_ID, value);
    }
    response
}

fn within_bounds(request: &Request) -> Result<(), Problem> {
    let uri = request.uri();
    if uri.path_and_query().map_or(0, |it| it.as_str().len()) > MOST_URI {
        return Err(Problem::uri_too_long(MOST_URI));
    }
    // As they are sent, with the colon, a blank and the end of the line.
    let size = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 4;
    if request.headers().iter().map(size).sum::<usize>() > MOST_HEADERS {
        return Err(Problem::headers_too_large(MOST_HEADERS));
    }
    Ok(())
}

/// The answer to a panic; the panic hook has logged where.
pub(crate) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    Problem::internal().into_response()
}

/// The client's id, if it can be kept and logged as it is.
fn given_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    ((1..=64).contains(&id.len()) && id.bytes().all(is_plain)).then(|| id.to_owned())
}

/// Logs how it went; a failure is answered as a problem that names the request, also where a library made it.
fn settle(mut response: Response, request_id: &str, unavailable: &Tally) -> Response {
    let status = response.status();
    if status.is_success() || status.is_redirection() {
        tracing::debug!("answered with {status}");
        return response;
    }
    let problem = response.extensions_mut().remove::<Problem>().unwrap_or_else(|| Problem::of_status(status));
    // Names of fields stand in it as the client wrote them.
    let (code, detail) = (problem.code(), on_one_line(problem.detail()));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        // Too much at once, or the database is away, which is logged where it is noticed.
        if unavailable.note(code) {
            tracing::warn!(code, "answered with {status}: {detail}");
        }
    } else if status.is_server_error() {
        tracing::error!(code, "answered with {status}: {detail}");
    } else if is_suspicious(status) || problem.is_of_no_client() {
        // Whoever watches over the service looks for these.
        tracing::info!(code, "answered with {status}: {detail}");
    } else {
        tracing::debug!(code, "answered with {status}: {detail}");
    }
    let mut answer = problem.answer(request_id);
    // What the failed answer said beside its body, such as `Allow`, still holds.
    for (name, value) in response.headers() {
        if !answer.headers().contains_key(name) && !describes_body(name) {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    answer
}

/// Nothing that a client wrote begins another line of the log, or moves the cursor of whoever reads it.
fn on_one_line(text: &str) -> String {
    text.replace(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'), "\u{fffd}")
}

/// Refusals of who asks or how often, and of requests that no client of ours sends.
const fn is_suspicious(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_REQUEST
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::URI_TOO_LONG
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
    )
}

fn describes_body(name: &HeaderName) -> bool {
    name.as_str().starts_with("content-") || name == "transfer-encoding"
}

/// What no route answers to.
pub(crate) fn no_such_method(allowed: &'static str) -> Response {
    let mut response = Problem::of_status(StatusCode::METHOD_NOT_ALLOWED).into_response();
    response.headers_mut().insert(axum::http::header::ALLOW, HeaderValue::from_static(allowed));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_taken_if_it_is_plain_and_short() {
        let taken = |id: &str| given_id(&HeaderMap::from_iter([(REQUEST_ID, id.parse().unwrap())])).is_some();
        assert!(taken("a.B_9-z") && taken(&"x".repeat(64)));
        assert!(!taken("") && !taken(&"x".repeat(65)) && !taken("a b") && !taken("a\"b"));
    }

    #[test]
    fn an_answer_of_a_library_becomes_a_problem_and_keeps_its_allow() {
        let mut refused = StatusCode::METHOD_NOT_ALLOWED.into_response();
        refused.headers_mut().insert("allow", "GET,HEAD".parse().unwrap());
        let answer = settle(refused, "r-1", &Tally::default());
        assert_eq!(answer.status(), 405);
        assert_eq!(answer.headers()["allow"], "GET,HEAD");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
}
