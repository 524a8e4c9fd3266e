//! Model providers: which one serves an agent, and each of them in a file of its own.

mod echo;
mod failure;
mod prices;
mod scripted;
mod tokens;

use application::ports::{FailureClass, Live, ModelCall, ModelFailure, ModelProvider, ModelReply, Quote};
use domain::Document;
use domain::agent::AgentKind;

use failure::failed;

pub use echo::Echo;
pub use scripted::Scripted;

/// Sends each call to the provider of its agent.
pub struct Providers {
    echo: Echo,
    fallback: Fallback,
}

/// What becomes of an agent whose provider is not set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// The built-in echo answers in its place and says so: for development without keys.
    Echo,
    /// The attempt fails.
    Fail,
}

impl Providers {
    /// The providers of a deployment.
    pub const fn new(fallback: Fallback) -> Self {
        Self { echo: Echo, fallback }
    }
}

/// The provider that an agent's type names.
fn provider_of(kind: &AgentKind) -> &str {
    kind.as_str().split('/').next().unwrap_or_default()
}

#[async_trait::async_trait]
impl ModelProvider for Providers {
    fn quote(&self, kind: &AgentKind, configuration: &Document) -> Quote {
        match provider_of(kind) {
            "scripted" => Scripted.quote(kind, configuration),
            _ => self.echo.quote(kind, configuration),
        }
    }

    async fn complete(&self, call: &ModelCall, live: &dyn Live) -> Result<ModelReply, ModelFailure> {
        match (provider_of(&call.kind), self.fallback) {
            ("scripted", _) => Scripted.complete(call, live).await,
            ("echo", _) | (_, Fallback::Echo) => self.echo.complete(call, live).await,
            (_, Fallback::Fail) => {
                let message = format!("no provider is set up for agents of type {}", call.kind);
                Err(failed("provider.not_configured", &message, FailureClass::Refused))
            }
        }
    }
}
