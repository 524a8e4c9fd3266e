use std::time::Duration;

use domain::agent::AgentKind;
use domain::task::{Failure, TaskKind};
use domain::{Document, TenantId, Usage};

/// Where agents' model calls go. Retrying is the caller's business alone: one call here is one call there.
#[async_trait::async_trait]
pub trait ModelProvider: Send + Sync {
    /// One call. Dropping the future ends the call.
    async fn complete(&self, call: &ModelCall) -> Result<ModelReply, ModelFailure>;
}

/// What is asked of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelCall {
    /// For which tenant, whose own keys may be used.
    pub tenant: TenantId,
    /// Which model.
    pub kind: AgentKind,
    /// How the agent is set up.
    pub configuration: Document,
    /// The shape of the work.
    pub task: TaskKind,
    /// What to work on.
    pub input: Document,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelReply {
    /// The result.
    pub output: Document,
    /// What it consumed.
    pub usage: Usage,
}

/// Why nothing came back, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFailure {
    /// A stable code and a sentence.
    pub failure: Failure,
    /// What it consumed all the same.
    pub usage: Usage,
    /// Whether another attempt makes sense, and how long to wait at least.
    pub retry: Option<Duration>,
}
