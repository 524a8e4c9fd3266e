//! The agent loop: the model answers or asks for tools, until it answers for good.

use domain::Document;
use serde_json::{Value, json};

use crate::ports::{Message, ModelReply, StopReason};

use super::super::halt::Halt;
use super::super::steps::{Ask, OnFailure, Steps, Tooling};
use super::Job;

/// How often a model is told that its answer does not fit the agent's schema before the task fails.
const CORRECTIONS: u32 = 2;

/// Puts the input to the agent.
pub(super) async fn run(job: Job<'_>, steps: &mut dyn Steps) -> Result<Document, Halt> {
    let messages = opening(job.input);
    answer(job, steps, Tooling::Offered, messages).await
}

/// Goes on with a conversation until the model answers with what fits the agent's schema, if it has one.
pub(super) async fn answer(
    job: Job<'_>,
    steps: &mut dyn Steps,
    tools: Tooling,
    mut messages: Vec<Message>,
) -> Result<Document, Halt> {
    let mut corrections = 0;
    loop {
        let reply = converse(job, steps, tools, &mut messages).await?;
        let Some(schema) = &job.rules.output_schema else {
            return as_said(&reply);
        };
        let problem = match fitting(job, schema.get(), &reply.text) {
            Ok(output) => return Ok(output),
            Err(problem) => problem,
        };
        if corrections == CORRECTIONS {
            return Err(Halt::final_failure("output.invalid", &problem));
        }
        corrections += 1;
        let told =
            format!("This does not fit what is asked for: {problem}. Answer with the JSON value alone.");
        messages.push(Message::User(told));
    }
}

/// Lets the model ask for tools until it does not. Its last answer is in the messages too.
pub(super) async fn converse(
    job: Job<'_>,
    steps: &mut dyn Steps,
    tools: Tooling,
    messages: &mut Vec<Message>,
) -> Result<ModelReply, Halt> {
    let system = job.rules.system_prompt.as_deref();
    loop {
        let reply = steps.model(Ask { system, messages, tools }).await?;
        if reply.stop == StopReason::Filtered {
            return Err(Halt::final_failure("provider.filtered", "the provider cut the answer off"));
        }
        messages.push(Message::Assistant { text: reply.text.clone(), calls: reply.calls.clone() });
        if reply.calls.is_empty() {
            return Ok(reply);
        }
        for call in &reply.calls {
            let told = steps.tool(call, OnFailure::Tell).await?;
            messages.push(Message::Tool {
                call: call.id.clone(),
                content: told.content,
                is_error: told.is_error,
            });
        }
    }
}

/// The messages of an input: its `messages`, its `prompt` or `text`, else all of it.
fn opening(input: &Document) -> Vec<Message> {
    let parsed: Value = serde_json::from_str(input.as_str()).unwrap_or_default();
    let messages = parsed["messages"].as_array().and_then(|all| all.iter().map(message).collect());
    if let Some(messages) = messages.filter(|all: &Vec<Message>| !all.is_empty()) {
        return messages;
    }
    let named = ["prompt", "text"].iter().find_map(|name| parsed.get(name)?.as_str().map(ToOwned::to_owned));
    vec![Message::User(named.unwrap_or_else(|| input.as_str().to_owned()))]
}

/// One message of a conversation so far; nothing if it has another form.
fn message(value: &Value) -> Option<Message> {
    let content = value["content"].as_str()?.to_owned();
    match value["role"].as_str()? {
        "user" => Some(Message::User(content)),
        "assistant" => Some(Message::Assistant { text: content, calls: vec![] }),
        _ => None,
    }
}

fn as_said(reply: &ModelReply) -> Result<Document, Halt> {
    let mut output = json!({ "provider": reply.provider, "model": reply.model, "text": clean(&reply.text) });
    if reply.stop == StopReason::Length {
        output["cut_off"] = true.into();
    }
    document(&output.to_string())
}

/// The value in an answer, as a document, if it fits the schema; else what does not, with its path.
fn fitting(job: Job<'_>, schema: &str, text: &str) -> Result<Document, String> {
    let text = clean(unfenced(text));
    let value: Value = serde_json::from_str(&text).map_err(|_| "the answer is no JSON value".to_owned())?;
    job.schemas.validate(schema, &text).map_err(|problem| {
        let path = if problem.path.is_empty() { "/" } else { &problem.path };
        format!("{path} {}", problem.message)
    })?;
    let text = if value.is_object() { text } else { json!({ "result": value }).to_string() };
    Document::parse(&text).map_err(|error| error.to_string())
}

/// The value in a text, as the result, if it fits the agent's schema.
pub(super) fn fit(job: Job<'_>, text: &str) -> Result<Document, Halt> {
    let schema = job.rules.output_schema.as_ref().map_or("true", |schema| schema.get());
    fitting(job, schema, text).map_err(|problem| Halt::final_failure("output.invalid", &problem))
}

/// A document of JSON text, or why the result cannot be kept.
pub(super) fn document(text: &str) -> Result<Document, Halt> {
    Document::parse(text)
        .map_err(|error| Halt::final_failure("output.unfit", &format!("the result cannot be kept: {error}")))
}

/// Without U+0000, which no document may hold.
pub(super) fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// What stands between the fences that models like to put around JSON.
fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    inner.map_or(text, |inner| inner.strip_prefix("json").unwrap_or(inner)).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(input: &str) -> Vec<Message> {
        opening(&Document::parse(input).unwrap())
    }

    #[test]
    fn an_input_is_a_conversation_or_a_prompt_or_itself() {
        let said = |text: &str| Message::User(text.to_owned());
        assert_eq!(of(r#"{"prompt": "Hello", "text": "No"}"#), [said("Hello")]);
        assert_eq!(of(r#"{"text": "Hello"}"#), [said("Hello")]);
        assert_eq!(of(r#"{"a": 1.50}"#), [said(r#"{"a": 1.50}"#)]);
        let turns =
            r#"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#;
        assert_eq!(of(turns), [said("a"), Message::Assistant { text: "b".to_owned(), calls: vec![] }]);
        let odd = r#"{"messages": [{"role": "system", "content": "a"}]}"#;
        assert_eq!(of(odd), [said(odd)]);
    }

    #[test]
    fn fences_around_an_answer_are_taken_off() {
        assert_eq!(unfenced("```json\n{\"a\": 1}\n```"), "{\"a\": 1}");
        assert_eq!(unfenced(" {} "), "{}");
        assert_eq!(unfenced("```"), "```");
    }
}
