//! What model calls consumed: integers with a unit.

use serde::{Deserialize, Serialize};

/// The largest integer that JSON numbers carry exactly (RFC 8259, section 6).
const MAX_EXACT: u64 = (1 << 53) - 1;

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(from = "u64")]
        pub struct $name(u64);

        impl $name {
            /// The number.
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The sum, which stays at the largest value instead of overflowing.
            #[must_use]
            pub fn plus(self, other: Self) -> Self {
                Self::from(self.0.saturating_add(other.0))
            }
        }

        impl From<u64> for $name {
            fn from(count: u64) -> Self {
                Self(count.min(MAX_EXACT))
            }
        }
    )+};
}

counts! {
    /// Tokens, at most 2^53 - 1.
    TokenCount,
    /// Millionths of a US dollar, at most 2^53 - 1.
    MicroUsd,
}

impl MicroUsd {
    /// US dollars with six decimals, such as `0.001200`.
    pub fn to_decimal(self) -> String {
        format!("{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// What one attempt, or all attempts of a task, consumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens sent to the model.
    pub input_tokens: TokenCount,
    /// Tokens received from it.
    pub output_tokens: TokenCount,
    /// What that cost by the price table.
    pub cost_micro_usd: MicroUsd,
}

impl Usage {
    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.plus(other.input_tokens),
            output_tokens: self.output_tokens.plus(other.output_tokens),
            cost_micro_usd: self.cost_micro_usd.plus(other.cost_micro_usd),
        }
    }
}
