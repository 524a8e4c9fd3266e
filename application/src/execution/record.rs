//! The contents of steps: exactly what is asked and what comes back, as JSON texts that are kept by their hash.

use std::borrow::Cow;

use domain::{TokenCount, Usage};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::commit::Content;
use crate::ports::{Message, ModelReply, StopReason, ToolCall, ToolReply, ToolSpec};

use super::halt::Halt;
use super::setup::Setup;

/// The most bytes of one content.
const MAX_CONTENT: usize = 1024 * 1024;
/// The most bytes that a model is told of a tool's answer.
const MAX_TOOL_REPLY: usize = 256 * 1024;

#[derive(Serialize)]
struct ModelRequest<'a> {
    agent_type: Cow<'a, str>,
    configuration: &'a RawValue,
    system: Option<Cow<'a, str>>,
    messages: Vec<Spoken<'a>>,
    tools: Vec<Offered<'a>>,
    max_output_tokens: u32,
}

/// What is read of a recorded request.
#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    tools: Vec<Offered<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "role", rename_all = "snake_case")]
enum Spoken<'a> {
    User {
        content: Cow<'a, str>,
    },
    Assistant {
        content: Cow<'a, str>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<Called<'a>>,
    },
    Tool {
        tool_call_id: Cow<'a, str>,
        content: Cow<'a, str>,
        is_error: bool,
    },
}

#[derive(Serialize, Deserialize)]
struct Called<'a> {
    id: Cow<'a, str>,
    name: Cow<'a, str>,
    arguments: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct Offered<'a> {
    name: Cow<'a, str>,
    description: Cow<'a, str>,
    parameters: Cow<'a, str>,
    has_side_effects: bool,
}

#[derive(Serialize, Deserialize)]
struct Replied<'a> {
    provider: Cow<'a, str>,
    model: Cow<'a, str>,
    text: Cow<'a, str>,
    tool_calls: Vec<Called<'a>>,
    stop: Stopped,
    input_tokens: u64,
    output_tokens: u64,
    cost_micro_usd: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stopped {
    Done,
    Tools,
    Length,
    Filtered,
}

#[derive(Serialize)]
struct ToolRequest<'a> {
    tool: &'a str,
    arguments: &'a RawValue,
}

#[derive(Serialize, Deserialize)]
struct ToolReplied<'a> {
    content: Cow<'a, str>,
    is_error: bool,
}

/// What a model is asked.
pub(super) fn model_request(
    setup: &Setup,
    system: Option<&str>,
    messages: &[Message],
    tools: &[ToolSpec],
    max_output_tokens: u32,
) -> Result<Content, Halt> {
    let configuration: &RawValue = parse(setup.configuration.as_str().as_bytes())?;
    kept(&ModelRequest {
        agent_type: setup.kind.as_str().into(),
        configuration,
        system: system.map(Cow::from),
        messages: messages.iter().map(Spoken::from).collect(),
        tools: tools.iter().map(Offered::from).collect(),
        max_output_tokens,
    })
}

/// The tools that a recorded request offered.
pub(super) fn tools_of(request: &[u8]) -> Result<Vec<ToolSpec>, Halt> {
    let Told { tools } = parse(request)?;
    Ok(tools.into_iter().map(ToolSpec::from).collect())
}

/// What a model answered.
pub(super) fn model_reply(reply: &ModelReply) -> Result<Content, Halt> {
    kept(&Replied {
        provider: (&*reply.provider).into(),
        model: (&*reply.model).into(),
        text: (&*reply.text).into(),
        tool_calls: reply.calls.iter().map(Called::from).collect(),
        stop: match reply.stop {
            StopReason::Done => Stopped::Done,
            StopReason::Tools => Stopped::Tools,
            StopReason::Length => Stopped::Length,
            StopReason::Filtered => Stopped::Filtered,
        },
        input_tokens: reply.usage.input_tokens.get(),
        output_tokens: reply.usage.output_tokens.get(),
        cost_micro_usd: reply.usage.cost_micro_usd.get(),
    })
}

/// A recorded answer of a model.
pub(super) fn read_model_reply(bytes: &[u8]) -> Result<ModelReply, Halt> {
    let reply: Replied<'_> = parse(bytes)?;
    Ok(ModelReply {
        text: reply.text.into_owned(),
        calls: reply.tool_calls.into_iter().map(ToolCall::from).collect(),
        stop: match reply.stop {
            Stopped::Done => StopReason::Done,
            Stopped::Tools => StopReason::Tools,
            Stopped::Length => StopReason::Length,
            Stopped::Filtered => StopReason::Filtered,
        },
        usage: Usage {
            input_tokens: TokenCount::from(reply.input_tokens),
            output_tokens: TokenCount::from(reply.output_tokens),
            cost_micro_usd: reply.cost_micro_usd.into(),
        },
        provider: reply.provider.into_owned(),
        model: reply.model.into_owned(),
    })
}

/// The text of a recorded answer of a model; nothing if it is none.
pub fn answer_text(recorded: &[u8]) -> Option<String> {
    read_model_reply(recorded).ok().map(|reply| reply.text)
}

/// What a tool is asked; also exactly what a person who approves it is shown. Nothing if the arguments are no JSON
/// object.
pub(super) fn tool_request(tool: &str, arguments: &str) -> Option<Result<Content, Halt>> {
    let arguments: &RawValue = serde_json::from_str(arguments).ok()?;
    arguments.get().starts_with('{').then(|| kept(&ToolRequest { tool, arguments }))
}

/// What a tool answered, with what is too long cut off.
pub(super) fn tool_reply(reply: ToolReply) -> Result<(ToolReply, Content), Halt> {
    let reply = ToolReply { content: shortened(reply.content), is_error: reply.is_error };
    let content = kept(&ToolReplied { content: (&*reply.content).into(), is_error: reply.is_error })?;
    Ok((reply, content))
}

/// A recorded answer of a tool.
pub(super) fn read_tool_reply(bytes: &[u8]) -> Result<ToolReply, Halt> {
    let reply: ToolReplied<'_> = parse(bytes)?;
    Ok(ToolReply { content: reply.content.into_owned(), is_error: reply.is_error })
}

/// A wait.
pub(super) fn delay(seconds: u32) -> Result<Content, Halt> {
    kept(&serde_json::json!({ "delay_seconds": seconds }))
}

/// The end of a wait.
pub(super) fn waited() -> Result<Content, Halt> {
    kept(&serde_json::json!({}))
}

fn kept<T: Serialize>(value: &T) -> Result<Content, Halt> {
    let bytes = serde_json::to_vec(value).map_err(|error| {
        Halt::final_failure("step.unreadable", &format!("what is asked cannot be written: {error}"))
    })?;
    if bytes.len() > MAX_CONTENT {
        let message = format!("a step has {} bytes, and {MAX_CONTENT} are the most", bytes.len());
        return Err(Halt::final_failure("step.too_large", &message));
    }
    Ok(Content::of(bytes))
}

fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Halt> {
    serde_json::from_slice(bytes).map_err(|error| {
        Halt::final_failure("step.unreadable", &format!("what was recorded does not read: {error}"))
    })
}

fn shortened(text: String) -> String {
    if text.len() <= MAX_TOOL_REPLY {
        return text;
    }
    let cut = (0..=MAX_TOOL_REPLY).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    format!("{}\n[cut off: the answer had {} bytes]", &text[..cut], text.len())
}

impl<'a> From<&'a Message> for Spoken<'a> {
    fn from(message: &'a Message) -> Self {
        match message {
            Message::User(text) => Self::User { content: text.into() },
            Message::Assistant { text, calls } => {
                Self::Assistant { content: text.into(), tool_calls: calls.iter().map(Called::from).collect() }
            }
            Message::Tool { call, content, is_error } => {
                Self::Tool { tool_call_id: call.into(), content: content.into(), is_error: *is_error }
            }
        }
    }
}

impl<'a> From<&'a ToolCall> for Called<'a> {
    fn from(call: &'a ToolCall) -> Self {
        Self { id: (&*call.id).into(), name: (&*call.name).into(), arguments: (&*call.arguments).into() }
    }
}

impl From<Called<'_>> for ToolCall {
    fn from(called: Called<'_>) -> Self {
        Self {
            id: called.id.into_owned(),
            name: called.name.into_owned(),
            arguments: called.arguments.into_owned(),
        }
    }
}

impl<'a> From<&'a ToolSpec> for Offered<'a> {
    fn from(spec: &'a ToolSpec) -> Self {
        Self {
            name: (&*spec.name).into(),
            description: (&*spec.description).into(),
            parameters: (&*spec.parameters).into(),
            has_side_effects: spec.has_side_effects,
        }
    }
}

impl From<Offered<'_>> for ToolSpec {
    fn from(offered: Offered<'_>) -> Self {
        Self {
            name: offered.name.into_owned(),
            description: offered.description.into_owned(),
            parameters: offered.parameters.into_owned(),
            has_side_effects: offered.has_side_effects,
        }
    }
}
