use num_bigint::{BigInt, Sign};
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};
use serde::Serialize;

/// The most bits of a number, numerator and denominator together. It bounds what one operation costs; with the length
/// of an expression it bounds what an expression costs.
const MAX_BITS: u64 = 4_096;
/// How many digits are shown of what no decimal number is.
const DIGITS: i64 = 40;
/// The most characters of a fraction that is shown.
const MAX_FRACTION: usize = 200;
/// The furthest place that can be rounded to.
const MAX_PLACES: i64 = 1_000;

/// A number, and whether it is what was asked for or near it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    number: BigRational,
    is_exact: bool,
}

/// Why two numbers have no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Arithmetic {
    #[error("division by zero")]
    DivisionByZero,
    #[error("the number has too many digits")]
    TooLarge,
    #[error("an exponent must be a whole number")]
    FractionalExponent,
    #[error("places must be a whole number from -1000 to 1000")]
    Places,
    #[error("no square root of a negative number")]
    NegativeRoot,
}

/// A result as it is shown.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Shown {
    pub(super) result: String,
    pub(super) exact: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fraction: Option<String>,
}

type Result<T> = std::result::Result<T, Arithmetic>;

impl Value {
    /// The number of a text of digits, with the point that many digits from its end.
    pub(super) fn decimal(digits: &str, places: i64) -> Result<Self> {
        if places.abs() > MAX_PLACES {
            return Err(Arithmetic::TooLarge);
        }
        let digits: BigInt = digits.parse().unwrap_or_default();
        let number = BigRational::from_integer(digits) / power_of_ten(places);
        bounded(Self { number, is_exact: true })
    }

    fn with(&self, other: &Self, number: BigRational) -> Result<Self> {
        bounded(Self { number, is_exact: self.is_exact && other.is_exact })
    }

    pub(super) fn plus(&self, other: &Self) -> Result<Self> {
        self.with(other, &self.number + &other.number)
    }

    pub(super) fn minus(&self, other: &Self) -> Result<Self> {
        self.with(other, &self.number - &other.number)
    }

    pub(super) fn times(&self, other: &Self) -> Result<Self> {
        self.with(other, &self.number * &other.number)
    }

    pub(super) fn over(&self, other: &Self) -> Result<Self> {
        other.require_nonzero()?;
        self.with(other, &self.number / &other.number)
    }

    pub(super) fn remainder(&self, other: &Self) -> Result<Self> {
        other.require_nonzero()?;
        let whole = (&self.number / &other.number).trunc();
        self.with(other, &self.number - whole * &other.number)
    }

    fn require_nonzero(&self) -> Result<()> {
        if self.number.is_zero() { Err(Arithmetic::DivisionByZero) } else { Ok(()) }
    }

    pub(super) fn to_the(&self, exponent: &Self) -> Result<Self> {
        if !exponent.number.is_integer() {
            return Err(Arithmetic::FractionalExponent);
        }
        if self.number.is_zero() || self.number.abs().is_one() {
            return self.trivial_power(exponent);
        }
        let power = exponent.number.numer().to_i32().ok_or(Arithmetic::TooLarge)?;
        let bits = self.number.numer().bits().max(self.number.denom().bits());
        // A power has at least this many bits; twice as many at most.
        if (bits - 1).saturating_mul(power.unsigned_abs().into()) > MAX_BITS {
            return Err(Arithmetic::TooLarge);
        }
        self.with(exponent, self.number.pow(power))
    }

    /// A power of 0, 1 or -1, however large the exponent.
    fn trivial_power(&self, exponent: &Self) -> Result<Self> {
        let power = exponent.number.numer();
        if power.is_zero() {
            return self.with(exponent, BigRational::one());
        }
        if self.number.is_zero() && power.is_negative() {
            return Err(Arithmetic::DivisionByZero);
        }
        let is_odd = power.bit(0);
        self.with(exponent, if is_odd { self.number.clone() } else { self.number.abs() })
    }

    pub(super) fn negated(&self) -> Self {
        Self { number: -&self.number, is_exact: self.is_exact }
    }

    pub(super) fn abs(&self) -> Self {
        Self { number: self.number.abs(), is_exact: self.is_exact }
    }

    pub(super) fn floor(&self) -> Self {
        Self { number: self.number.floor(), is_exact: self.is_exact }
    }

    pub(super) fn ceil(&self) -> Self {
        Self { number: self.number.ceil(), is_exact: self.is_exact }
    }

    pub(super) fn larger(self, other: Self) -> Self {
        if other.number > self.number { other } else { self }
    }

    pub(super) fn smaller(self, other: Self) -> Self {
        if other.number < self.number { other } else { self }
    }

    /// Rounded to that many places after the point; halves away from zero.
    pub(super) fn rounded(&self, places: &Self) -> Result<Self> {
        let places = places.number.is_integer().then(|| places.number.numer().to_i64()).flatten();
        let places = places.filter(|places| places.abs() <= MAX_PLACES).ok_or(Arithmetic::Places)?;
        let scale = power_of_ten(places);
        bounded(Self { number: (&self.number * &scale).round() / scale, is_exact: self.is_exact })
    }

    /// The square root: exact where there is one among the fractions, else near it.
    pub(super) fn root(&self) -> Result<Self> {
        if self.number.is_negative() {
            return Err(Arithmetic::NegativeRoot);
        }
        let (numerator, denominator) = (self.number.numer().sqrt(), self.number.denom().sqrt());
        let root = BigRational::new(numerator, denominator);
        if &root * &root == self.number {
            return bounded(Self { number: root, is_exact: self.is_exact });
        }
        let places = DIGITS - magnitude(&self.number) / 2;
        let scale = power_of_ten(places);
        let scaled = (&self.number * &scale * &scale).floor().to_integer().sqrt();
        bounded(Self { number: BigRational::from_integer(scaled) / scale, is_exact: false })
    }

    /// The number in decimal, and as a fraction where it has no end in decimal.
    pub(super) fn shown(&self) -> Shown {
        if let Some(places) = decimal_places(self.number.denom()) {
            let scaled = (&self.number * power_of_ten(places)).to_integer();
            return Shown { result: pointed(&scaled, places), exact: self.is_exact, fraction: None };
        }
        let places = DIGITS - magnitude(&self.number);
        let scaled = (&self.number * power_of_ten(places)).round().to_integer();
        let fraction =
            self.is_exact.then(|| self.number.to_string()).filter(|text| text.len() <= MAX_FRACTION);
        Shown { result: pointed(&scaled, places), exact: false, fraction }
    }
}

fn bounded(value: Value) -> Result<Value> {
    let bits = value.number.numer().bits() + value.number.denom().bits();
    if bits > MAX_BITS { Err(Arithmetic::TooLarge) } else { Ok(value) }
}

fn ten_to(power: u32) -> BigInt {
    BigInt::from(10).pow(power)
}

fn power_of_ten(power: i64) -> BigRational {
    let by = ten_to(u32::try_from(power.unsigned_abs()).unwrap_or(u32::MAX));
    if power < 0 { BigRational::new(BigInt::one(), by) } else { BigRational::from_integer(by) }
}

/// How many digits stand before the point, or, negative, how many zeros after it; by one too many or too few.
fn magnitude(number: &BigRational) -> i64 {
    let digits = |part: &BigInt| i64::try_from(part.magnitude().to_string().len()).unwrap_or(i64::MAX);
    digits(number.numer()) - digits(number.denom())
}

/// How many places a fraction with this denominator has in decimal; nothing if it never ends.
fn decimal_places(denominator: &BigInt) -> Option<i64> {
    let mut rest = denominator.clone();
    let mut count = |factor: u32| {
        let mut times = 0_i64;
        while (&rest % factor).is_zero() {
            rest /= factor;
            times += 1;
        }
        times
    };
    let (twos, fives) = (count(2), count(5));
    rest.is_one().then(|| twos.max(fives))
}

/// The digits of a whole number with the point that many digits from its end.
fn pointed(scaled: &BigInt, places: i64) -> String {
    let sign = if scaled.sign() == Sign::Minus { "-" } else { "" };
    let digits = scaled.magnitude().to_string();
    let Ok(places) = usize::try_from(places) else {
        let zeros = usize::try_from(places.unsigned_abs()).unwrap_or_default();
        return format!("{sign}{digits}{}", "0".repeat(zeros));
    };
    let digits = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}
