use super::number::{Arithmetic, Value};

/// The most characters of an expression.
const MAX_LENGTH: usize = 1_000;
/// The most levels of parentheses, signs, powers and functions. Each takes some frames of the stack.
const MAX_DEPTH: usize = 64;
/// The most digits of an exponent behind `e`.
const MAX_EXPONENT_DIGITS: usize = 4;

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CalculatorError {
    #[error("the expression has more than {MAX_LENGTH} characters")]
    TooLong,
    #[error("the expression nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
    #[error("at character {at}: expected {expected}")]
    Syntax { at: usize, expected: &'static str },
    #[error(
        "at character {at}: there is no function {name}; there are abs, ceil, floor, max, min, round, sqrt"
    )]
    Unknown { at: usize, name: String },
    #[error("at character {at}: {name} takes {takes}")]
    Arguments { at: usize, name: &'static str, takes: &'static str },
    #[error(transparent)]
    Arithmetic(#[from] Arithmetic),
}

type Result<T> = std::result::Result<T, CalculatorError>;

/// The value of an expression.
///
/// ```text
/// sum     = product { ("+" | "-") product }
/// product = signed { ("*" | "/" | "%") signed }
/// signed  = ("+" | "-") signed | power
/// power   = atom [ ("^" | "**") signed ]
/// atom    = number | function "(" sum { "," sum } ")" | "(" sum ")"
/// ```
pub(super) fn evaluate(expression: &str) -> Result<Value> {
    if expression.chars().count() > MAX_LENGTH {
        return Err(CalculatorError::TooLong);
    }
    let plain = |c| match c {
        '×' | '·' => '*',
        '÷' => '/',
        '−' => '-',
        other => other,
    };
    let mut parser = Parser { text: expression.chars().map(plain).collect(), at: 0, depth: 0 };
    let value = parser.sum()?;
    parser.skip_spaces();
    if parser.at < parser.text.len() { Err(parser.expected("an operator or the end")) } else { Ok(value) }
}

struct Parser {
    text: Vec<char>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn sum(&mut self) -> Result<Value> {
        let mut left = self.product()?;
        loop {
            left = match self.peek() {
                Some('+') => left.plus(&self.next(Self::product)?)?,
                Some('-') => left.minus(&self.next(Self::product)?)?,
                _ => return Ok(left),
            };
        }
    }

    fn product(&mut self) -> Result<Value> {
        let mut left = self.signed()?;
        loop {
            left = match self.peek() {
                Some('*') => left.times(&self.next(Self::signed)?)?,
                Some('/') => left.over(&self.next(Self::signed)?)?,
                Some('%') => left.remainder(&self.next(Self::signed)?)?,
                _ => return Ok(left),
            };
        }
    }

    /// Every way to nest leads through here, so this is where depth is counted.
    fn signed(&mut self) -> Result<Value> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(CalculatorError::TooDeep);
        }
        let value = match self.peek() {
            Some('-') => self.next(Self::signed)?.negated(),
            Some('+') => self.next(Self::signed)?,
            _ => self.power()?,
        };
        self.depth -= 1;
        Ok(value)
    }

    fn power(&mut self) -> Result<Value> {
        let base = self.atom()?;
        match (self.peek(), self.text.get(self.at + 1)) {
            (Some('*'), Some('*')) => {
                self.at += 1;
                Ok(base.to_the(&self.next(Self::signed)?)?)
            }
            (Some('^'), _) => Ok(base.to_the(&self.next(Self::signed)?)?),
            _ => Ok(base),
        }
    }

    fn atom(&mut self) -> Result<Value> {
        match self.peek() {
            Some('(') => {
                let value = self.next(Self::sum)?;
                self.close(")")?;
                Ok(value)
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c.is_ascii_alphabetic() => self.function(),
            _ => Err(self.expected("a number, a function or an opening parenthesis")),
        }
    }

    fn number(&mut self) -> Result<Value> {
        let whole = self.digits();
        let is_pointed = self.text.get(self.at) == Some(&'.');
        self.at += usize::from(is_pointed);
        let fraction = if is_pointed { self.digits() } else { String::new() };
        if whole.is_empty() && fraction.is_empty() {
            return Err(self.expected("a digit"));
        }
        let places = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
        let exponent = self.exponent()?;
        Ok(Value::decimal(&(whole + &fraction), places - exponent)?)
    }

    /// What stands behind `e`, or 0.
    fn exponent(&mut self) -> Result<i64> {
        if !matches!(self.text.get(self.at), Some('e' | 'E')) {
            return Ok(0);
        }
        self.at += 1;
        let sign = match self.text.get(self.at) {
            Some('-') => -1,
            _ => 1,
        };
        self.at += usize::from(matches!(self.text.get(self.at), Some('-' | '+')));
        let digits = self.digits();
        if digits.len() > MAX_EXPONENT_DIGITS {
            return Err(Arithmetic::TooLarge.into());
        }
        let digits = digits.parse::<i64>().map_err(|_| self.expected("the digits of an exponent"))?;
        Ok(sign * digits)
    }

    fn digits(&mut self) -> String {
        let digits: String = self.text[self.at..].iter().take_while(|c| c.is_ascii_digit()).collect();
        self.at += digits.len();
        digits
    }

    fn function(&mut self) -> Result<Value> {
        let begun = self.at;
        let name: String = self.text[begun..].iter().take_while(|c| c.is_ascii_alphabetic()).collect();
        self.at += name.len();
        let name = name.to_ascii_lowercase();
        let is_known = ["abs", "ceil", "floor", "max", "min", "round", "sqrt"].contains(&name.as_str());
        if !is_known {
            return Err(CalculatorError::Unknown { at: begun + 1, name });
        }
        let arguments = self.arguments()?;
        let takes = |name, takes| CalculatorError::Arguments { at: begun + 1, name, takes };
        match (name.as_str(), arguments.as_slice()) {
            ("abs", [one]) => Ok(one.abs()),
            ("abs", _) => Err(takes("abs", "one number")),
            ("ceil", [one]) => Ok(one.ceil()),
            ("ceil", _) => Err(takes("ceil", "one number")),
            ("floor", [one]) => Ok(one.floor()),
            ("floor", _) => Err(takes("floor", "one number")),
            ("round", [one]) => Ok(one.rounded(&Value::decimal("0", 0)?)?),
            ("round", [one, places]) => Ok(one.rounded(places)?),
            ("round", _) => Err(takes("round", "one number, or a number and places")),
            ("sqrt", [one]) => Ok(one.root()?),
            ("sqrt", _) => Err(takes("sqrt", "one number")),
            ("max", _) => arguments.into_iter().reduce(Value::larger).ok_or_else(|| takes("max", "numbers")),
            _ => arguments.into_iter().reduce(Value::smaller).ok_or_else(|| takes("min", "numbers")),
        }
    }

    fn arguments(&mut self) -> Result<Vec<Value>> {
        if self.peek() != Some('(') {
            return Err(self.expected("an opening parenthesis"));
        }
        let mut arguments = vec![self.next(Self::sum)?];
        while self.peek() == Some(',') {
            arguments.push(self.next(Self::sum)?);
        }
        self.close("a comma or a closing parenthesis")?;
        Ok(arguments)
    }

    fn close(&mut self, expected: &'static str) -> Result<()> {
        if self.peek() != Some(')') {
            return Err(self.expected(expected));
        }
        self.at += 1;
        Ok(())
    }

    /// What comes behind the present character.
    fn next(&mut self, read: fn(&mut Self) -> Result<Value>) -> Result<Value> {
        self.at += 1;
        read(self)
    }

    fn peek(&mut self) -> Option<char> {
        self.skip_spaces();
        self.text.get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while self.text.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
    }

    fn expected(&self, expected: &'static str) -> CalculatorError {
        CalculatorError::Syntax { at: self.at + 1, expected }
    }
}
