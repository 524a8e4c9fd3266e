//! Chat completions as OpenAI has them (<https://platform.openai.com/docs/api-reference/chat>): requests are held to the
//! protocol as strictly as there.

use serde_json::{Value, json};

use super::http::{Request, Script, Step};
use super::talk::{Said, Turn, pieces};

/// The members of a request that are known here.
const KNOWN: [&str; 10] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "tools",
    "tool_choice",
    "n",
];

/// The key of a request, if it has one of the right form.
pub(crate) fn key(request: &Request) -> Option<&str> {
    request.header("authorization")?.strip_prefix("Bearer ").filter(|key| key.starts_with("sk-"))
}

pub(crate) fn error(status: u16, headers: &str, kind: &str, code: Option<&str>, message: &str) -> Script {
    let error = json!({"message": message, "type": kind, "param": null, "code": code});
    Script::json(status, headers, &json!({"error": error}))
}

fn invalid(message: &str) -> Script {
    error(400, "", "invalid_request_error", None, message)
}

/// Checks a request; what is wrong is the answer.
pub(crate) fn read(request: &Request) -> Result<(Value, Turn), Script> {
    if key(request).is_none() {
        let message = "Incorrect API key provided: none. You can find your API key in your account.";
        return Err(error(401, "", "invalid_request_error", Some("invalid_api_key"), message));
    }
    let body = request.json().ok_or_else(|| invalid("We could not parse the JSON body of your request."))?;
    let members = body.as_object().ok_or_else(|| invalid("The body must be an object."))?;
    if let Some(unknown) = members.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(invalid(&format!("Unrecognized request argument supplied: {unknown}")));
    }
    if !body["model"].is_string() {
        return Err(invalid("you must provide a model parameter"));
    }
    if body.get("stream_options").is_some() && body["stream"] != true {
        return Err(invalid("The 'stream_options' parameter is only allowed when 'stream' is enabled."));
    }
    let messages = body["messages"].as_array().filter(|messages| !messages.is_empty());
    let messages = messages.ok_or_else(|| invalid("'messages' must be a non-empty array"))?;
    let mut asked: Vec<&str> = vec![];
    for message in messages {
        let content = &message["content"];
        match message["role"].as_str() {
            Some("system" | "developer" | "user") if content.is_string() && asked.is_empty() => {}
            Some("assistant") if asked.is_empty() => match message["tool_calls"].as_array() {
                Some(calls) => {
                    let is_whole = |call: &Value| {
                        call["type"] == "function"
                            && call["function"]["name"].is_string()
                            && call["function"]["arguments"].is_string()
                    };
                    if calls.is_empty() || !calls.iter().all(is_whole) {
                        return Err(invalid("Invalid 'tool_calls'."));
                    }
                    asked = calls.iter().filter_map(|call| call["id"].as_str()).collect();
                }
                None if content.is_string() => {}
                None => return Err(invalid("Invalid value for 'content': expected a string, got null.")),
            },
            Some("tool") if content.is_string() => {
                let id = message["tool_call_id"].as_str().unwrap_or_default();
                let Some(at) = asked.iter().position(|known| *known == id) else {
                    return Err(invalid(
                        "messages with role 'tool' must be a response to a preceding message with 'tool_calls'.",
                    ));
                };
                asked.remove(at);
            }
            _ => {
                return Err(invalid(
                    "Invalid message: wrong role or content, or tool calls left unanswered.",
                ));
            }
        }
    }
    if !asked.is_empty() {
        return Err(invalid("An assistant message with 'tool_calls' must be followed by tool messages."));
    }
    let tool = match body.get("tools").map(|tools| tools.as_array()) {
        None => None,
        Some(Some(tools)) if !tools.is_empty() => {
            let function = &tools[0]["function"];
            let is_whole = tools[0]["type"] == "function" && function["name"].is_string();
            let name = function["name"].as_str().filter(|_| is_whole);
            let name =
                name.ok_or_else(|| invalid("Missing required parameter: 'tools[0].function.name'."))?;
            Some((name.to_owned(), function["parameters"].clone()))
        }
        Some(_) => return Err(invalid("Invalid 'tools': empty array.")),
    };
    let last = messages.last().expect("not empty");
    let turn = Turn {
        said: last["content"].as_str().unwrap_or_default().to_owned(),
        is_result: last["role"] == "tool",
        tool,
        characters: messages
            .iter()
            .filter_map(|message| message["content"].as_str())
            .map(|text| text.chars().count())
            .sum(),
        max_tokens: body["max_completion_tokens"].as_u64().or(body["max_tokens"].as_u64()),
    };
    Ok((body, turn))
}

pub(crate) fn usage((input, output): (u64, u64)) -> Value {
    json!({
        "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    })
}

/// The whole answer in one piece.
pub(crate) fn whole(model: &Value, said: &Said, billed: (u64, u64)) -> Value {
    let (message, reason) = match said {
        Said::Text { text, is_cut } => (
            json!({"role": "assistant", "content": text, "refusal": null}),
            if *is_cut { "length" } else { "stop" },
        ),
        Said::Call { name, arguments } => {
            let function = json!({"name": name, "arguments": arguments.to_string()});
            let call = json!({"id": "call_fake1", "type": "function", "function": function});
            (
                json!({"role": "assistant", "content": null, "refusal": null, "tool_calls": [call]}),
                "tool_calls",
            )
        }
    };
    json!({
        "id": "chatcmpl-fake", "object": "chat.completion", "created": 1_790_000_000, "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": reason}],
        "usage": usage(billed),
    })
}

pub(crate) fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

/// One piece of a streamed answer.
pub(crate) fn chunk(model: &Value, delta: &Value, reason: Option<&str>) -> Value {
    json!({
        "id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 1_790_000_000, "model": model,
        "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": reason}],
    })
}

/// The pieces of a streamed answer, but for the end of the stream.
pub(crate) fn chunks(body: &Value, said: &Said, billed: (u64, u64)) -> Vec<Value> {
    let model = &body["model"];
    let mut chunks = vec![];
    let mut say = |delta: Value, reason: Option<&str>| chunks.push(chunk(model, &delta, reason));
    match said {
        Said::Text { text, is_cut } => {
            say(json!({"role": "assistant", "content": "", "refusal": null}), None);
            for piece in pieces(text) {
                say(json!({"content": piece}), None);
            }
            say(json!({}), Some(if *is_cut { "length" } else { "stop" }));
        }
        Said::Call { name, arguments } => {
            let call = |id: Option<&str>, function: Value| {
                let mut call = json!({"index": 0, "function": function});
                if let Some(id) = id {
                    call["id"] = json!(id);
                    call["type"] = json!("function");
                }
                json!({"tool_calls": [call]})
            };
            let mut first = call(Some("call_fake1"), json!({"name": name, "arguments": ""}));
            first["role"] = json!("assistant");
            first["content"] = Value::Null;
            say(first, None);
            for piece in pieces(&arguments.to_string()) {
                say(call(None, json!({"arguments": piece})), None);
            }
            say(json!({}), Some("tool_calls"));
        }
    }
    if body["stream_options"]["include_usage"] == true {
        for chunk in &mut chunks {
            chunk["usage"] = Value::Null;
        }
        let mut last = chunk(model, &json!({}), None);
        last["choices"] = json!([]);
        last["usage"] = usage(billed);
        chunks.push(last);
    }
    chunks
}

/// An answer as it should be.
pub(crate) fn good(body: &Value, said: &Said, billed: (u64, u64)) -> Script {
    if body["stream"] != true {
        return Script::json(200, "", &whole(&body["model"], said, billed));
    }
    let events = chunks(body, said, billed).iter().map(event).collect::<String>();
    Script::stream().then(Step::Send(format!("{events}data: [DONE]\n\n").into_bytes()))
}
