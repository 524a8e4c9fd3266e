use std::time::Duration;

use domain::agent::AgentKind;
use domain::task::Failure;
use domain::{Document, MicroUsd, TenantId, TokenCount, Usage};
use uuid::Uuid;

use super::tools::ToolSpec;

/// Where agents' model calls go. Retrying is the caller's business alone: one call here is one call there.
#[async_trait::async_trait]
pub trait ModelProvider: Send + Sync {
    /// Why a configuration cannot be read, as a clause for people. What it does not read, it passes over.
    fn read(&self, _configuration: &Document) -> Result<(), String> {
        Ok(())
    }

    /// Which model would answer an agent of the tenant now, and at what price.
    async fn quote(&self, tenant: TenantId, kind: &AgentKind, configuration: &Document) -> Quote;

    /// One call. `live` hears the text of the answer as it comes. Dropping the future ends the call.
    async fn complete(&self, call: &ModelCall, live: &dyn Live) -> Result<ModelReply, ModelFailure>;
}

/// Hears an answer as it comes.
pub trait Live: Send + Sync {
    /// The next piece of the answer's text.
    fn text(&self, piece: &str);
}

/// What a call would cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The provider, such as `openai`.
    pub provider: String,
    /// The provider's name of the model.
    pub model: String,
    /// The price of a million tokens sent.
    pub input_per_million: MicroUsd,
    /// The price of a million tokens received.
    pub output_per_million: MicroUsd,
    /// Which version of the price table says so, such as `2026-11-01`.
    pub table: &'static str,
}

impl Quote {
    /// What so many tokens cost, rounded up to a whole millionth of a dollar.
    pub fn cost(&self, input: TokenCount, output: TokenCount) -> MicroUsd {
        let share = |tokens: TokenCount, price: MicroUsd| u128::from(tokens.get()) * u128::from(price.get());
        let total = share(input, self.input_per_million) + share(output, self.output_per_million);
        MicroUsd::from(u64::try_from(total.div_ceil(1_000_000)).unwrap_or(u64::MAX))
    }
}

/// What is asked of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelCall {
    /// Which call this is; sent along where a provider recognises repeated calls by it.
    pub id: Uuid,
    /// For which tenant, whose own keys may be used.
    pub tenant: TenantId,
    /// Which model.
    pub kind: AgentKind,
    /// How the agent is set up.
    pub configuration: Document,
    /// What the model is told about its part.
    pub system: Option<String>,
    /// The conversation so far; at least one message.
    pub messages: Vec<Message>,
    /// The tools that it may ask for.
    pub tools: Vec<ToolSpec>,
    /// The most tokens that it may answer with.
    pub max_output_tokens: u32,
    /// How many model calls of this run went before, those that failed included.
    pub before: u32,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// From the person or the task.
    User(String),
    /// From the model.
    Assistant {
        /// What it said.
        text: String,
        /// The tools that it asked for.
        calls: Vec<ToolCall>,
    },
    /// What a tool answered.
    Tool {
        /// To which [`ToolCall::id`].
        call: String,
        /// What it said.
        content: String,
        /// Whether the tool failed.
        is_error: bool,
    },
}

/// A model asks for a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// The model's name for this call.
    pub id: String,
    /// Which tool.
    pub name: String,
    /// With which arguments: the text of a JSON object, as the model wrote it.
    pub arguments: String,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelReply {
    /// What the model said.
    pub text: String,
    /// The tools that it asks for; none if the text is the answer.
    pub calls: Vec<ToolCall>,
    /// Why it stopped.
    pub stop: StopReason,
    /// What it consumed, with the cost by the quote.
    pub usage: Usage,
    /// Who answered, such as `openai`; the built-in stand-in says that it is `echo`.
    pub provider: String,
    /// The model that answered, as the provider calls it.
    pub model: String,
}

/// Why a model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// It was done.
    Done,
    /// It waits for tools.
    Tools,
    /// It reached the most tokens it may answer with.
    Length,
    /// The provider cut it off for what it said.
    Filtered,
}

/// Why nothing came back, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFailure {
    /// A stable code and a sentence.
    pub failure: Failure,
    /// What it consumed all the same.
    pub usage: Usage,
    /// Whether another call makes sense.
    pub class: FailureClass,
}

/// What a failed call means for the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureClass {
    /// Nothing was sent: another call is safe.
    NeverSent,
    /// The provider has too much to do; it may say for how long.
    Limited(Option<Duration>),
    /// The provider answered that it failed.
    Unavailable,
    /// It was sent and no full answer came: the provider may have done the work.
    Ambiguous,
    /// The answer is final: wrong key, wrong request, forbidden address.
    Refused,
    /// Too many calls failed before: nothing was sent, and nothing will be for so long.
    CircuitOpen(Duration),
}
