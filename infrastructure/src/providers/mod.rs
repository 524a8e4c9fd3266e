//! Model providers: which one serves an agent, and each of them in a file of its own.
//!
//! [`remote`] reads what an agent's type and configuration lead to, [`wire`] makes the one request of a call and reads
//! the answer, and each protocol ([`openai`], [`anthropic`], [`custom`]) is a [`wire::Dialect`]. Nothing is tried twice:
//! [`FailureClass`] tells the caller what another call would mean.

mod anthropic;
mod circuits;
mod custom;
mod draft;
mod echo;
mod failure;
mod fault;
mod keys;
mod openai;
mod prices;
mod redact;
mod refusal;
mod remote;
mod scripted;
mod sse;
mod tokens;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use application::ports::{
    Clock, FailureClass, Live, ModelCall, ModelFailure, ModelProvider, ModelReply, ProviderKeys, Quote,
};
use domain::agent::AgentKind;
use domain::{Document, TenantId};

use crate::outbound::Outbound;

use circuits::Circuits;
use failure::failed;
use keys::Keyed;
use remote::{Protocol, Remote, Route};
use wire::{Dialect, Line};

pub use circuits::Breaking;
pub use echo::Echo;
pub use keys::DeploymentKeys;
pub use remote::BaseUrls;
pub use scripted::Scripted;

/// How long a model may think before the head of its answer, unless a deployment says otherwise.
pub const FIRST_BYTE_WITHIN: Duration = Duration::from_secs(60);

/// Sends each call to the provider of its agent.
pub struct Providers {
    options: ProviderOptions,
    outbound: Outbound,
    keys: Arc<dyn ProviderKeys>,
    circuits: Circuits,
    clock: Arc<dyn Clock>,
}

/// What a deployment decides about its providers.
#[derive(Clone, Debug)]
pub struct ProviderOptions {
    /// What becomes of an agent whose provider is not set up.
    pub fallback: Fallback,
    /// The keys of organisations that have none of their own.
    pub keys: DeploymentKeys,
    /// Where providers are, if not where they usually are.
    pub bases: BaseUrls,
    /// How long a model may think before the head of its answer.
    pub first_byte: Duration,
    /// When who fails is left alone.
    pub breaking: Breaking,
}

/// What becomes of an agent whose provider is not set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// The built-in echo answers in its place and says so: for development without keys.
    Echo,
    /// The attempt fails.
    Fail,
}

impl ProviderOptions {
    /// Without any key, and with the usual patience.
    pub fn new(fallback: Fallback) -> Self {
        Self {
            fallback,
            keys: DeploymentKeys::default(),
            bases: BaseUrls::default(),
            first_byte: FIRST_BYTE_WITHIN,
            breaking: Breaking::default(),
        }
    }
}

impl Providers {
    /// The providers of a deployment.
    pub fn new(
        options: ProviderOptions,
        outbound: Outbound,
        keys: Arc<dyn ProviderKeys>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let circuits = Circuits::new(options.breaking);
        Self { options, outbound, keys, circuits, clock }
    }

    async fn call_remote(
        &self,
        remote: &Remote,
        call: &ModelCall,
        live: &dyn Live,
    ) -> Result<ModelReply, ModelFailure> {
        let key = match self.key_for(call.tenant, remote).await? {
            Keyed::With(key) => Some(key),
            Keyed::Without => None,
            Keyed::NotSetUp => return self.without(call, live).await,
        };
        let pass = self.circuits.enter(circuits::name(remote, key.as_ref()), self.clock.instant()).map_err(
            |wait| {
                let message = "the provider failed too often and is left alone for a while";
                failed("provider.circuit_open", message, FailureClass::CircuitOpen(wait))
            },
        )?;
        let dialect: &dyn Dialect = match remote.protocol {
            Protocol::OpenAi => &openai::OpenAi,
            Protocol::Anthropic => &anthropic::Anthropic,
            Protocol::Custom => &custom::Custom,
        };
        let first_byte = self.options.first_byte;
        let to_provider = Line { outbound: &self.outbound, first_byte, remote, key: key.as_ref() };
        let answered = to_provider.call(dialect, call, live).await;
        pass.ended(answered.as_ref().err().map(|failure| failure.class), self.clock.instant());
        answered
    }

    async fn is_not_set_up(&self, tenant: TenantId, remote: &Remote) -> bool {
        matches!(self.key_for(tenant, remote).await, Ok(Keyed::NotSetUp))
    }

    /// What becomes of a call whose provider is not set up.
    async fn without(&self, call: &ModelCall, live: &dyn Live) -> Result<ModelReply, ModelFailure> {
        match self.options.fallback {
            Fallback::Echo => Echo.complete(call, live).await,
            Fallback::Fail => {
                let message = format!("no provider is set up for agents of type {}", call.kind);
                Err(failed("provider.not_configured", &message, FailureClass::Refused))
            }
        }
    }
}

#[async_trait::async_trait]
impl ModelProvider for Providers {
    fn read(&self, configuration: &Document) -> Result<(), String> {
        remote::Configuration::read(configuration)
            .map(drop)
            .and_then(|()| scripted::Play::read(configuration).map(drop))
            .map_err(|failure| failure.failure.message.to_string())
    }

    async fn quote(&self, tenant: TenantId, kind: &AgentKind, configuration: &Document) -> Quote {
        let stands_in = self.options.fallback == Fallback::Echo;
        match Route::of(kind, configuration, &self.options.bases) {
            Ok(Route::Scripted) => Scripted.quote(tenant, kind, configuration).await,
            Ok(Route::Remote(remote)) if !(stands_in && self.is_not_set_up(tenant, &remote).await) => {
                remote.quote
            }
            Ok(Route::Echo | Route::Remote(_)) => Echo.quote(tenant, kind, configuration).await,
            Ok(Route::Unknown) if stands_in => Echo.quote(tenant, kind, configuration).await,
            Ok(Route::Unknown) | Err(_) => remote::unpriced(kind.as_str(), ""),
        }
    }

    async fn complete(&self, call: &ModelCall, live: &dyn Live) -> Result<ModelReply, ModelFailure> {
        match Route::of(&call.kind, &call.configuration, &self.options.bases)? {
            Route::Echo => Echo.complete(call, live).await,
            Route::Scripted => Scripted.complete(call, live).await,
            Route::Remote(remote) => self.call_remote(&remote, call, live).await,
            Route::Unknown => self.without(call, live).await,
        }
    }
}
