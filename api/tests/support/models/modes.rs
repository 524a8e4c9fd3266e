//! The ways in which a provider can be bad, and how a call must end then. docs/PROVIDERS.md has the same table; a test
//! holds them against each other.

use std::time::Duration;

use serde_json::{Value, json};

use super::http::{Script, Step, head};
use super::talk::Said;
use super::{Part, Seen, anthropic, openai};

/// How a call must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// With an answer.
    Answered,
    /// With a failure of this code and class.
    Failed(&'static str, &'static str),
    /// Not by itself: the caller's own deadline ends it.
    Endless,
}

use Ends::{Answered, Endless, Failed};

const LIMITED: Ends = Failed("provider.limited", "limited");
const UNAVAILABLE: Ends = Failed("provider.unavailable", "unavailable");
const REFUSED: Ends = Failed("provider.refused", "refused");
const KEY_REFUSED: Ends = Failed("provider.key_refused", "refused");
const QUOTA: Ends = Failed("provider.quota_exhausted", "refused");
const REDIRECTED: Ends = Failed("provider.redirected", "refused");
const TIMEOUT: Ends = Failed("provider.timeout", "ambiguous");
const BROKE_OFF: Ends = Failed("provider.broke_off", "ambiguous");
const MALFORMED: Ends = Failed("provider.malformed_answer", "ambiguous");
const TOO_LARGE: Ends = Failed("provider.answer_too_large", "ambiguous");

/// Every mode by the name of its model.
pub(crate) const MODES: [(&str, Ends); 48] = [
    ("close-at-once", BROKE_OFF),
    ("hang-before-head", TIMEOUT),
    ("slow-head", TIMEOUT),
    ("hang-after-head", TIMEOUT),
    ("hang-in-stream", TIMEOUT),
    ("hang-in-error", UNAVAILABLE),
    ("slow-drip", Endless),
    ("limited", LIMITED),
    ("limited-for-7-seconds", LIMITED),
    ("limited-until-a-date", LIMITED),
    ("limited-forever", LIMITED),
    ("overloaded", LIMITED),
    ("quota-exhausted", QUOTA),
    ("server-error", UNAVAILABLE),
    ("error-burst", UNAVAILABLE),
    ("unavailable", UNAVAILABLE),
    ("bad-gateway", TIMEOUT),
    ("gateway-timeout", TIMEOUT),
    ("bad-request", REFUSED),
    ("unknown-model", REFUSED),
    ("key-refused", KEY_REFUSED),
    ("key-in-error", UNAVAILABLE),
    ("key-in-header", UNAVAILABLE),
    ("key-in-stream-error", UNAVAILABLE),
    ("key-in-answer", Answered),
    ("overloaded-in-stream", LIMITED),
    ("redirect-to-metadata", REDIRECTED),
    ("redirect-within", REDIRECTED),
    ("html", MALFORMED),
    ("no-content-type", MALFORMED),
    ("not-http", BROKE_OFF),
    ("endless-headers", BROKE_OFF),
    ("truncated-json", MALFORMED),
    ("short-body", BROKE_OFF),
    ("empty-object", MALFORMED),
    ("truncated-event", BROKE_OFF),
    ("truncated-stream", BROKE_OFF),
    ("broken-chunk", BROKE_OFF),
    ("endless-stream", TOO_LARGE),
    ("endless-line", TOO_LARGE),
    ("gzip-bomb", MALFORMED),
    ("bad-utf8", MALFORMED),
    ("nul", Answered),
    ("wrong-types", MALFORMED),
    ("deep-json", MALFORMED),
    ("negative-tokens", Answered),
    ("usage-in-each-event", Answered),
    ("a-thousand-tools", TOO_LARGE),
];

/// Longer than anybody waits.
const FOREVER: Step = Step::Wait(Duration::from_secs(3_600));

const HTML: &[u8] = b"<html><body>Welcome to the network. Please sign in.</body></html>";

/// What a mode answers; nothing if it is none. `before` counts the calls of this mode that came earlier.
pub(crate) fn play(call: &Seen, before: usize) -> Option<Script> {
    refusing(call, before).or_else(|| broken(call)).or_else(|| streamed(call))
}

/// Modes that answer with another status than 200.
fn refusing(call: &Seen, before: usize) -> Option<Script> {
    let part = call.part;
    let refuse = |status, headers: &str, kind: &str, code: &str, message: &str| match part {
        Part::OpenAi => openai::error(status, headers, kind, Some(code), message),
        Part::Anthropic | Part::Custom => anthropic::error(status, headers, kind, message),
    };
    let limited =
        |headers: &str| refuse(429, headers, "rate_limit_error", "rate_limit_exceeded", "Slow down.");
    let failing =
        |status, headers: &str, message: &str| refuse(status, headers, "api_error", "server_error", message);
    let key = call.key.as_deref().unwrap_or("none");
    Some(match call.model.as_str() {
        "hang-in-error" => {
            Script::bytes(head(500, "content-type: application/json\r\ncontent-length: 9\r\n")).then(FOREVER)
        }
        "limited" => limited(""),
        "limited-for-7-seconds" => limited("retry-after: 7\r\n"),
        "limited-until-a-date" => limited("retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n"),
        "limited-forever" => limited("retry-after: 99999999999999\r\n"),
        "overloaded" if part == Part::OpenAi => failing(503, "retry-after: 1\r\n", "Overloaded"),
        "overloaded" => refuse(529, "", "overloaded_error", "", "Overloaded"),
        "quota-exhausted" if part == Part::OpenAi => {
            refuse(429, "", "insufficient_quota", "insufficient_quota", "You exceeded your current quota.")
        }
        "quota-exhausted" => refuse(402, "", "billing_error", "", "Your credit balance is too low."),
        "server-error" => failing(500, "", "The server had an error."),
        "error-burst" if before < 2 => failing(500, "", "The server had an error."),
        "unavailable" => failing(503, "", "Not now."),
        "bad-gateway" => Script::answer(502, "", "text/html", HTML),
        "gateway-timeout" => Script::answer(504, "", "text/html", HTML),
        "bad-request" => refuse(400, "", "invalid_request_error", "invalid_value", "temperature: too high"),
        "unknown-model" => refuse(404, "", "not_found_error", "model_not_found", "The model does not exist."),
        "key-refused" => {
            let message =
                format!("Incorrect API key provided: {key}. Find yours at https://fake.example/{key}.");
            refuse(401, "", "authentication_error", "invalid_api_key", &message)
        }
        "key-in-error" => {
            let (front, back) = key.split_at(key.len() / 2);
            refuse(500, "", key, key, &format!("proxy: {key} {front}*** ***{back} Bearer\u{0} {key}"))
        }
        "key-in-header" => {
            failing(500, &format!("x-debug: {key}\r\nlocation: http://fake.example/{key}\r\n"), key)
        }
        "redirect-to-metadata" => {
            Script::json(302, "location: http://169.254.169.254/latest/meta-data/iam/\r\n", &json!({}))
        }
        "redirect-within" => Script::json(307, "location: /v1/models\r\n", &json!({})),
        _ => return None,
    })
}

/// Modes in which what comes is not what HTTP or the protocol say.
fn broken(call: &Seen) -> Option<Script> {
    let opening = || opening(call).concat();
    Some(match call.model.as_str() {
        "close-at-once" => Script::default(),
        "hang-before-head" => Script(vec![FOREVER]),
        "slow-head" => Script::bytes("HTTP/1.1 200 OK\r\n")
            .then(Step::Forever(b"x-wait: yes\r\n".to_vec(), Duration::from_millis(50))),
        "hang-after-head" => Script::stream().then(FOREVER),
        "html" => Script::answer(200, "", "text/html", HTML),
        "no-content-type" => Script::bytes(head(200, "content-length: 2\r\n") + "{}"),
        "not-http" => Script::bytes("SSH-2.0-OpenSSH_9.6\r\n"),
        "endless-headers" => {
            let header = format!("x-filler: {}\r\n", "x".repeat(16_000));
            Script::bytes("HTTP/1.1 200 OK\r\n").then(Step::Forever(header.into_bytes(), Duration::ZERO))
        }
        "truncated-json" => {
            let whole = whole(call).to_string();
            Script::answer(200, "", "application/json", &whole.as_bytes()[..whole.len() / 2])
        }
        "short-body" => {
            let whole = whole(call).to_string();
            let headers =
                format!("content-type: application/json\r\ncontent-length: {}\r\n", whole.len() + 100);
            Script::bytes(head(200, &headers) + &whole)
        }
        "empty-object" => Script::json(200, "", &json!({})),
        "broken-chunk" => {
            Script::bytes(head(200, "content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"))
                .then(Step::Send(
                    format!("{:x}\r\n{}\r\nnonsense\r\n", opening().len(), opening()).into_bytes(),
                ))
        }
        "gzip-bomb" => {
            let headers = "content-type: application/json\r\ncontent-encoding: gzip\r\n";
            let deflated = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0; 10_000]].concat();
            Script::bytes(head(200, headers)).then(Step::Forever(deflated, Duration::ZERO))
        }
        _ => return None,
    })
}

/// Modes of streams.
fn streamed(call: &Seen) -> Option<Script> {
    let part = call.part;
    let stream = |text: &str| Script::stream().then(Step::Send(text.as_bytes().to_vec()));
    let opening = || opening(call).concat();
    let key = call.key.as_deref().unwrap_or("none");
    Some(match call.model.as_str() {
        "hang-in-stream" => stream(&opening()).then(FOREVER),
        "slow-drip" => {
            stream(&opening()).then(Step::Forever(b": wait\n\n".to_vec(), Duration::from_millis(20)))
        }
        "key-in-stream-error" => {
            let error = json!({"type": "api_error", "code": key, "message": format!("no budget for {key}")});
            stream(&format!("{}{}", opening(), event(part, &json!({"type": "error", "error": error}))))
        }
        "key-in-answer" => return good(call, &format!("Your key is {key}, so {key}{key}.")),
        "overloaded-in-stream" => {
            let error = json!({"type": "overloaded_error", "message": "Overloaded"});
            stream(&format!("{}{}", opening(), event(part, &json!({"type": "error", "error": error}))))
        }
        "truncated-event" => stream(&format!("{}data: {{\"choi", opening())),
        "truncated-stream" => stream(&opening()),
        "endless-stream" => stream(&opening())
            .then(Step::Forever(piece(part, &"word ".repeat(10)).repeat(100).into_bytes(), Duration::ZERO)),
        "endless-line" => stream("data: ").then(Step::Forever(vec![b'x'; 65_536], Duration::ZERO)),
        "bad-utf8" => stream(&opening()).then(Step::Send(b"data: {\"a\": \"\xff\xfe\"}\n\n".to_vec())),
        "nul" => return good(call, "zero \u{0} in the middle"),
        "wrong-types" => stream(&opening()).then(Step::Send(wrong(part).into_bytes())),
        "deep-json" => stream(&format!("{}data: {}\n\n", opening(), "[".repeat(100_000))),
        "negative-tokens" => match part {
            Part::OpenAi => {
                let usage = json!({"prompt_tokens": -5, "completion_tokens": 1e30, "total_tokens": "many"});
                replaced(call, "usage", &usage)
            }
            Part::Anthropic | Part::Custom => {
                replaced(call, "usage", &json!({"input_tokens": -5, "output_tokens": 1e30}))
            }
        },
        "usage-in-each-event" => replaced(call, "usage", &usage(call)),
        "a-thousand-tools" => stream(&(0..1_000).map(|nth| tool(part, nth)).collect::<String>()),
        _ => return None,
    })
}

/// What an answer would say, in which nothing matters but that it is not empty.
const SAID: &str = "Once upon a time.";

fn said(text: &str) -> Said {
    Said::Text { text: text.to_owned(), is_cut: false }
}

fn event(part: Part, data: &Value) -> String {
    match part {
        Part::OpenAi => openai::event(data),
        Part::Anthropic | Part::Custom => anthropic::event(data),
    }
}

/// The events of an answer, as values.
fn events(call: &Seen, text: &str) -> Vec<Value> {
    match call.part {
        Part::OpenAi => openai::chunks(&call.body, &said(text), call.billed),
        Part::Anthropic | Part::Custom => anthropic::events(&call.body, &said(text), call.billed),
    }
}

/// How a good answer begins.
fn opening(call: &Seen) -> Vec<String> {
    events(call, SAID).iter().take(4).map(|data| event(call.part, data)).collect()
}

fn good(call: &Seen, text: &str) -> Option<Script> {
    match call.part {
        Part::OpenAi => Some(openai::good(&call.body, &said(text), call.billed)),
        Part::Anthropic => Some(anthropic::good(&call.body, &said(text), call.billed)),
        Part::Custom => None,
    }
}

fn whole(call: &Seen) -> Value {
    match call.part {
        Part::OpenAi => openai::whole(&call.body["model"], &said(SAID), call.billed),
        Part::Anthropic | Part::Custom => anthropic::whole(&call.body["model"], &said(SAID), call.billed),
    }
}

/// One more piece of text.
fn piece(part: Part, text: &str) -> String {
    match part {
        Part::OpenAi => openai::event(&openai::chunk(&json!("endless"), &json!({"content": text}), None)),
        Part::Anthropic | Part::Custom => {
            let delta = json!({"type": "text_delta", "text": text});
            anthropic::event(&json!({"type": "content_block_delta", "index": 0, "delta": delta}))
        }
    }
}

/// A piece whose text is a number.
fn wrong(part: Part) -> String {
    piece(part, "7").replace("\"7\"", "7")
}

fn tool(part: Part, nth: u32) -> String {
    match part {
        Part::OpenAi => {
            let call = json!({"index": nth, "id": format!("c{nth}"), "type": "function", "function": {"name": "t", "arguments": "{}"}});
            openai::event(&openai::chunk(&json!("many"), &json!({"tool_calls": [call]}), None))
        }
        Part::Anthropic | Part::Custom => {
            let block = json!({"type": "tool_use", "id": format!("c{nth}"), "name": "t", "input": {}});
            anthropic::event(&json!({"type": "content_block_start", "index": nth, "content_block": block}))
        }
    }
}

fn usage(call: &Seen) -> Value {
    let (input, output) = call.billed;
    match call.part {
        Part::OpenAi => openai::usage((input, output)),
        Part::Anthropic | Part::Custom => json!({"input_tokens": input, "output_tokens": output}),
    }
}

/// A good answer with this member in each of its events, and wherever one has it.
fn replaced(call: &Seen, name: &str, value: &Value) -> Script {
    let events = events(call, SAID).into_iter().map(|mut data| {
        if data["message"].is_object() {
            data["message"][name] = value.clone();
        }
        data[name] = value.clone();
        event(call.part, &data)
    });
    let end = if call.part == Part::OpenAi { "data: [DONE]\n\n" } else { "" };
    let events = format!("{}{end}", events.collect::<String>());
    Script::stream().then(Step::Send(events.into_bytes()))
}
