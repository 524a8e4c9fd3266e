//! Ordered steps: prompts, requests, waits and conditions, each of which may use what those before it came to.
//!
//! ```json
//! {"data": {"city": "Berlin"}, "steps": [
//!     {"id": "weather", "type": "request", "url": "https://weather.example/{{data.city}}"},
//!     {"id": "mood", "type": "prompt", "prompt": "In one word, how is this? {{weather.response.body}}"},
//!     {"type": "condition", "if": {"left": "{{mood}}", "op": "contains", "right": "bad"}, "then": "wait", "else": "end"},
//!     {"id": "wait", "type": "delay", "seconds": 60}
//! ]}
//! ```

use std::collections::HashSet;

use domain::Document;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::ports::Message;

use super::super::halt::Halt;
use super::super::steps::{Steps, Tooling};
use super::template::{render, render_all};
use super::{Job, Misfit, prompt, request};

/// The most steps of a workflow.
const MAX_STEPS: usize = 100;
/// The longest wait, in seconds: 30 days.
const MAX_DELAY: u32 = 2_592_000;
/// Where a condition leads that ends the workflow.
const END: &str = "end";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    /// What steps may use as `{{data.…}}`.
    #[serde(default)]
    data: Value,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    /// By what later steps name it; `step_1` and so on without it.
    id: Option<String>,
    #[serde(flatten)]
    does: Does,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Does {
    Prompt {
        prompt: String,
    },
    Request {
        url: String,
        method: Option<Value>,
        headers: Option<Value>,
        body: Option<Value>,
    },
    Delay {
        seconds: u32,
    },
    Condition {
        #[serde(rename = "if")]
        test: Test,
        then: Option<String>,
        #[serde(rename = "else")]
        otherwise: Option<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    left: String,
    op: Op,
    right: Value,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Op {
    Equals,
    NotEquals,
    Contains,
    GreaterThan,
    LessThan,
}

/// Whether an input has the form of a workflow.
pub(super) fn check(input: &Document) -> Result<(), Misfit> {
    read(input).map(drop)
}

/// Takes the steps in order, or where conditions lead.
pub(super) async fn run(job: Job<'_>, steps: &mut dyn Steps) -> Result<Document, Halt> {
    let input = read(job.input)?;
    let ids: Vec<String> = input.ids().collect();
    let mut known = Map::from_iter([("data".to_owned(), input.data.clone())]);
    let (mut results, mut last, mut at) = (Map::new(), Value::Null, 0);
    while let Some(step) = input.steps.get(at) {
        at += 1;
        if let Does::Condition { test, then, otherwise } = &step.does {
            let branch = if test.holds(&known)? { then } else { otherwise };
            at = match branch.as_deref() {
                None => at,
                Some(END) => break,
                // Checked when it was read: conditions lead onwards only.
                Some(id) => ids.iter().position(|other| other == id).unwrap_or(at),
            };
            continue;
        }
        last = step.does.come_to(job, steps, &known).await?;
        known.insert(ids[at - 1].clone(), last.clone());
        results.insert(ids[at - 1].clone(), last.clone());
    }
    if job.rules.output_schema.is_some() {
        let text = last.as_str().map_or_else(|| last.to_string(), ToOwned::to_owned);
        return prompt::fit(job, &text);
    }
    prompt::document(&json!({ "results": results, "output": last }).to_string())
}

impl Does {
    async fn come_to(
        &self,
        job: Job<'_>,
        steps: &mut dyn Steps,
        known: &Map<String, Value>,
    ) -> Result<Value, Halt> {
        match self {
            Self::Prompt { prompt } => {
                let mut messages = vec![Message::User(render(prompt, known)?)];
                let reply = prompt::converse(job, steps, Tooling::Offered, &mut messages).await?;
                Ok(prompt::clean(&reply.text).into())
            }
            Self::Request { url, method, headers, body } => {
                let mut arguments = Map::from_iter([("url".to_owned(), render(url, known)?.into())]);
                for (name, value) in [("method", method), ("headers", headers), ("body", body)] {
                    if let Some(value) = value {
                        arguments.insert(name.to_owned(), render_all(value, known)?);
                    }
                }
                let reply = request::send(steps, &Value::Object(arguments).to_string()).await?;
                let response: Value = serde_json::from_str(request::answer(&reply).get()).unwrap_or_default();
                Ok(json!({ "response": response, "is_error": reply.is_error }))
            }
            Self::Delay { seconds } => {
                steps.delay(*seconds).await?;
                Ok(Value::Null)
            }
            Self::Condition { .. } => Ok(Value::Null),
        }
    }
}

impl Test {
    fn holds(&self, known: &Map<String, Value>) -> Result<bool, Halt> {
        let left = render(&self.left, known)?;
        let right = match &self.right {
            Value::String(text) => render(text, known)?,
            other => other.to_string(),
        };
        let numbers = left.trim().parse::<f64>().ok().zip(right.trim().parse::<f64>().ok());
        Ok(match self.op {
            Op::Equals => left == right,
            Op::NotEquals => left != right,
            Op::Contains => left.contains(&right),
            Op::GreaterThan => numbers.is_some_and(|(left, right)| left > right),
            Op::LessThan => numbers.is_some_and(|(left, right)| left < right),
        })
    }
}

impl Input {
    fn ids(&self) -> impl Iterator<Item = String> {
        let named = self.steps.iter().zip(1..);
        named.map(|(step, nth)| step.id.clone().unwrap_or_else(|| format!("step_{nth}")))
    }

    /// Conditions lead onwards only, so a workflow always ends.
    fn leads_onwards(&self) -> bool {
        let ids: Vec<String> = self.ids().collect();
        self.steps.iter().enumerate().all(|(at, step)| match &step.does {
            Does::Condition { then, otherwise, .. } => [then, otherwise]
                .into_iter()
                .flatten()
                .all(|id| id == END || ids.iter().skip(at + 1).any(|later| later == id)),
            Does::Prompt { .. } | Does::Request { .. } | Does::Delay { .. } => true,
        })
    }
}

fn read(input: &Document) -> Result<Input, Misfit> {
    let misfit = |code, message| Misfit { field: "/input_data/steps", code, message };
    let read: Input = serde_json::from_str(input.as_str()).map_err(|_| {
        misfit("malformed", "must be a list of steps, each of the type prompt, request, delay or condition")
    })?;
    if read.steps.is_empty() || read.steps.len() > MAX_STEPS {
        return Err(misfit("out_of_range", "must be 1 to 100 steps"));
    }
    let mut seen = HashSet::from(["data".to_owned(), END.to_owned()]);
    let is_plain = |id: &str| {
        (1..=64).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    };
    if !read.ids().all(|id| is_plain(&id) && seen.insert(id)) {
        let message =
            "must have ids of their own, each 1 to 64 letters, digits, - or _, and none of data and end";
        return Err(misfit("malformed", message));
    }
    if read.steps.iter().any(|step| matches!(step.does, Does::Delay { seconds } if seconds > MAX_DELAY)) {
        return Err(misfit("out_of_range", "must not wait more than 2592000 seconds at a time"));
    }
    if !read.leads_onwards() {
        return Err(misfit("unknown_step", "must have conditions that lead to a later step, or to end"));
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(input: &Value) -> Option<&'static str> {
        check(&Document::parse(&input.to_string()).unwrap()).err().map(|misfit| misfit.code)
    }

    #[test]
    fn a_workflow_has_steps_of_known_types_and_leads_onwards() {
        let prompt = json!({"type": "prompt", "prompt": "Hello"});
        let condition = |then: &str| json!({"type": "condition", "if": {"left": "a", "op": "equals", "right": "a"}, "then": then});
        assert_eq!(code(&json!({"steps": [prompt, condition("end")]})), None);
        assert_eq!(code(&json!({"steps": [condition("step_2"), prompt]})), None);
        assert_eq!(code(&json!({"steps": [prompt, condition("step_1")]})), Some("unknown_step"));
        assert_eq!(code(&json!({"steps": []})), Some("out_of_range"));
        assert_eq!(code(&json!({})), Some("malformed"));
        assert_eq!(code(&json!({"steps": [{"type": "dance"}]})), Some("malformed"));
        assert_eq!(code(&json!({"steps": [{"type": "delay", "seconds": 2_592_001}]})), Some("out_of_range"));
        let same = json!({"id": "a", "type": "prompt", "prompt": "Hello"});
        assert_eq!(code(&json!({"steps": [same, same]})), Some("malformed"));
    }

    #[test]
    fn conditions_compare_texts_and_numbers() {
        let known = Map::from_iter([("n".to_owned(), json!(10)), ("t".to_owned(), json!("ten"))]);
        let holds = |left: &str, op: &str, right: Value| {
            let test: Test = serde_json::from_value(json!({"left": left, "op": op, "right": right})).unwrap();
            test.holds(&known).unwrap()
        };
        assert!(holds("{{n}}", "greater_than", json!(9.5)) && holds("{{n}}", "equals", json!(10)));
        assert!(holds("{{n}}", "less_than", json!("11")) && !holds("{{t}}", "less_than", json!(11)));
        assert!(holds("{{t}}", "contains", json!("e")) && holds("{{t}}", "not_equals", json!("{{n}}")));
    }
}
