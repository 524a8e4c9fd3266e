use domain::{Document, TenantId};
use uuid::Uuid;

/// What an agent may use besides its model.
#[async_trait::async_trait]
pub trait Tools: Send + Sync {
    /// Why a configuration cannot be read, as a clause for people. What it does not read, it passes over.
    fn read(&self, _configuration: &Document) -> Result<(), String> {
        Ok(())
    }

    /// The tools an agent has: those that its capabilities grant and its configuration sets up. MCP servers are asked
    /// for theirs.
    async fn offered(&self, agent: &ToolGrant) -> Result<Vec<ToolSpec>, ToolFailure>;

    /// One call. Dropping the future ends it.
    async fn call(&self, agent: &ToolGrant, call: &ToolUse) -> Result<ToolReply, ToolFailure>;
}

/// What decides which tools an agent has.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolGrant {
    /// Whose agent.
    pub tenant: TenantId,
    /// What it may do, such as `calculator` or `mcp:files`.
    pub capabilities: Vec<String>,
    /// How it is set up.
    pub configuration: Document,
}

/// A tool, as a model is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolSpec {
    /// By what it is called: letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The text of the JSON Schema of its arguments.
    pub parameters: String,
    /// Whether a call may change something in the world, so that it must not be repeated lightly.
    pub has_side_effects: bool,
}

/// One call of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolUse {
    /// Which call this is; sent as `Idempotency-Key` where the tool is an HTTP request.
    pub id: Uuid,
    /// Which tool.
    pub name: String,
    /// The text of a JSON object.
    pub arguments: String,
}

/// What a tool answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolReply {
    /// For the model to read.
    pub content: String,
    /// Whether the tool says that it failed.
    pub is_error: bool,
}

/// Why a tool did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolFailure {
    /// A stable code such as `tool.not_granted`.
    pub code: &'static str,
    /// A sentence for people and models.
    pub message: String,
    /// Whether trying again makes no sense.
    pub is_final: bool,
}
