//! One HTTP request to where the deployment and the agent's configuration let it go.

use std::collections::BTreeMap;
use std::time::Duration;

use application::ports::{ToolFailure, ToolReply, ToolSpec, ToolUse};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Response, Url};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::answers::kept;
use super::failures::{invalid_arguments, misread, timeout};
use super::headers;
use super::settings::{HttpSettings, Method};
use crate::outbound::{Outbound, OutboundError, read_up_to};

pub(super) const NAME: &str = "http_request";

/// How long a request may take, its answer's body included.
const WITHIN: Duration = Duration::from_secs(60);
/// The most bytes of a body that are read. Written as JSON they are at most six times as many.
const MAX_BODY: usize = 32 * 1024;
/// The most characters of a header that is told.
const MAX_HEADER: usize = 1_024;
/// The headers of an answer that a model can do something with.
const TOLD: [&str; 9] = [
    "content-language",
    "content-type",
    "date",
    "etag",
    "last-modified",
    "link",
    "location",
    "retry-after",
    "www-authenticate",
];

#[derive(Deserialize)]
struct Arguments {
    method: Option<Method>,
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct Answer {
    status: u16,
    headers: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

pub(super) fn spec(settings: &HttpSettings) -> ToolSpec {
    let methods = settings.methods();
    let names: Vec<_> = methods.iter().map(|method| method.as_str()).collect();
    let mut description =
        "Sends one HTTP request and answers with status, headers and the beginning of the body. \
         Redirects are not followed."
            .to_owned();
    if !settings.hosts.is_empty() {
        description =
            format!("{description} Only these hosts can be reached: {}.", settings.hosts.join(", "));
    }
    let parameters = serde_json::json!({
        "type": "object",
        "properties": {
            "method": {"enum": names, "description": format!("{} without it", names[0])},
            "url": {"type": "string", "minLength": 1, "maxLength": 8_192, "description": "Such as https://example.com/"},
            "headers": {
                "type": "object",
                "maxProperties": 50,
                "additionalProperties": {"type": "string", "maxLength": 8_192}
            },
            "body": {
                "type": ["string", "object", "array"],
                "description": "A text is sent as it is, anything else as JSON"
            }
        },
        "required": ["url"],
        "additionalProperties": false
    });
    ToolSpec {
        name: NAME.to_owned(),
        description,
        parameters: parameters.to_string(),
        has_side_effects: methods.into_iter().any(Method::has_side_effects),
    }
}

pub(super) async fn call(
    outbound: &Outbound,
    settings: &HttpSettings,
    call: &ToolUse,
) -> Result<ToolReply, ToolFailure> {
    let arguments: Arguments = serde_json::from_str(&call.arguments).map_err(|error| misread(&error))?;
    let url: Url = arguments.url.parse().map_err(|_| invalid_arguments("/url: is no URL"))?;
    outbound.admit(&url).map_err(OutboundError::from)?;
    if !reaches(settings, &url) {
        return Err(invalid_arguments("/url: the agent may not reach this host"));
    }
    let method = arguments.method.unwrap_or(settings.methods()[0]);
    let method = method.as_str().parse().map_err(|_| invalid_arguments("/method: is none"))?;
    let mut headers = headers::read(&arguments.headers).map_err(invalid_arguments)?;
    let body = arguments.body.map(|body| content(&body, &mut headers));
    let request = outbound.client().request(method, url).headers(headers);
    let request = request.header("idempotency-key", call.id.to_string());
    let request = match body {
        Some(body) => request.body(body),
        None => request,
    };
    let answered = async { told(outbound.send(request).await?, outbound.patience().silence).await };
    let answered = tokio::time::timeout(WITHIN, answered).await;
    Ok(answered.map_err(|_| timeout(format!("no whole answer within {} s", WITHIN.as_secs())))??)
}

/// Whether the agent's own bounds let a request go there.
fn reaches(settings: &HttpSettings, url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_suffix('.').unwrap_or(host);
    settings.hosts.is_empty() || settings.hosts.iter().any(|open| open.eq_ignore_ascii_case(host))
}

/// The bytes of a body: those of a text, or JSON, which is then said to be JSON.
fn content(body: &RawValue, headers: &mut HeaderMap) -> String {
    if let Ok(text) = serde_json::from_str::<String>(body.get()) {
        return text;
    }
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    body.get().to_owned()
}

async fn told(response: Response, silence: Duration) -> Result<ToolReply, OutboundError> {
    let status = response.status();
    let headers = TOLD.into_iter().filter_map(|name| Some((name, header(&response, name)?))).collect();
    let (body, is_whole) = read_up_to(response, MAX_BODY, silence).await?;
    let (body, note) = match (text(body, is_whole), is_whole) {
        (Some(body), true) => (Some(kept(body)), None),
        (Some(body), false) => (Some(kept(body)), Some("the body is cut: it goes on")),
        (None, _) => (None, Some("the body is not text")),
    };
    let answer = Answer { status: status.as_u16(), headers, body, note };
    let content = serde_json::to_string(&answer).unwrap_or_default();
    Ok(ToolReply { content, is_error: !status.is_success() })
}

fn header(response: &Response, name: &str) -> Option<String> {
    let value = response.headers().get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).chars().take(MAX_HEADER).collect())
}

/// The text of a body, without the piece of a character that it may be cut in.
fn text(body: Vec<u8>, is_whole: bool) -> Option<String> {
    match String::from_utf8(body) {
        Ok(text) => Some(text),
        Err(error) => {
            let is_cut = !is_whole && error.utf8_error().error_len().is_none();
            let valid = error.utf8_error().valid_up_to();
            let mut bytes = error.into_bytes();
            bytes.truncate(valid);
            is_cut.then(|| String::from_utf8(bytes).ok()).flatten()
        }
    }
}
