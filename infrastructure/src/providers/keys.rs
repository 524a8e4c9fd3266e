//! Which key a call is made with.
//!
//! Whoever may set an agent up names base URLs; only administrators set keys. So a base URL that an agent names gets
//! neither a key of the deployment nor an organisation's key of one of the providers below, which have places of their
//! own. It gets the organisation's key of the provider's name where that is another one, such as `vllm`.

use application::ports::{FailureClass, ModelFailure};
use domain::TenantId;
use domain::tenant::Provider;
use secrecy::SecretString;

use super::Providers;
use super::failure::failed;
use super::remote::{NamedBy, Protocol, Remote};

/// Providers whose keys go to their own places only.
const WITH_OWN_PLACE: [&str; 4] = ["openai", "anthropic", "openrouter", "ollama"];

/// The keys of a deployment, for organisations that have set none of their own.
#[derive(Clone, Debug, Default)]
pub struct DeploymentKeys {
    /// Of OpenAI.
    pub openai: Option<SecretString>,
    /// Of Anthropic.
    pub anthropic: Option<SecretString>,
}

impl DeploymentKeys {
    fn of(&self, provider: &str) -> Option<&SecretString> {
        match provider {
            "openai" => self.openai.as_ref(),
            "anthropic" => self.anthropic.as_ref(),
            _ => None,
        }
    }
}

/// What there is to make a call with.
pub(super) enum Keyed {
    /// This key.
    With(SecretString),
    /// None, which will do.
    Without,
    /// None, where there must be one.
    NotSetUp,
}

impl Providers {
    /// The key of a call.
    pub(super) async fn key_for(&self, tenant: TenantId, remote: &Remote) -> Result<Keyed, ModelFailure> {
        let provider = remote.quote.provider.as_str();
        let is_own = || WITH_OWN_PLACE.contains(&provider);
        let may_be_sent =
            remote.protocol == Protocol::Custom || remote.named_by != NamedBy::Agent || !is_own();
        if !may_be_sent {
            return Ok(Keyed::Without);
        }
        let own = match provider.parse::<Provider>() {
            Ok(provider) => self.keys.open(tenant, &provider).await.map_err(|_| {
                let message = "the organisation's key cannot be read at the moment";
                failed("provider.key_unavailable", message, FailureClass::NeverSent)
            })?,
            Err(_) => None,
        };
        let of_deployment = match remote.named_by {
            NamedBy::Provider | NamedBy::Deployment => self.options.keys.of(provider).cloned(),
            NamedBy::Agent => None,
        };
        let needs_one = match remote.named_by {
            NamedBy::Provider => provider != "ollama",
            NamedBy::Deployment => false,
            NamedBy::Agent => remote.protocol == Protocol::Custom,
        };
        match own.or(of_deployment) {
            Some(key) => Ok(Keyed::With(key)),
            None if needs_one => Ok(Keyed::NotSetUp),
            None => Ok(Keyed::Without),
        }
    }
}
