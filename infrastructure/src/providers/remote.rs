//! What an agent's type and configuration lead to.
//!
//! The type names provider and model (`openai/gpt-4.1`, or one of the short forms); `configuration` may name others and
//! says how the model is asked. Other members of the configuration are not this room's business.

use application::ports::{ModelFailure, Quote};
use domain::agent::AgentKind;
use domain::{Document, MicroUsd};
use reqwest::Url;
use serde::Deserialize;

use super::failure::misconfigured;
use super::prices::{Price, price_of};

/// What the short forms stand for. GPT-4 itself has ended; this is what answers in its place at a similar price.
const DEFAULT_OPENAI_MODEL: &str = "gpt-5.4";
const DEFAULT_ANTHROPIC_MODEL: &str = "claude-sonnet-4-6";

/// The longest name of a model.
const MAX_MODEL: usize = 200;

/// Where models are that need no base URL of their own. A deployment may reach the first two in other places.
const OPENAI: &str = "https://api.openai.com/v1";
const ANTHROPIC: &str = "https://api.anthropic.com";
const OPENROUTER: &str = "https://openrouter.ai/api/v1";
const OLLAMA: &str = "http://localhost:11434/v1";

/// Where a deployment reaches OpenAI and Anthropic, where that is not the usual place.
#[derive(Clone, Debug, Default)]
pub struct BaseUrls {
    /// In place of `https://api.openai.com/v1`.
    pub openai: Option<Url>,
    /// In place of `https://api.anthropic.com`.
    pub anthropic: Option<Url>,
}

/// Which provider answers an agent.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Route {
    /// The built-in one that repeats what it is asked.
    Echo,
    /// The built-in one that plays a script.
    Scripted,
    /// One that is called.
    Remote(Box<Remote>),
    /// Nobody knows where this provider is.
    Unknown,
}

/// How a provider is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    OpenAi,
    Anthropic,
    Custom,
}

/// Who named the base URL, and so which keys it may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NamedBy {
    /// Nobody: it is the provider's own.
    Provider,
    /// The settings of the deployment.
    Deployment,
    /// The agent's configuration: it never gets a key of the deployment.
    Agent,
}

/// A provider that is called, and how.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Remote {
    pub(super) protocol: Protocol,
    pub(super) base: Url,
    pub(super) named_by: NamedBy,
    /// Who answers, and at what price.
    pub(super) quote: Quote,
    pub(super) system: Option<String>,
    pub(super) temperature: Option<serde_json::Number>,
}

/// What of a configuration this room reads.
#[derive(Default, Deserialize)]
pub(super) struct Configuration {
    provider: Option<String>,
    model: Option<String>,
    base_url: Option<String>,
    endpoint: Option<String>,
    system_prompt: Option<String>,
    temperature: Option<serde_json::Number>,
    price: Option<Price>,
}

impl Route {
    /// Of an agent, in a deployment with these base URLs.
    pub(super) fn of(
        kind: &AgentKind,
        configuration: &Document,
        bases: &BaseUrls,
    ) -> Result<Self, ModelFailure> {
        let read = Configuration::read(configuration)?;
        let (of_kind, model) = named(kind);
        let provider = match &read.provider {
            Some(provider) => provider.to_ascii_lowercase(),
            None => of_kind.clone(),
        };
        // A short form's model is its own provider's.
        let is_pair = kind.as_str().contains('/');
        let model = model.filter(|_| is_pair || provider == of_kind);
        let model = read.model.clone().or(model);
        let (protocol, base, named_by) = match (provider.as_str(), &read.base_url) {
            ("echo", _) => return Ok(Self::Echo),
            ("scripted", _) => return Ok(Self::Scripted),
            ("custom", _) => (Protocol::Custom, read.endpoint.clone(), NamedBy::Agent),
            ("anthropic", Some(url)) => (Protocol::Anthropic, Some(url.clone()), NamedBy::Agent),
            (_, Some(url)) => (Protocol::OpenAi, Some(url.clone()), NamedBy::Agent),
            ("openai", None) => own(Protocol::OpenAi, bases.openai.as_ref(), OPENAI),
            ("anthropic", None) => own(Protocol::Anthropic, bases.anthropic.as_ref(), ANTHROPIC),
            ("openrouter", None) => own(Protocol::OpenAi, None, OPENROUTER),
            ("ollama", None) => own(Protocol::OpenAi, None, OLLAMA),
            _ => return Ok(Self::Unknown),
        };
        let Some(base) = base else {
            return Err(misconfigured("the configuration names no endpoint"));
        };
        let base = base.parse().map_err(|_| misconfigured("the base URL or endpoint is no URL"))?;
        let model = model
            .unwrap_or_else(|| if protocol == Protocol::Custom { provider.clone() } else { String::new() });
        if model.is_empty() || model.len() > MAX_MODEL || model.chars().any(char::is_control) {
            return Err(misconfigured("the configuration names no model"));
        }
        let quote = read.quote(&provider, &model, named_by);
        let Configuration { system_prompt, temperature, .. } = read;
        let remote = Remote { protocol, base, named_by, quote, system: system_prompt, temperature };
        Ok(Self::Remote(Box::new(remote)))
    }
}

/// The base URL of a provider that has a place of its own.
fn own(protocol: Protocol, of_deployment: Option<&Url>, usual: &str) -> (Protocol, Option<String>, NamedBy) {
    match of_deployment {
        Some(url) => (protocol, Some(url.to_string()), NamedBy::Deployment),
        None => (protocol, Some(usual.to_owned()), NamedBy::Provider),
    }
}

/// The provider that an agent's type names, and the model.
fn named(kind: &AgentKind) -> (String, Option<String>) {
    let (provider, model) = match kind.as_str() {
        "gpt-4" => ("openai", Some(DEFAULT_OPENAI_MODEL)),
        "claude" => ("anthropic", Some(DEFAULT_ANTHROPIC_MODEL)),
        text => text.split_once('/').map_or((text, None), |(provider, model)| (provider, Some(model))),
    };
    (provider.to_ascii_lowercase(), model.map(str::to_owned))
}

impl Configuration {
    pub(super) fn read(configuration: &Document) -> Result<Self, ModelFailure> {
        serde_json::from_str(configuration.as_str())
            .map_err(|error| misconfigured(&format!("the configuration cannot be used: {error}")))
    }

    /// The table's price is for the places that it was taken from; elsewhere, and of a model that it does not list, the
    /// price is what the configuration states.
    fn quote(&self, provider: &str, model: &str, named_by: NamedBy) -> Quote {
        let of_table = match named_by {
            NamedBy::Provider | NamedBy::Deployment => price_of(provider, model),
            NamedBy::Agent => None,
        };
        of_table
            .or_else(|| Some(self.price?.quote(provider, model)))
            .unwrap_or_else(|| unpriced(provider, model))
    }
}

/// Of a model whose price nobody told: it is booked as costing nothing, and `table` says why.
pub(super) fn unpriced(provider: &str, model: &str) -> Quote {
    Quote {
        provider: provider.to_owned(),
        model: model.to_owned(),
        input_per_million: MicroUsd::default(),
        output_per_million: MicroUsd::default(),
        table: "unpriced",
    }
}

#[cfg(test)]
mod tests {
    use application::ports::FailureClass;

    use super::*;

    fn route(kind: &str, configuration: &str) -> Result<Route, ModelFailure> {
        let bases = BaseUrls { anthropic: Some("http://proxy:1/a".parse().unwrap()), ..BaseUrls::default() };
        Route::of(&kind.parse().unwrap(), &Document::parse(configuration).unwrap(), &bases)
    }

    fn remote(kind: &str, configuration: &str) -> (String, String, String, NamedBy) {
        match route(kind, configuration).unwrap() {
            Route::Remote(remote) => {
                let Remote { base, named_by, quote, .. } = *remote;
                (quote.provider, quote.model, base.to_string(), named_by)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn types_and_configurations_lead_to_provider_model_and_place() {
        use NamedBy::{Agent, Deployment, Provider};
        for (kind, configuration, provider, model, base, named_by) in [
            ("gpt-4", "{}", "openai", "gpt-5.4", "https://api.openai.com/v1", Provider),
            ("claude", "{}", "anthropic", "claude-sonnet-4-6", "http://proxy:1/a", Deployment),
            ("gpt-4", r#"{"model": "gpt-5"}"#, "openai", "gpt-5", "https://api.openai.com/v1", Provider),
            (
                "openai/gpt-4o",
                r#"{"base_url": "http://a.example/v1"}"#,
                "openai",
                "gpt-4o",
                "http://a.example/v1",
                Agent,
            ),
            (
                "openrouter/meta/llama",
                "{}",
                "openrouter",
                "meta/llama",
                "https://openrouter.ai/api/v1",
                Provider,
            ),
            ("Ollama/llama3:8b", "{}", "ollama", "llama3:8b", "http://localhost:11434/v1", Provider),
            (
                "openai/gpt-4o",
                r#"{"provider": "openrouter"}"#,
                "openrouter",
                "gpt-4o",
                "https://openrouter.ai/api/v1",
                Provider,
            ),
            (
                "custom",
                r#"{"endpoint": "https://a.example/x"}"#,
                "custom",
                "custom",
                "https://a.example/x",
                Agent,
            ),
            (
                "custom",
                r#"{"provider": "vllm", "model": "m", "base_url": "https://v.example"}"#,
                "vllm",
                "m",
                "https://v.example/",
                Agent,
            ),
        ] {
            let expected = (provider.to_owned(), model.to_owned(), base.to_owned(), named_by);
            assert_eq!(remote(kind, configuration), expected, "{kind} {configuration}");
        }
        assert_eq!(route("echo", "{}"), Ok(Route::Echo));
        assert_eq!(route("custom", r#"{"provider": "scripted"}"#), Ok(Route::Scripted));
        assert_eq!(route("vllm/llama", "{}"), Ok(Route::Unknown));
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        for (kind, configuration, why) in [
            ("custom", "{}", "names no endpoint"),
            ("gpt-4", r#"{"provider": "openrouter"}"#, "names no model"),
            ("gpt-4", r#"{"model": ""}"#, "names no model"),
            ("gpt-4", r#"{"temperature": "hot"}"#, "number"),
            ("gpt-4", r#"{"base_url": "nowhere"}"#, "no URL"),
        ] {
            let failure = route(kind, configuration).unwrap_err();
            assert_eq!(
                (&*failure.failure.code, failure.class),
                ("agent.misconfigured", FailureClass::Refused)
            );
            assert!(failure.failure.message.as_str().contains(why), "{failure:?}");
        }
    }

    #[test]
    fn a_price_comes_from_the_table_or_the_configuration_or_is_unknown() {
        let price = r#""price": {"input_micro_usd_per_million": 7, "output_micro_usd_per_million": 8}"#;
        let quote = |kind: &str, configuration: String| match route(kind, &configuration).unwrap() {
            Route::Remote(remote) => (remote.quote.input_per_million.get(), remote.quote.table),
            other => panic!("{other:?}"),
        };
        let listed = super::super::prices::TABLE;
        assert_eq!(quote("gpt-4", format!("{{{price}}}")), (2_500_000, listed));
        assert_eq!(quote("claude", "{}".to_owned()), (3_000_000, listed));
        assert_eq!(quote("openai/gpt-99", "{}".to_owned()), (0, "unpriced"));
        assert_eq!(quote("openai/gpt-99", format!("{{{price}}}")), (7, "configuration"));
        let elsewhere = r#""base_url": "https://a.example/v1""#;
        assert_eq!(quote("gpt-4", format!("{{{elsewhere}}}")), (0, "unpriced"));
        assert_eq!(quote("gpt-4", format!("{{{elsewhere}, {price}}}")), (7, "configuration"));
    }
}
