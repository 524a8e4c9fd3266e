//! What a program may ask for, one after the other. Where the answers come from is not its business: a worker's
//! [`Recorder`](super::recorder::Recorder) calls models and tools, a [`Replay`](super::replay::Replay) reads the records.

use crate::ports::{Message, ModelReply, ToolCall, ToolReply};

use super::halt::Halt;

/// The steps of an attempt.
#[async_trait::async_trait]
pub(super) trait Steps: Send {
    /// One call of the agent's model.
    async fn model(&mut self, ask: Ask<'_>) -> Result<ModelReply, Halt>;

    /// One call of a tool.
    async fn tool(&mut self, call: &ToolCall, on_failure: OnFailure) -> Result<ToolReply, Halt>;

    /// A wait.
    async fn delay(&mut self, seconds: u32) -> Result<(), Halt>;
}

/// What a model is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'a> {
    /// What it is told about its part.
    pub(super) system: Option<&'a str>,
    /// The conversation so far; at least one message.
    pub(super) messages: &'a [Message],
    /// Whether it is told of the agent's tools.
    pub(super) tools: Tooling,
}

/// Whether a model is told of the agent's tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tooling {
    /// It may ask for them.
    Offered,
    /// It only answers.
    Withheld,
}

/// What becomes of a tool that does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnFailure {
    /// Whoever asked is told, as an answer that is an error.
    Tell,
    /// The attempt fails.
    Fail,
}

/// A call whose arguments are no JSON object. It is not made and leaves no step: whoever asked is told, every time in the
/// same words.
pub(super) fn unreadable_arguments(on_failure: OnFailure) -> Result<ToolReply, Halt> {
    unusable(on_failure, "tool.bad_arguments", "the arguments are no JSON object")
}

/// A call of a tool that the agent has not. It is not made and leaves no step.
pub(super) fn not_granted(on_failure: OnFailure, tool: &str) -> Result<ToolReply, Halt> {
    unusable(on_failure, "tool.not_granted", &format!("the agent has no tool called {tool}"))
}

fn unusable(on_failure: OnFailure, code: &str, message: &str) -> Result<ToolReply, Halt> {
    match on_failure {
        OnFailure::Tell => Ok(ToolReply { content: message.to_owned(), is_error: true }),
        OnFailure::Fail => Err(Halt::final_failure(code, message)),
    }
}
