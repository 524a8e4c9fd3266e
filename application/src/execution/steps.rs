//! What a program may ask for, one after the other. Where the answers come from is not its business: a worker's
//! [`Recorder`](super::recorder::Recorder) calls models and tools.

use crate::ports::{Message, ModelReply, ToolCall, ToolReply};

use super::halt::Halt;

/// The steps of an attempt.
#[async_trait::async_trait]
pub(super) trait Steps: Send {
    /// One call of the agent's model.
    async fn model(&mut self, ask: Ask<'_>) -> Result<ModelReply, Halt>;

    /// One call of a tool.
    async fn tool(&mut self, call: &ToolCall, on_failure: OnFailure) -> Result<ToolReply, Halt>;
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
