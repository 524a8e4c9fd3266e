//! One guarded HTTP request, by the tool that agents have for it.

use domain::Document;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::ports::{ToolCall, ToolReply};

use super::super::halt::Halt;
use super::super::steps::{OnFailure, Steps};
use super::{Job, Misfit, prompt};

/// The tool; what it may reach is decided by its adapter and the agent's capabilities.
const TOOL: &str = "http_request";

#[derive(Deserialize)]
struct Input {
    #[serde(rename = "url")]
    _url: String,
}

/// Whether an input has the form of a request; the rest is held against the tool's own schema.
pub(super) fn check(input: &Document) -> Result<(), Misfit> {
    serde_json::from_str::<Input>(input.as_str()).map(drop).map_err(|_| Misfit {
        field: "/input_data/url",
        code: "missing",
        message: "must be the URL to ask, beside which `method`, `headers` and `body` may be given",
    })
}

/// Makes the request that the input describes.
pub(super) async fn run(job: Job<'_>, steps: &mut dyn Steps) -> Result<Document, Halt> {
    check(job.input)?;
    let reply = send(steps, job.input.as_str()).await?;
    if job.rules.output_schema.is_some() {
        return prompt::fit(job, answer(&reply).get());
    }
    prompt::document(&json!({ "response": answer(&reply), "is_error": reply.is_error }).to_string())
}

/// One request with the tool's arguments.
pub(super) async fn send(steps: &mut dyn Steps, arguments: &str) -> Result<ToolReply, Halt> {
    let call = ToolCall { id: TOOL.to_owned(), name: TOOL.to_owned(), arguments: arguments.to_owned() };
    steps.tool(&call, OnFailure::Fail).await
}

/// What a tool said: as it is if that is JSON, else as a text.
pub(super) fn answer(reply: &ToolReply) -> Box<RawValue> {
    let text = reply.content.replace('\0', "\u{fffd}");
    RawValue::from_string(text.clone())
        .unwrap_or_else(|_| serde_json::value::to_raw_value(&Value::String(text)).expect("a text is JSON"))
}
