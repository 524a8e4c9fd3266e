//! How a request is told apart.

use application::Origin;
use application::caller::IdempotencyKey;
use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::header::{IF_MATCH, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};

use super::client::client_address;
use crate::ApiState;
use crate::problem::Problem;

/// The id of a request, from its `X-Request-Id` or made here; the outermost middleware puts it there.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// Where a request came from.
pub(crate) struct RequestOrigin(pub(crate) Origin);

/// A version that no resource has: whatever the resource's version, the tag does not match it.
const NEVER: i64 = -1;

impl FromRequestParts<ApiState> for RequestOrigin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let headers = &parts.headers;
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
        let expected_version = if names_resource(parts) { expected_version(headers)? } else { None };
        Ok(Self(Origin {
            ip: client_address(parts, &state.http.trusted_proxies).map(|ip| ip.to_string()),
            user_agent: headers.get(USER_AGENT).map(|value| readable(value.as_bytes())),
            request_id,
            correlation_id: None,
            trace_id: trace_id(headers),
            idempotency: parts.extensions.get::<IdempotencyKey>().cloned(),
            expected_version,
        }))
    }
}

/// Whether the request changes something that is there already; a POST to a list does not.
fn names_resource(parts: &Parts) -> bool {
    let has_id = || {
        let path = parts.extensions.get::<MatchedPath>();
        path.is_some_and(|path| path.as_str().contains('{'))
    };
    parts.method == Method::PUT || parts.method == Method::DELETE || has_id()
}

/// The version in `If-Match`. `*` is any; a weak or foreign tag matches none (RFC 9110, section 13.1.1).
fn expected_version(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let mut tags = headers
        .get_all(IF_MATCH)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or("invalid").split(','))
        .map(str::trim)
        .filter(|tag| !tag.is_empty());
    let Some(tag) = tags.next() else {
        return Ok(None);
    };
    if tags.next().is_some() {
        return Err(Problem::invalid_field("/If-Match", "too_many", "must be one entity tag"));
    }
    if tag == "*" {
        return Ok(None);
    }
    let version = tag
        .strip_prefix('"')
        .and_then(|tag| tag.strip_suffix('"'))
        .filter(|version| version.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|version| version.parse().ok());
    Ok(Some(version.unwrap_or(NEVER)))
}

/// The trace id of a request that has one.
pub(crate) fn trace_id(headers: &HeaderMap) -> Option<String> {
    headers.get("traceparent").and_then(|value| parsed_trace_id(value.to_str().ok()?))
}

/// The trace id of a `traceparent` (W3C Trace Context, section 3.2).
fn parsed_trace_id(traceparent: &str) -> Option<String> {
    let is_hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let mut parts = traceparent.trim().split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_known = is_hex(version, 2) && version != "ff" && (version != "00" || parts.next().is_none());
    let is_set = |id: &str| id.bytes().any(|b| b != b'0');
    (is_known && is_hex(trace, 32) && is_set(trace) && is_hex(span, 16) && is_set(span) && is_hex(flags, 2))
        .then(|| trace.to_owned())
}

/// A header's text without control characters, at most 400 characters of it.
fn readable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()).take(400).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(tags: &[&'static str]) -> Result<Option<i64>, u16> {
        let headers = tags.iter().map(|tag| (IF_MATCH, tag.parse().unwrap())).collect();
        expected_version(&headers).map_err(|problem| problem.status().as_u16())
    }

    #[test]
    fn if_match_names_one_version_any_or_none_there_is() {
        assert_eq!(expected(&[]), Ok(None));
        assert_eq!(expected(&["*"]), Ok(None));
        assert_eq!(expected(&["\"12\""]), Ok(Some(12)));
        for foreign in ["W/\"12\"", "12", "\"+1\"", "\"x\"", "\"\"", "\"99999999999999999999\""] {
            assert_eq!(expected(&[foreign]), Ok(Some(NEVER)), "{foreign}");
        }
        assert_eq!(expected(&["\"1\", \"2\""]), Err(422));
        assert_eq!(expected(&["\"1\"", "\"2\""]), Err(422));
    }

    #[test]
    fn a_trace_id_is_taken_from_a_well_formed_traceparent_only() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let good = format!("00-{trace}-00f067aa0ba902b7-01");
        assert_eq!(parsed_trace_id(&good).as_deref(), Some(trace));
        assert_eq!(parsed_trace_id(&format!("01-{trace}-00f067aa0ba902b7-01-later")).as_deref(), Some(trace));
        for bad in [
            String::new(),
            good.to_uppercase(),
            format!("{good}-more"),
            format!("ff-{trace}-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{trace}-00f067aa0ba902b7"),
        ] {
            assert_eq!(parsed_trace_id(&bad), None, "{bad}");
        }
    }
}
