use std::time::Duration;

use clap::Args;
use infrastructure::providers::{BaseUrls, Breaking, DeploymentKeys, Fallback, ProviderOptions};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::seconds;

/// Which models there are for organisations without keys of their own, and how long they may take.
#[derive(Args, Clone, Debug)]
pub struct ProviderSettings {
    /// Key of OpenAI for organisations that have set none
    #[arg(long, env = "OPENAI_API_KEY", hide_env_values = true)]
    pub openai_api_key: Option<SecretString>,

    /// Where OpenAI is reached [default: https://api.openai.com/v1]
    #[arg(long, env = "OPENAI_BASE_URL", value_parser = base_url)]
    pub openai_base_url: Option<BaseUrl>,

    /// Key of Anthropic for organisations that have set none
    #[arg(long, env = "ANTHROPIC_API_KEY", hide_env_values = true)]
    pub anthropic_api_key: Option<SecretString>,

    /// Where Anthropic is reached [default: https://api.anthropic.com]
    #[arg(long, env = "ANTHROPIC_BASE_URL", value_parser = base_url)]
    pub anthropic_base_url: Option<BaseUrl>,

    /// Seconds that a model may think before the head of its answer
    #[arg(long, env = "AGENTCORES_MODEL_FIRST_BYTE", default_value = "60", value_parser = seconds)]
    pub model_first_byte: Duration,

    /// Failures in a row after which a provider is left alone, for each base URL and key
    #[arg(long, env = "AGENTCORES_CIRCUIT_FAILURES", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub circuit_failures: u32,

    /// Seconds for which it is left alone
    #[arg(long, env = "AGENTCORES_CIRCUIT_PAUSE", default_value = "30", value_parser = seconds)]
    pub circuit_pause: Duration,
}

/// A base URL; none where the variable is empty, as compose files set it.
#[derive(Clone, Debug)]
pub struct BaseUrl(Option<Url>);

fn base_url(text: &str) -> Result<BaseUrl, String> {
    if text.is_empty() {
        return Ok(BaseUrl(None));
    }
    let url: Url = text.parse().map_err(|_| "must be a URL".to_owned())?;
    let is_usable =
        matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    if is_usable { Ok(BaseUrl(Some(url))) } else { Err("must be http or https, without a user".to_owned()) }
}

impl ProviderSettings {
    /// What the deployment decides about its providers.
    pub fn options(&self, fallback: Fallback) -> ProviderOptions {
        let key = |key: &Option<SecretString>| {
            let key = key.as_ref().map(|key| key.expose_secret().trim().to_owned());
            key.filter(|key| !key.is_empty()).map(SecretString::from)
        };
        let base = |base: &Option<BaseUrl>| base.clone().and_then(|base| base.0);
        ProviderOptions {
            fallback,
            keys: DeploymentKeys {
                openai: key(&self.openai_api_key),
                anthropic: key(&self.anthropic_api_key),
            },
            bases: BaseUrls {
                openai: base(&self.openai_base_url),
                anthropic: base(&self.anthropic_base_url),
            },
            first_byte: self.model_first_byte,
            breaking: Breaking { failures: self.circuit_failures, pause: self.circuit_pause },
        }
    }
}
