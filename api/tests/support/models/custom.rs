//! A custom endpoint, as docs/PROVIDERS.md describes it to its authors.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::http::{Request, Script};
use super::talk::{Said, Turn};

/// What the organisation and its endpoint share.
pub(crate) const KEY: &str = "whsec_dGhpcyBpcyBub3QgYSByZWFsIHNlY3JldCBhdCBhbGw=";

/// Checks the signature; what is wrong is the answer.
pub(crate) fn read(request: &Request) -> Result<(Value, Turn), Script> {
    let header = |name: &str| request.header(name).unwrap_or_default();
    let (id, at) = (header("webhook-id"), header("webhook-timestamp"));
    let key = STANDARD.decode(KEY.strip_prefix("whsec_").unwrap_or(KEY)).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{at}.").as_bytes());
    mac.update(&request.body);
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    let age = at.parse::<i64>().map(|at| (chrono::Utc::now().timestamp() - at).abs());
    if header("webhook-signature") != expected || age.unwrap_or(i64::MAX) > 300 {
        return Err(Script::json(401, "", &json!({"error": "the signature is not right"})));
    }
    let body = request.json().unwrap_or_default();
    let messages = body["messages"].as_array().cloned().unwrap_or_default();
    let content = |message: &Value| message["content"].as_str().unwrap_or_default().to_owned();
    let Some(last) = messages.last().filter(|_| body["call_id"] == id) else {
        return Err(Script::json(422, "", &json!({"error": "there is nothing to answer"})));
    };
    let tool = body["tools"].as_array().and_then(|tools| tools.first());
    let turn = Turn {
        said: content(last),
        is_result: last["role"] == "tool",
        tool: tool.map(|tool| (content_of(tool, "name"), tool["parameters"].clone())),
        characters: messages.iter().map(|message| content(message).chars().count()).sum(),
        max_tokens: body["max_tokens"].as_u64(),
    };
    Ok((body, turn))
}

fn content_of(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// An answer as it should be.
pub(crate) fn good(said: &Said, (input, output): (u64, u64)) -> Script {
    let usage = json!({"input_tokens": input, "output_tokens": output});
    let answer = match said {
        Said::Text { text, is_cut } => {
            json!({"text": text, "stop": if *is_cut { "length" } else { "done" }, "usage": usage})
        }
        Said::Call { name, arguments } => {
            json!({"tool_calls": [{"name": name, "arguments": arguments}], "usage": usage})
        }
    };
    Script::json(200, "", &answer)
}
