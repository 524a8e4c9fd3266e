//! What calls are made with.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use application::ports::{
    FailureClass, Live, Message, ModelCall, ModelFailure, ModelProvider, ModelReply, ProviderKeys, SealedKey,
    Unavailable,
};
use domain::tenant::Provider;
use domain::{Document, TenantId};
use infrastructure::clock::SystemClock;
use infrastructure::outbound::{Outbound, OutboundPolicy, Patience, PlainHttp};
use infrastructure::providers::{BaseUrls, Breaking, DeploymentKeys, Fallback, ProviderOptions, Providers};
use secrecy::SecretString;
use serde_json::Value;
use uuid::Uuid;

use crate::fake::{Fake, Part};

/// The deployment's keys.
pub(crate) const OPENAI_KEY: &str = "sk-deployment-0penA1-7f3k9q2m";
pub(crate) const ANTHROPIC_KEY: &str = "sk-deployment-anthr0p1c-8d4w6z1x";
/// How long anything may take here; more than it does on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// The keys of the one tenant.
#[derive(Clone, Default)]
pub(crate) struct Keys(pub(crate) Vec<(&'static str, &'static str)>);

#[async_trait::async_trait]
impl ProviderKeys for Keys {
    async fn seal(&self, _: TenantId, _: &Provider, _: &SecretString) -> Result<SealedKey, Unavailable> {
        Err(Unavailable)
    }

    async fn open(&self, _: TenantId, provider: &Provider) -> Result<Option<SecretString>, Unavailable> {
        let found = self.0.iter().find(|(name, _)| *name == provider.as_str());
        Ok(found.map(|(_, key)| (*key).into()))
    }
}

/// Hears the pieces of an answer.
#[derive(Default)]
pub(crate) struct Heard(Mutex<Vec<String>>);

impl Heard {
    pub(crate) fn pieces(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Live for Heard {
    fn text(&self, piece: &str) {
        self.0.lock().unwrap().push(piece.to_owned());
    }
}

pub(crate) fn options(fake: &Fake) -> ProviderOptions {
    ProviderOptions {
        keys: DeploymentKeys { openai: Some(OPENAI_KEY.into()), anthropic: Some(ANTHROPIC_KEY.into()) },
        bases: BaseUrls {
            openai: Some(fake.openai().parse().unwrap()),
            anthropic: Some(fake.anthropic().parse().unwrap()),
        },
        first_byte: PATIENCE,
        breaking: Breaking { failures: 1_000, ..Breaking::default() },
        ..ProviderOptions::new(Fallback::Fail)
    }
}

/// Providers that may reach this machine.
pub(crate) fn providers(options: ProviderOptions, keys: &Keys) -> Providers {
    crate::capture::begin();
    let policy = OutboundPolicy { allow: "127.0.0.1".parse().unwrap(), plain_http: PlainHttp::Allowed };
    let patience = Patience { connect: PATIENCE, first_byte: PATIENCE, silence: PATIENCE };
    Providers::new(
        options,
        Outbound::patient(policy, patience),
        Arc::new(keys.clone()),
        Arc::new(SystemClock),
    )
}

/// A call of an agent of this type and configuration.
pub(crate) fn call(kind: &str, configuration: &Value) -> ModelCall {
    ModelCall {
        id: Uuid::new_v4(),
        tenant: TenantId(Uuid::nil()),
        kind: kind.parse().unwrap(),
        configuration: Document::parse(&configuration.to_string()).unwrap(),
        system: None,
        messages: vec![Message::User("What is 6 times 7?".to_owned())],
        tools: vec![],
        max_output_tokens: 1_000,
        before: 0,
    }
}

/// The type of an agent that the server answers as this.
pub(crate) fn kind(part: Part) -> &'static str {
    match part {
        Part::OpenAi => "gpt-4",
        Part::Anthropic => "claude",
        Part::Custom => "custom",
    }
}

pub(crate) async fn ask(
    providers: &Providers,
    call: &ModelCall,
) -> (Result<ModelReply, ModelFailure>, Vec<String>) {
    let heard = Heard::default();
    let answered = providers.complete(call, &heard).await;
    (answered, heard.pieces())
}

/// The name of a class in the table of modes.
pub(crate) fn class(class: FailureClass) -> &'static str {
    match class {
        FailureClass::NeverSent => "never sent",
        FailureClass::Limited(_) => "limited",
        FailureClass::Unavailable => "unavailable",
        FailureClass::Ambiguous => "ambiguous",
        FailureClass::Refused => "refused",
        FailureClass::CircuitOpen(_) => "circuit open",
    }
}
