//! An HTTP endpoint of the organisation's own. docs/PROVIDERS.md tells its authors what it is sent and what it answers.
//!
//! Requests are signed as webhooks are (<https://www.standardwebhooks.com>): HMAC-SHA-256 over id, time and body under
//! the organisation's key `custom`, so that the endpoint knows who asks and that nothing was changed or played again.

use application::ports::{Clock, Message, ModelCall, ModelFailure, StopReason};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::clock::SystemClock;

use super::draft::{Draft, tokens};
use super::fault::{Fault, wrong_form};
use super::wire::{Dialect, Line, schema};

pub(super) struct Custom;

/// How keys begin that are the base64 of what signs; others sign as they are.
const ENCODED: &str = "whsec_";

impl Dialect for Custom {
    fn request(&self, line: &Line<'_>, call: &ModelCall) -> Result<RequestBuilder, ModelFailure> {
        let (id, at) = (call.id.to_string(), SystemClock.now().timestamp().to_string());
        let body = body(line, call)?.to_string();
        let key = line.key.map(|key| secret(key.expose_secret())).unwrap_or_default();
        let signature = format!("v1,{}", STANDARD.encode(sign(&key, &[&id, ".", &at, ".", &body])));
        let request = line.post(&[]).header(CONTENT_TYPE, "application/json").body(body);
        Ok(request
            .header("webhook-id", &id)
            .header("webhook-timestamp", at)
            .header("webhook-signature", signature)
            .header("idempotency-key", id))
    }

    fn event(&self, _: &str, _: &mut Draft<'_>) -> Result<(), Fault> {
        Err(Fault::Malformed("is a stream, which was not asked for"))
    }

    fn whole(&self, body: &[u8], draft: &mut Draft<'_>) -> Result<(), Fault> {
        let answer: Answer = serde_json::from_slice(body).map_err(wrong_form)?;
        if answer.text.is_none() && answer.tool_calls.is_empty() {
            return Err(Fault::Malformed("holds neither a text nor a tool call"));
        }
        draft.say(answer.text.as_deref().unwrap_or_default())?;
        for (place, asked) in (0..).zip(&answer.tool_calls) {
            let arguments = asked.arguments.as_ref().map_or("{}", |raw| raw.get());
            draft.ask(place, asked.id.as_deref(), Some(&asked.name), arguments)?;
        }
        if let Some(model) = &answer.model {
            draft.answered_by(model);
        }
        if let Some(usage) = &answer.usage {
            draft.input = tokens(usage.get("input_tokens"));
            draft.output = tokens(usage.get("output_tokens"));
        }
        draft.stop = Some(match answer.stop {
            Stop::Done => StopReason::Done,
            Stop::Length => StopReason::Length,
            Stop::Filtered => StopReason::Filtered,
        });
        Ok(())
    }
}

/// What a key signs with.
fn secret(key: &str) -> Vec<u8> {
    let decoded = key.strip_prefix(ENCODED).and_then(|text| STANDARD.decode(text).ok());
    decoded.unwrap_or_else(|| key.as_bytes().to_vec())
}

fn sign(key: &[u8], parts: &[&str]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part.as_bytes());
    }
    mac.finalize().into_bytes().into()
}

fn body(line: &Line<'_>, call: &ModelCall) -> Result<Value, ModelFailure> {
    let remote = line.remote;
    let tool = |tool| -> Result<Value, ModelFailure> {
        let parameters = schema(tool)?;
        Ok(json!({"name": tool.name, "description": tool.description, "parameters": parameters}))
    };
    Ok(json!({
        "call_id": call.id,
        "model": remote.quote.model,
        "system": call.system.as_ref().or(remote.system.as_ref()),
        "messages": call.messages.iter().map(message).collect::<Vec<_>>(),
        "tools": call.tools.iter().map(tool).collect::<Result<Vec<_>, _>>()?,
        "max_tokens": call.max_output_tokens,
        "temperature": remote.temperature,
    }))
}

fn message(message: &Message) -> Value {
    match message {
        Message::User(text) => json!({"role": "user", "content": text}),
        Message::Assistant { text, calls } => {
            let call = |call: &application::ports::ToolCall| {
                let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
                json!({"id": call.id, "name": call.name, "arguments": arguments})
            };
            let calls: Vec<Value> = calls.iter().map(call).collect();
            json!({"role": "assistant", "content": text, "tool_calls": calls})
        }
        Message::Tool { call, content, is_error } => {
            json!({"role": "tool", "tool_call_id": call, "content": content, "is_error": is_error})
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    text: Option<String>,
    #[serde(default)]
    tool_calls: Vec<Asked>,
    #[serde(default)]
    stop: Stop,
    model: Option<String>,
    usage: Option<Value>,
}

#[derive(Deserialize)]
struct Asked {
    id: Option<String>,
    name: String,
    arguments: Option<Box<RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stop {
    #[default]
    Done,
    Length,
    Filtered,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        // From its specification, section "Signature scheme" and the reference libraries' tests.
        let key = secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let parts = ["msg_p5jXN8AQM9LWM0D4loKWxJek", ".", "1614265330", ".", r#"{"test": 2432232314}"#];
        assert_eq!(STANDARD.encode(sign(&key, &parts)), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(secret("whsec_?"), b"whsec_?");
    }
}
