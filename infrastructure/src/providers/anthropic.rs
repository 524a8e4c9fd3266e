//! Anthropic's messages. <https://platform.claude.com/docs/en/api/messages>

use application::ports::{Message, ModelCall, ModelFailure, StopReason, ToolCall};
use reqwest::RequestBuilder;
use serde::Deserialize;
use serde_json::{Value, json};

use super::draft::{Draft, tokens};
use super::fault::{Fault, wrong_form};
use super::wire::{Dialect, Line, schema};

pub(super) struct Anthropic;

/// The version of the protocol that is spoken (<https://platform.claude.com/docs/en/api/versioning>).
const VERSION: &str = "2026-10-21";
/// The last version that knows a temperature, which older models take.
const VERSION_WITH_TEMPERATURE: &str = "2023-06-01";

impl Dialect for Anthropic {
    fn request(&self, line: &Line<'_>, call: &ModelCall) -> Result<RequestBuilder, ModelFailure> {
        let version = line.remote.temperature.as_ref().map_or(VERSION, |_| VERSION_WITH_TEMPERATURE);
        let request = line.post(&["v1", "messages"]).json(&body(line, call)?);
        let request =
            request.header("anthropic-version", version).header("idempotency-key", call.id.to_string());
        line.authorised(request, "x-api-key", "")
    }

    fn event(&self, data: &str, draft: &mut Draft<'_>) -> Result<(), Fault> {
        take(serde_json::from_str(data).map_err(wrong_form)?, draft)
    }

    fn whole(&self, body: &[u8], draft: &mut Draft<'_>) -> Result<(), Fault> {
        let message: Answer = serde_json::from_slice(body).map_err(wrong_form)?;
        let Some(content) = message.content else {
            return Err(Fault::Malformed("holds no content"));
        };
        for (place, block) in (0..).zip(&content) {
            begin(place, block, draft)?;
        }
        told(message.model.as_deref(), message.usage.as_ref(), draft);
        draft.stop = message.stop_reason.as_deref().map(stop);
        Ok(())
    }
}

fn body(line: &Line<'_>, call: &ModelCall) -> Result<Value, ModelFailure> {
    let remote = line.remote;
    let mut body = json!({
        "model": remote.quote.model,
        "max_tokens": call.max_output_tokens,
        "messages": messages(&call.messages),
        "stream": true,
    });
    if let Some(system) = call.system.as_ref().or(remote.system.as_ref()) {
        body["system"] = json!(system);
    }
    if let Some(temperature) = &remote.temperature {
        body["temperature"] = Value::Number(temperature.clone());
    }
    if !call.tools.is_empty() {
        let tool = |tool| -> Result<Value, ModelFailure> {
            let schema = schema(tool)?;
            Ok(json!({"name": tool.name, "description": tool.description, "input_schema": schema}))
        };
        body["tools"] = call.tools.iter().map(tool).collect::<Result<_, _>>()?;
    }
    Ok(body)
}

/// Messages of the same role in a row are one: so all results of tools come in the message after the one that asked.
fn messages(messages: &[Message]) -> Vec<Value> {
    let mut merged: Vec<(&str, Vec<Value>)> = vec![];
    for message in messages {
        let (role, blocks) = blocks(message);
        match merged.last_mut() {
            Some((last, before)) if *last == role => before.extend(blocks),
            _ => merged.push((role, blocks)),
        }
    }
    merged.into_iter().map(|(role, content)| json!({"role": role, "content": content})).collect()
}

fn blocks(message: &Message) -> (&'static str, Vec<Value>) {
    // An empty block of text is refused.
    let text = |text: &str| (!text.is_empty()).then(|| json!({"type": "text", "text": text}));
    match message {
        Message::User(said) => ("user", vec![json!({"type": "text", "text": said})]),
        Message::Assistant { text: said, calls } => {
            let asked = calls.iter().map(|call| {
                let ToolCall { id, name, arguments } = call;
                let input: Value = serde_json::from_str(arguments).unwrap_or_default();
                let input = if input.is_object() { input } else { json!({}) };
                json!({"type": "tool_use", "id": id, "name": name, "input": input})
            });
            ("assistant", text(said).into_iter().chain(asked).collect())
        }
        Message::Tool { call, content, is_error } => {
            let result = json!({
                "type": "tool_result", "tool_use_id": call, "content": content, "is_error": is_error,
            });
            ("user", vec![result])
        }
    }
}

/// One event of a stream.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    index: Option<u64>,
    message: Option<Answer>,
    content_block: Option<Block>,
    delta: Option<Delta>,
    usage: Option<Value>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Answer {
    model: Option<String>,
    content: Option<Vec<Block>>,
    stop_reason: Option<String>,
    usage: Option<Value>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
    id: Option<String>,
    name: Option<String>,
    input: Option<Value>,
}

#[derive(Deserialize)]
struct Delta {
    text: Option<String>,
    partial_json: Option<String>,
    stop_reason: Option<String>,
}

fn take(event: Event, draft: &mut Draft<'_>) -> Result<(), Fault> {
    let place = event.index.unwrap_or_default();
    match event.kind.as_str() {
        "message_start" => {
            let message = event.message.ok_or(Fault::Malformed("begins with no message"))?;
            told(message.model.as_deref(), message.usage.as_ref(), draft);
        }
        "content_block_start" => {
            begin(place, &event.content_block.ok_or(Fault::Malformed("holds an empty block"))?, draft)?;
        }
        "content_block_delta" => {
            let delta = event.delta.ok_or(Fault::Malformed("holds an empty piece"))?;
            if let Some(text) = &delta.text {
                draft.say(text)?;
            }
            if let Some(arguments) = &delta.partial_json {
                draft.ask(place, None, None, arguments)?;
            }
        }
        "message_delta" => {
            draft.stop = event.delta.and_then(|delta| delta.stop_reason).as_deref().map(stop).or(draft.stop);
            told(None, event.usage.as_ref(), draft);
        }
        "message_stop" => draft.is_ended = true,
        "error" => return Err(Fault::Told(draft.told(&event.error.unwrap_or_default()))),
        // "ping", the ends of blocks, and whatever will be added.
        _ => {}
    }
    Ok(())
}

/// A block of the answer begins; in an answer that comes in one piece it is the whole block.
fn begin(place: u64, block: &Block, draft: &mut Draft<'_>) -> Result<(), Fault> {
    match block.kind.as_str() {
        "text" => draft.say(block.text.as_deref().unwrap_or_default()),
        "tool_use" => {
            let input =
                block.input.as_ref().filter(|input| input.as_object().is_some_and(|map| !map.is_empty()));
            let input = input.map(Value::to_string).unwrap_or_default();
            draft.ask(place, block.id.as_deref(), block.name.as_deref(), &input)
        }
        // What the model thinks, and kinds that are not asked for.
        _ => Ok(()),
    }
}

fn told(model: Option<&str>, usage: Option<&Value>, draft: &mut Draft<'_>) {
    if let Some(model) = model {
        draft.answered_by(model);
    }
    let Some(usage) = usage else { return };
    if let Some(input) = tokens(usage.get("input_tokens")) {
        // Input that is written to the cache or read from it is counted beside the rest.
        let cached = ["cache_creation_input_tokens", "cache_read_input_tokens"];
        let cached = cached.iter().filter_map(|name| tokens(usage.get(name)));
        draft.input = Some(cached.fold(input, domain::TokenCount::plus));
    }
    draft.output = tokens(usage.get("output_tokens")).or(draft.output);
}

fn stop(reason: &str) -> StopReason {
    match reason {
        "max_tokens" | "model_context_window_exceeded" => StopReason::Length,
        "refusal" => StopReason::Filtered,
        "tool_use" => StopReason::Tools,
        // "end_turn", "stop_sequence", and whatever will be added.
        _ => StopReason::Done,
    }
}
