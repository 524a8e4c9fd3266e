//! OpenAI's chat completions, and every server that speaks them.
//! <https://platform.openai.com/docs/api-reference/chat>

use application::ports::{Message, ModelCall, ModelFailure, StopReason};
use reqwest::RequestBuilder;
use serde::Deserialize;
use serde_json::{Value, json};

use super::draft::{Draft, tokens};
use super::fault::{Fault, wrong_form};
use super::remote::NamedBy;
use super::wire::{Dialect, Line, schema};

pub(super) struct OpenAi;

/// The data that ends a stream.
const DONE: &str = "[DONE]";

impl Dialect for OpenAi {
    fn request(&self, line: &Line<'_>, call: &ModelCall) -> Result<RequestBuilder, ModelFailure> {
        let request = line.post(&["chat", "completions"]).json(&body(line, call)?);
        let request = request.header("idempotency-key", call.id.to_string());
        line.authorised(request, "authorization", "Bearer ")
    }

    fn event(&self, data: &str, draft: &mut Draft<'_>) -> Result<(), Fault> {
        if data == DONE {
            draft.is_ended = true;
            return Ok(());
        }
        take(serde_json::from_str(data).map_err(wrong_form)?, draft)
    }

    fn whole(&self, body: &[u8], draft: &mut Draft<'_>) -> Result<(), Fault> {
        let chunk: Chunk = serde_json::from_slice(body).map_err(wrong_form)?;
        if chunk.choices.is_empty() && chunk.error.is_none() {
            return Err(Fault::Malformed("holds no choice"));
        }
        take(chunk, draft)
    }
}

fn body(line: &Line<'_>, call: &ModelCall) -> Result<Value, ModelFailure> {
    let remote = line.remote;
    let system = call.system.as_ref().or(remote.system.as_ref());
    let system = system.map(|text| json!({"role": "system", "content": text}));
    let messages: Vec<Value> = system.into_iter().chain(call.messages.iter().map(message)).collect();
    let mut body = json!({
        "model": remote.quote.model,
        "messages": messages,
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    // The newer name is asked for by OpenAI's newer models and not known to many compatible servers.
    let is_openai = remote.quote.provider == "openai" && remote.named_by == NamedBy::Provider;
    let limit = if is_openai { "max_completion_tokens" } else { "max_tokens" };
    body[limit] = call.max_output_tokens.into();
    if let Some(temperature) = &remote.temperature {
        body["temperature"] = Value::Number(temperature.clone());
    }
    if !call.tools.is_empty() {
        let tool = |tool| -> Result<Value, ModelFailure> {
            let parameters = schema(tool)?;
            let function =
                json!({"name": tool.name, "description": tool.description, "parameters": parameters});
            Ok(json!({"type": "function", "function": function}))
        };
        body["tools"] = call.tools.iter().map(tool).collect::<Result<_, _>>()?;
    }
    Ok(body)
}

fn message(message: &Message) -> Value {
    match message {
        Message::User(text) => json!({"role": "user", "content": text}),
        Message::Assistant { text, calls } if calls.is_empty() => {
            json!({"role": "assistant", "content": text})
        }
        Message::Assistant { text, calls } => {
            let call = |call: &application::ports::ToolCall| {
                let function = json!({"name": call.name, "arguments": call.arguments});
                json!({"id": call.id, "type": "function", "function": function})
            };
            let text = Some(text).filter(|text| !text.is_empty());
            let calls: Vec<Value> = calls.iter().map(call).collect();
            json!({"role": "assistant", "content": text, "tool_calls": calls})
        }
        Message::Tool { call, content, is_error } => {
            let content = if *is_error { format!("Error: {content}") } else { content.clone() };
            json!({"role": "tool", "tool_call_id": call, "content": content})
        }
    }
}

/// One piece of a stream, or a whole answer, whose choices have a `message` in place of a `delta`.
#[derive(Deserialize)]
struct Chunk {
    model: Option<String>,
    #[serde(default)]
    choices: Vec<Choice>,
    /// In the last piece, or with some servers in each: the sum so far.
    usage: Option<Value>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(alias = "message")]
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
    refusal: Option<String>,
    tool_calls: Option<Vec<Asked>>,
}

#[derive(Deserialize)]
struct Asked {
    index: Option<u64>,
    id: Option<String>,
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    name: Option<String>,
    arguments: Option<String>,
}

fn take(chunk: Chunk, draft: &mut Draft<'_>) -> Result<(), Fault> {
    if let Some(error) = &chunk.error {
        return Err(Fault::Told(draft.told(error)));
    }
    if let Some(model) = &chunk.model {
        draft.answered_by(model);
    }
    // Only one choice is asked for.
    for Choice { delta, finish_reason } in chunk.choices.into_iter().take(1) {
        let said = delta.as_ref().and_then(|delta| delta.content.as_deref().or(delta.refusal.as_deref()));
        if let Some(text) = said {
            draft.say(text)?;
        }
        let asked = delta.and_then(|delta| delta.tool_calls).unwrap_or_default();
        for (place, asked) in (0..).zip(&asked) {
            let function = asked.function.as_ref();
            let name = function.and_then(|function| function.name.as_deref());
            let arguments = function.and_then(|function| function.arguments.as_deref()).unwrap_or_default();
            draft.ask(asked.index.unwrap_or(place), asked.id.as_deref(), name, arguments)?;
        }
        draft.stop = finish_reason.map(|reason| stop(&reason)).or(draft.stop);
    }
    if let Some(usage) = &chunk.usage {
        draft.input = tokens(usage.get("prompt_tokens")).or(draft.input);
        draft.output = tokens(usage.get("completion_tokens")).or(draft.output);
    }
    Ok(())
}

fn stop(reason: &str) -> StopReason {
    match reason {
        "length" => StopReason::Length,
        "content_filter" => StopReason::Filtered,
        "tool_calls" | "function_call" => StopReason::Tools,
        // "stop", and what servers make up.
        _ => StopReason::Done,
    }
}
