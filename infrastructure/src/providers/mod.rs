//! Model providers: which one serves an agent, and each of them in a file of its own.

mod echo;

use application::ports::{FailureClass, Live, ModelCall, ModelFailure, ModelProvider, ModelReply, Quote};
use domain::agent::AgentKind;
use domain::task::Failure;
use domain::text::Reason;
use domain::{Document, Usage};

pub use echo::Echo;

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

#[async_trait::async_trait]
impl ModelProvider for Providers {
    fn quote(&self, kind: &AgentKind, configuration: &Document) -> Quote {
        self.echo.quote(kind, configuration)
    }

    async fn complete(&self, call: &ModelCall, live: &dyn Live) -> Result<ModelReply, ModelFailure> {
        let is_echo = call.kind.as_str() == "echo" || call.kind.as_str().starts_with("echo/");
        if is_echo || self.fallback == Fallback::Echo {
            return self.echo.complete(call, live).await;
        }
        let message = format!("no provider is set up for agents of type {}", call.kind);
        Err(ModelFailure {
            failure: Failure {
                code: "provider.not_configured".to_owned(),
                message: Reason::from_lossy(&message),
            },
            usage: Usage::default(),
            class: FailureClass::Refused,
        })
    }
}
