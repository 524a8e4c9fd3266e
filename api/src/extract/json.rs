//! JSON bodies.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::{FromRequest, MatchedPath, OptionalFromRequest, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{Extensions, HeaderMap};
use futures::StreamExt;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::fields;
use super::items;
use super::member::Member;
use crate::problem::{FieldError, Problem};
use crate::server::TooSlow;

/// The most bytes of a body: 1 MiB, which leaves room for a task's input.
const MOST_BYTES: usize = 1024 * 1024;
/// The most bytes of a body under `/auth/`, where few are signed in yet. A profile is its owner's business, with
/// preferences of any shape.
const MOST_AUTH_BYTES: usize = 4 * 1024;
/// How much of a body that is too large is still taken in, and for how long.
const MOST_SWALLOWED: usize = 16 * 1024 * 1024;
const SWALLOW_FOR: Duration = Duration::from_secs(5);

/// A JSON object as a `T`. What does not fit is answered with every field that does not.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S, T> FromRequest<S> for JsonBody<T>
where
    S: Send + Sync,
    T: DeserializeOwned + ToSchema,
{
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        require_json(request.headers())?;
        let limit = body_limit(request.extensions());
        let (parts, body) = request.into_parts();
        let bytes = read_body(&parts.headers, body, limit).await?;
        parse(&bytes).map(Self)
    }
}

impl<S, T> OptionalFromRequest<S> for JsonBody<T>
where
    S: Send + Sync,
    T: DeserializeOwned + ToSchema,
{
    type Rejection = Problem;

    /// A body without a byte is no body, whatever it is called: some clients name a type always.
    async fn from_request(request: Request, _: &S) -> Result<Option<Self>, Problem> {
        let limit = body_limit(request.extensions());
        let (parts, body) = request.into_parts();
        let bytes = read_body(&parts.headers, body, limit).await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        require_json(&parts.headers)?;
        parse(&bytes).map(|body| Some(Self(body)))
    }
}

/// How many bytes the body of a request may have. The route says so: the URI has lost its base on the way in.
pub(crate) fn body_limit(request: &Extensions) -> usize {
    let route = request.get::<MatchedPath>();
    match route.and_then(|route| route.as_str().strip_prefix("/api/v1/auth/")) {
        Some("profile") | None => MOST_BYTES,
        Some(_) => MOST_AUTH_BYTES,
    }
}

/// All bytes of a body. What counts is how many come, whatever `Content-Length` promises.
pub(crate) async fn read_body(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Problem> {
    let encoded = headers
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if encoded {
        return Err(Problem::unsupported_media_type("the request body must not be compressed"));
    }
    let promised = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if promised.is_some_and(|length| length > limit as u64) {
        swallow(body.into_data_stream()).await;
        return Err(Problem::too_large(limit));
    }
    let mut stream = body.into_data_stream();
    let mut bytes = vec![];
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| {
            if TooSlow::is_cause_of(&error) {
                return Problem::too_slow();
            }
            tracing::debug!(%error, "the request body broke off");
            Problem::malformed_json("the request body broke off")
        })?;
        if bytes.len() + chunk.len() > limit {
            swallow(stream).await;
            return Err(Problem::too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.into())
}

/// Takes in what still comes of a body, up to a bound, and drops it. A connection that is closed on a client still
/// sending is reset, and the client never reads why.
async fn swallow(mut rest: BodyDataStream) {
    let all = async {
        let mut swallowed = 0;
        while let Some(Ok(chunk)) = rest.next().await {
            swallowed += chunk.len();
            if swallowed > MOST_SWALLOWED {
                break;
            }
        }
    };
    tokio::time::timeout(SWALLOW_FOR, all).await.ok();
}

fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let (media_type, parameters) = given.split_once(';').unwrap_or((&given, ""));
    let media_type = media_type.trim();
    let is_json = media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"));
    let charset = parameters
        .split(';')
        .find_map(|parameter| parameter.trim().strip_prefix("charset="))
        .map(|charset| charset.trim_matches('"'));
    if is_json && charset.is_none_or(|charset| charset == "utf-8") {
        Ok(())
    } else {
        Err(Problem::unsupported_media_type("the request body must be JSON, sent as application/json"))
    }
}

fn parse<T: DeserializeOwned + ToSchema>(bytes: &[u8]) -> Result<T, Problem> {
    let text =
        std::str::from_utf8(bytes).map_err(|_| Problem::malformed_json("the request body must be UTF-8"))?;
    // The form of the whole first: what is not JSON is not answered field by field.
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        let (line, column) = (error.line(), error.column());
        let detail = format!("the request body is not JSON: see line {line}, column {column}");
        return Err(Problem::malformed_json(&detail));
    }
    if !text.trim_start().starts_with('{') {
        return Err(Problem::invalid_field("", "wrong_type", "must be a JSON object"));
    }
    if let Some(error) = items::too_many(text) {
        return Err(Problem::invalid(vec![error]));
    }
    let members = members(text).map_err(|error| {
        tracing::debug!(%error, "a member's name cannot be read");
        Problem::malformed_json("the request body holds text that is not Unicode")
    })?;
    fields::read(members, &required::<T>()).map_err(|errors: Vec<FieldError>| Problem::invalid(errors))
}

fn members(text: &str) -> Result<Vec<(String, Member<'_>)>, serde_json::Error> {
    struct Members;

    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, Member<'de>)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = vec![];
            while let Some((name, value)) = map.next_entry()? {
                members.push((name, Member(value)));
            }
            Ok(members)
        }
    }

    serde_json::Deserializer::from_str(text).deserialize_map(Members)
}

/// The names that must be there, from the schema that also documents them.
fn required<T: ToSchema>() -> Vec<String> {
    match T::schema() {
        RefOr::T(Schema::Object(object)) => object.required,
        _ => vec![],
    }
}

#[cfg(test)]
mod tests;
