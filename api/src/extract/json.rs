//! JSON bodies.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, Uri};
use futures::StreamExt;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::fields;
use crate::problem::{FieldError, Problem};

/// The most bytes of a body: 1 MiB, which leaves room for a task's input.
const MOST_BYTES: usize = 1024 * 1024;
/// The most bytes of a body that nobody is signed in for.
const MOST_AUTH_BYTES: usize = 16 * 1024;

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
        let limit = body_limit(request.uri());
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
        let limit = body_limit(request.uri());
        let (parts, body) = request.into_parts();
        let bytes = read_body(&parts.headers, body, limit).await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        require_json(&parts.headers)?;
        parse(&bytes).map(|body| Some(Self(body)))
    }
}

/// How many bytes a body under this address may have.
pub(crate) fn body_limit(uri: &Uri) -> usize {
    if uri.path().starts_with("/api/v1/auth/") { MOST_AUTH_BYTES } else { MOST_BYTES }
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
        return Err(Problem::too_large(limit));
    }
    let mut stream = body.into_data_stream();
    let mut bytes = vec![];
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| {
            tracing::debug!(%error, "the request body broke off");
            Problem::malformed_json("the request body broke off")
        })?;
        if bytes.len() + chunk.len() > limit {
            return Err(Problem::too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.into())
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
    let members = members(text).map_err(|error| {
        tracing::debug!(%error, "a member's name cannot be read");
        Problem::malformed_json("the request body holds text that is not Unicode")
    })?;
    fields::read(members, &required::<T>()).map_err(|errors: Vec<FieldError>| Problem::invalid(errors))
}

fn members(text: &str) -> Result<Vec<(String, &RawValue)>, serde_json::Error> {
    struct Members;

    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, &'de RawValue)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = vec![];
            while let Some(member) = map.next_entry()? {
                members.push(member);
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
mod tests {
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
        let found = errors(&format!(
            r#"{{"name": "{long}", "colour": 1, "priority": "3", "capabilities": ["a", 5]}}"#
        ));
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
        let pair =
            parse::<Sample>(br#"{"name": "a", "kind": "echo", "configuration": {"x": "\ud83d\ude00"}}"#);
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
        assert_eq!(
            errors(r#"{"name": "a", "kind": "echo", "at": "+262000-01-01T00:00:00Z"}"#)[0].1,
            "malformed"
        );
    }

    #[test]
    fn what_is_not_json_is_400_and_what_is_no_object_422() {
        let status = |json: &str| parse::<Sample>(json.as_bytes()).unwrap_err().status().as_u16();
        for broken in
            ["", "{", r#"{"name": }"#, r#"{"a":1} x"#, "{\"name\": \"a\nb\"}", "NaN", r#"{"\ud800":1}"#]
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
}
