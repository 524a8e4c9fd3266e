//! Messages as Anthropic has them (<https://platform.claude.com/docs/en/api/messages>): requests are held to the protocol as
//! strictly as there.

use serde_json::{Value, json};

use super::http::{Request, Script, Step};
use super::talk::{Said, Turn, pieces};

/// The versions of the protocol; the later one has no temperature any more.
const VERSIONS: [&str; 2] = ["2023-06-01", "2026-10-21"];

/// The members of a request that are known here.
const KNOWN: [&str; 9] = [
    "model",
    "max_tokens",
    "messages",
    "stream",
    "system",
    "temperature",
    "tools",
    "tool_choice",
    "metadata",
];

/// The key of a request, if it has one of the right form. Newer clients send it as a bearer token.
pub(crate) fn key(request: &Request) -> Option<&str> {
    let bearer = || request.header("authorization")?.strip_prefix("Bearer ");
    request.header("x-api-key").or_else(bearer).filter(|key| key.starts_with("sk-"))
}

pub(crate) fn error(status: u16, headers: &str, kind: &str, message: &str) -> Script {
    let error = json!({"type": kind, "message": message});
    Script::json(status, headers, &json!({"type": "error", "error": error, "request_id": "req_fake"}))
}

fn invalid(message: &str) -> Script {
    error(400, "", "invalid_request_error", message)
}

/// Checks a request; what is wrong is the answer.
pub(crate) fn read(request: &Request) -> Result<(Value, Turn), Script> {
    if key(request).is_none() {
        return Err(error(401, "", "authentication_error", "invalid x-api-key"));
    }
    let version = request.header("anthropic-version").unwrap_or_default();
    if !VERSIONS.contains(&version) {
        return Err(invalid("anthropic-version: header is required"));
    }
    let body = request.json().ok_or_else(|| invalid("The request body is not valid JSON."))?;
    let members = body.as_object().ok_or_else(|| invalid("The request body is not an object."))?;
    if let Some(unknown) = members.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(invalid(&format!("{unknown}: Extra inputs are not permitted")));
    }
    if version != VERSIONS[0] && body.get("temperature").is_some() {
        return Err(invalid("temperature: Extra inputs are not permitted"));
    }
    if !body["model"].is_string() {
        return Err(invalid("model: Field required"));
    }
    let Some(max_tokens) = body["max_tokens"].as_u64().filter(|most| *most > 0) else {
        return Err(invalid("max_tokens: Field required"));
    };
    let system = match body.get("system") {
        None => "",
        Some(system) => system.as_str().ok_or_else(|| invalid("system: Input should be a valid string"))?,
    };
    let messages = body["messages"].as_array().filter(|messages| !messages.is_empty());
    let messages = messages.ok_or_else(|| invalid("messages: at least one message is required"))?;
    let mut texts = vec![system.to_owned()];
    let (mut asked, mut last_is_result, mut last_role): (Vec<String>, bool, &str) =
        (vec![], false, "assistant");
    for (nth, message) in messages.iter().enumerate() {
        let role = message["role"].as_str().unwrap_or_default();
        if !matches!(role, "user" | "assistant")
            || (nth == 0 && role != "user")
            || role == last_role && nth > 0
        {
            return Err(invalid(&format!("messages.{nth}.role: roles must alternate, and begin with user")));
        }
        last_role = if role == "user" { "user" } else { "assistant" };
        let blocks = match &message["content"] {
            Value::String(text) => vec![json!({"type": "text", "text": text})],
            Value::Array(blocks) => blocks.clone(),
            _ => return Err(invalid(&format!("messages.{nth}.content: Input should be a valid list"))),
        };
        last_is_result = false;
        for block in &blocks {
            match (block["type"].as_str(), role) {
                (Some("text"), _) if block["text"].as_str().is_some_and(|text| !text.is_empty()) => {
                    texts.push(block["text"].as_str().unwrap_or_default().to_owned());
                }
                (Some("tool_use"), "assistant")
                    if block["input"].is_object() && block["name"].is_string() =>
                {
                    asked.push(block["id"].as_str().unwrap_or_default().to_owned());
                }
                (Some("tool_result"), "user") => {
                    let id = block["tool_use_id"].as_str().unwrap_or_default();
                    let Some(at) = asked.iter().position(|known| known == id) else {
                        let message = "unexpected `tool_use_id` found in `tool_result` blocks";
                        return Err(invalid(&format!("messages.{nth}: {message}: {id}")));
                    };
                    asked.remove(at);
                    texts.push(block["content"].as_str().unwrap_or_default().to_owned());
                    last_is_result = true;
                }
                _ => return Err(invalid(&format!("messages.{nth}.content: not a block that fits here"))),
            }
        }
        if role == "user" && !asked.is_empty() {
            return Err(invalid(&format!(
                "messages.{nth}: `tool_use` ids were found without `tool_result` blocks"
            )));
        }
    }
    let tool = match body.get("tools").map(|tools| tools.as_array()) {
        None => None,
        Some(Some(tools)) if !tools.is_empty() => {
            let (name, schema) = (tools[0]["name"].as_str(), &tools[0]["input_schema"]);
            let name = name.filter(|_| schema["type"] == "object");
            let name = name.ok_or_else(|| invalid("tools.0.input_schema.type: Input should be 'object'"))?;
            Some((name.to_owned(), schema.clone()))
        }
        Some(_) => return Err(invalid("tools: List should have at least 1 item")),
    };
    let turn = Turn {
        said: texts.last().cloned().unwrap_or_default(),
        is_result: last_is_result,
        tool,
        characters: texts.iter().map(|text| text.chars().count()).sum(),
        max_tokens: Some(max_tokens),
    };
    Ok((body, turn))
}

fn usage(input: u64, output: u64) -> Value {
    json!({
        "input_tokens": input, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
        "output_tokens": output, "service_tier": "standard",
    })
}

/// The message, with these blocks.
pub(crate) fn message(model: &Value, content: &Value, reason: Option<&str>, billed: (u64, u64)) -> Value {
    json!({
        "id": "msg_fake", "type": "message", "role": "assistant", "model": model, "content": content,
        "stop_reason": reason, "stop_sequence": null, "usage": usage(billed.0, billed.1),
    })
}

fn ending(said: &Said) -> &'static str {
    match said {
        Said::Text { is_cut: false, .. } => "end_turn",
        Said::Text { is_cut: true, .. } => "max_tokens",
        Said::Call { .. } => "tool_use",
    }
}

/// The whole answer in one piece.
pub(crate) fn whole(model: &Value, said: &Said, billed: (u64, u64)) -> Value {
    let block = match said {
        Said::Text { text, .. } => json!({"type": "text", "text": text}),
        Said::Call { name, arguments } => {
            json!({"type": "tool_use", "id": "toolu_fake1", "name": name, "input": arguments})
        }
    };
    message(model, &json!([block]), Some(ending(said)), billed)
}

pub(crate) fn event(data: &Value) -> String {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default())
}

/// The events of a streamed answer.
pub(crate) fn events(body: &Value, said: &Said, billed: (u64, u64)) -> Vec<Value> {
    let start = message(&body["model"], &json!([]), None, (billed.0, 1));
    let mut events = vec![json!({"type": "message_start", "message": start})];
    let (block, deltas): (Value, Vec<Value>) = match said {
        Said::Text { text, .. } => {
            let delta = |piece| json!({"type": "text_delta", "text": piece});
            (json!({"type": "text", "text": ""}), pieces(text).into_iter().map(delta).collect())
        }
        Said::Call { name, arguments } => {
            let delta = |piece| json!({"type": "input_json_delta", "partial_json": piece});
            let block = json!({"type": "tool_use", "id": "toolu_fake1", "name": name, "input": {}});
            (block, pieces(&arguments.to_string()).into_iter().map(delta).collect())
        }
    };
    events.push(json!({"type": "content_block_start", "index": 0, "content_block": block}));
    events.push(json!({"type": "ping"}));
    let delta = |delta| json!({"type": "content_block_delta", "index": 0, "delta": delta});
    events.extend(deltas.into_iter().map(delta));
    events.push(json!({"type": "content_block_stop", "index": 0}));
    let delta = json!({"stop_reason": ending(said), "stop_sequence": null});
    events.push(json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": billed.1}}));
    events.push(json!({"type": "message_stop"}));
    events
}

/// An answer as it should be.
pub(crate) fn good(body: &Value, said: &Said, billed: (u64, u64)) -> Script {
    if body["stream"] != true {
        return Script::json(200, "", &whole(&body["model"], said, billed));
    }
    let events = events(body, said, billed).iter().map(event).collect::<String>();
    Script::stream().then(Step::Send(events.into_bytes()))
}
