//! A text and what to do with it: one answer of the model, without tools.

use domain::Document;
use serde::Deserialize;

use crate::ports::Message;

use super::super::halt::Halt;
use super::super::steps::{Steps, Tooling};
use super::{Job, Misfit, prompt};

#[derive(Deserialize)]
struct Input {
    text: String,
    /// What is done with the text where the agent's own prompt does not say it.
    instruction: Option<String>,
}

fn read(input: &Document) -> Result<Input, Misfit> {
    serde_json::from_str(input.as_str()).map_err(|_| Misfit {
        field: "/input_data/text",
        code: "missing",
        message: "must be the text to work on, beside which `instruction` may say what to do with it",
    })
}

/// Whether an input has the form of a text to work on.
pub(super) fn check(input: &Document) -> Result<(), Misfit> {
    read(input).map(drop)
}

/// Lets the model work on the text.
pub(super) async fn run(job: Job<'_>, steps: &mut dyn Steps) -> Result<Document, Halt> {
    let Input { text, instruction } = read(job.input)?;
    let asked = match instruction {
        Some(instruction) => format!("{instruction}\n\n{text}"),
        None => text,
    };
    prompt::answer(job, steps, Tooling::Withheld, vec![Message::User(asked)]).await
}
