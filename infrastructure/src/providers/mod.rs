//! Model providers: which one serves an agent, and each of them in a file of its own.

mod echo;

use application::ports::{ModelCall, ModelFailure, ModelProvider, ModelReply};
use domain::Usage;
use domain::task::Failure;
use domain::text::Reason;

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
    async fn complete(&self, call: &ModelCall) -> Result<ModelReply, ModelFailure> {
        let is_echo = call.kind.as_str() == "echo" || call.kind.as_str().starts_with("echo/");
        if is_echo || self.fallback == Fallback::Echo {
            return self.echo.complete(call).await;
        }
        let message = format!("no provider is set up for agents of type {}", call.kind);
        Err(ModelFailure {
            failure: Failure {
                code: "provider.not_configured".to_owned(),
                message: Reason::from_lossy(&message),
            },
            usage: Usage::default(),
            retry: None,
        })
    }
}
