//! What tokens cost.

use application::ports::Quote;
use domain::MicroUsd;
use serde::Deserialize;

/// The version of the table below; it goes into the log with every call. A table that changes gets a new one.
pub(super) const TABLE: &str = "2026-11-27";

/// Model, and millionths of a dollar for a million tokens sent and received: the list prices of a plain call, without
/// rebates (batches, cached input, promotions) and without what very long input costs more. An entry is good for the
/// model's dated snapshots too. <https://developers.openai.com/api/docs/pricing>
const OPENAI: [(&str, u64, u64); 23] = [
    ("gpt-6-astra", 10_000_000, 50_000_000),
    ("gpt-6.1-sol", 2_000_000, 10_000_000),
    ("gpt-6-sol", 2_000_000, 10_000_000),
    ("gpt-6.1-terra", 1_000_000, 5_000_000),
    ("gpt-6-luna", 100_000, 500_000),
    ("gpt-5.6-sol", 5_000_000, 30_000_000),
    ("gpt-5.6-terra", 2_000_000, 12_000_000),
    ("gpt-5.6-luna", 200_000, 1_200_000),
    ("gpt-5.5-pro", 30_000_000, 180_000_000),
    ("gpt-5.5", 5_000_000, 30_000_000),
    ("gpt-5.4-pro", 30_000_000, 180_000_000),
    ("gpt-5.4-mini", 750_000, 4_500_000),
    ("gpt-5.4", 2_500_000, 15_000_000),
    ("gpt-5.2", 1_750_000, 14_000_000),
    ("gpt-5.1", 1_250_000, 10_000_000),
    ("gpt-5-mini", 250_000, 2_000_000),
    ("gpt-5-nano", 50_000, 400_000),
    ("gpt-5", 1_250_000, 10_000_000),
    ("gpt-4.1-mini", 400_000, 1_600_000),
    ("gpt-4.1", 2_000_000, 8_000_000),
    ("gpt-4o-mini", 150_000, 600_000),
    ("gpt-4o", 2_500_000, 10_000_000),
    ("o3", 2_000_000, 8_000_000),
];

/// The same for Anthropic. <https://platform.claude.com/docs/en/about-claude/pricing>
const ANTHROPIC: [(&str, u64, u64); 16] = [
    ("claude-fable-5-1", 10_000_000, 50_000_000),
    ("claude-fable-5", 10_000_000, 50_000_000),
    ("claude-mythos-5-1", 10_000_000, 50_000_000),
    ("claude-mythos-5", 10_000_000, 50_000_000),
    ("claude-opus-5-5", 4_000_000, 20_000_000),
    ("claude-opus-5", 5_000_000, 25_000_000),
    ("claude-opus-4-8", 5_000_000, 25_000_000),
    ("claude-opus-4-7", 5_000_000, 25_000_000),
    ("claude-opus-4-6", 5_000_000, 25_000_000),
    ("claude-opus-4-5", 5_000_000, 25_000_000),
    ("claude-sonnet-5-5", 2_000_000, 10_000_000),
    ("claude-sonnet-5", 2_000_000, 10_000_000),
    ("claude-sonnet-4-6", 3_000_000, 15_000_000),
    ("claude-sonnet-4-5", 3_000_000, 15_000_000),
    ("claude-haiku-5-5", 100_000, 500_000),
    ("claude-haiku-4-5", 1_000_000, 5_000_000),
];

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
        self.by("configuration", provider, model)
    }

    fn by(self, table: &'static str, provider: &str, model: &str) -> Quote {
        Quote {
            provider: provider.to_owned(),
            model: model.to_owned(),
            input_per_million: self.input,
            output_per_million: self.output,
            table,
        }
    }
}

/// The price of a model by the table, if it is listed.
pub(super) fn price_of(provider: &str, model: &str) -> Option<Quote> {
    let table: &[_] = match provider {
        "openai" => &OPENAI,
        "anthropic" => &ANTHROPIC,
        _ => return None,
    };
    let (_, input, output) = table.iter().find(|(listed, ..)| is_snapshot(model, listed))?;
    let price = Price { input: MicroUsd::from(*input), output: MicroUsd::from(*output) };
    Some(price.by(TABLE, provider, model))
}

/// Whether a name is a listed one, by itself or with a date: a longer name is another model, of another price.
fn is_snapshot(model: &str, listed: &str) -> bool {
    match model.strip_prefix(listed) {
        Some("" | "-latest") => true,
        Some(date) => {
            let digits = date.bytes().filter(u8::is_ascii_digit).count();
            date.starts_with('-')
                && digits >= 4
                && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use domain::TokenCount;

    use super::*;

    #[test]
    fn a_snapshot_costs_what_its_model_costs_and_another_model_is_not_guessed() {
        let input = |provider, model| price_of(provider, model).map(|quote| quote.input_per_million.get());
        assert_eq!(input("openai", "gpt-4.1"), Some(2_000_000));
        assert_eq!(input("openai", "gpt-4o-2024-08-06"), Some(2_500_000));
        assert_eq!(input("openai", "gpt-5.4-mini-2026-03-17"), Some(750_000));
        assert_eq!(input("anthropic", "claude-opus-5"), Some(5_000_000));
        assert_eq!(input("anthropic", "claude-sonnet-4-5-20250929"), Some(3_000_000));
        assert_eq!(input("anthropic", "claude-haiku-4-5-latest"), Some(1_000_000));
        for (provider, model) in [
            ("openai", "gpt-5.9"),
            ("openai", "gpt-4o-audio-preview"),
            ("anthropic", "claude-opus-5-9"),
            ("vllm", "gpt-5"),
        ] {
            assert_eq!(input(provider, model), None, "{model}");
        }
    }

    #[test]
    fn costs_are_rounded_up_once() {
        let quote = price_of("openai", "gpt-5-nano").expect("listed");
        let cost = |input, output| quote.cost(TokenCount::from(input), TokenCount::from(output)).get();
        // 0.05 and 0.4 millionths of a dollar a token.
        assert_eq!([cost(0, 0), cost(1, 0), cost(1, 1), cost(20, 5), cost(21, 5)], [0, 1, 1, 3, 4]);
        let most = quote.cost(TokenCount::from(u64::MAX), TokenCount::default());
        assert_eq!(most.get(), ((1 << 53) - 1_u64).div_ceil(20));
    }
}
