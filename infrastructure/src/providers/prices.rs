//! What tokens cost.

use application::ports::Quote;
use domain::MicroUsd;
use serde::Deserialize;

/// The price of a million tokens, as `price` in a configuration states it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Price {
    /// Of tokens sent.
    #[serde(rename = "input_micro_usd_per_million")]
    pub(super) input: MicroUsd,
    /// Of tokens received.
    #[serde(rename = "output_micro_usd_per_million")]
    pub(super) output: MicroUsd,
}

impl Price {
    /// The quote of a model whose price the configuration states.
    pub(super) fn quote(self, provider: &str, model: &str) -> Quote {
        Quote {
            provider: provider.to_owned(),
            model: model.to_owned(),
            input_per_million: self.input,
            output_per_million: self.output,
            table: "configuration",
        }
    }
}
