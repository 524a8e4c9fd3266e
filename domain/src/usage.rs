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

impl std::str::FromStr for MicroUsd {
    type Err = &'static str;

    /// US dollars as plain decimal digits, with up to six of them after the point.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "malformed: must be an amount such as 25.00, with at most six decimals";
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !are_digits(whole) || !are_digits(fraction) || fraction.len() > 6 {
            return Err(FORM);
        }
        let amount = format!("{whole}{fraction:0<6}").parse::<u64>().ok();
        let most = "out_of_range: must be at most 9007199254.740991";
        amount.filter(|amount| *amount <= MAX_EXACT).map(Self).ok_or(most)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_to_the_millionth_or_not_at_all() {
        for (text, amount) in
            [("0", 0), ("25", 25_000_000), ("25.5", 25_500_000), ("0.000001", 1), ("007.10", 7_100_000)]
        {
            assert_eq!(text.parse(), Ok(MicroUsd(amount)), "{text}");
        }
        let most = MicroUsd(MAX_EXACT);
        assert_eq!(most.to_decimal().parse(), Ok(most));
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e3",
            "1,5",
            " 1",
            "1.0000001",
            "9007199254.740992",
            "99999999999999999999",
        ] {
            assert!(text.parse::<MicroUsd>().is_err(), "{text}");
        }
    }
}
