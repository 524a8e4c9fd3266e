//! The form of a JSON value, as a table says it; what does not have it is named by its JSON pointer.

use domain::MicroUsd;
use serde_json::Value;

use crate::ports::Schemas;

/// Why a value has not the form it must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfit {
    /// The JSON pointer of the place, within the value.
    pub(crate) path: String,
    /// A stable code.
    pub(crate) code: &'static str,
    /// A clause for people.
    pub(crate) message: String,
}

/// A form.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// Anything.
    Any,
    /// A text of at most so many characters.
    Text(usize),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A whole number from the one to the other.
    Whole(u64, u64),
    /// A number from 0 to this.
    UpTo(u32),
    /// US dollars: a number or a decimal text.
    Amount,
    /// The address of an HTTP server.
    Url,
    /// A JSON Schema that can be used.
    Schema,
    /// At most so many of one form.
    List(usize, &'static Shape),
    /// At most so many texts by name.
    Texts(usize),
    /// Members by name, and those that must be there. Others are not taken.
    Record(&'static [(&'static str, Shape)], &'static [&'static str]),
}

impl Shape {
    /// Whether the value has the form.
    pub(crate) fn check(self, value: &Value, schemas: &dyn Schemas) -> Result<(), Unfit> {
        match self {
            Self::Any => Ok(()),
            Self::Text(most) => text(value, most).map(drop),
            Self::OneOf(words) => match value.as_str() {
                Some(word) if words.contains(&word) => Ok(()),
                _ => Err(unfit("malformed", format!("must be one of {}", words.join(", ")))),
            },
            Self::Whole(least, most) => match value.as_u64() {
                Some(number) if (least..=most).contains(&number) => Ok(()),
                Some(_) => Err(unfit("out_of_range", format!("must be {least} to {most}"))),
                None => Err(unfit("wrong_type", format!("must be a whole number from {least} to {most}"))),
            },
            Self::UpTo(most) => match value.as_f64() {
                Some(number) if (0.0..=f64::from(most)).contains(&number) => Ok(()),
                Some(_) => Err(unfit("out_of_range", format!("must be 0 to {most}"))),
                None => Err(unfit("wrong_type", "must be a number".to_owned())),
            },
            Self::Amount => amount(value),
            Self::Url => url(value),
            Self::Schema => schemas.check_schema(&value.to_string()).map_err(|problem| Unfit {
                path: problem.path,
                code: "schema",
                message: problem.message,
            }),
            Self::List(most, of) => list(value, most, *of, schemas),
            Self::Texts(most) => texts(value, most),
            Self::Record(members, required) => record(value, members, required, schemas),
        }
    }
}

/// The members that a table knows of an object; others are passed over, and so is what is `null`.
pub(crate) fn check_known(
    value: &Value,
    members: &[(&str, Shape)],
    schemas: &dyn Schemas,
) -> Result<(), Unfit> {
    for (name, shape) in members {
        if let Some(member) = value.get(name).filter(|member| !member.is_null()) {
            shape.check(member, schemas).map_err(|problem| problem.below(name))?;
        }
    }
    Ok(())
}

impl Unfit {
    /// The same, seen from the value that holds this one under a name.
    pub(crate) fn below(self, name: &str) -> Self {
        let name = name.replace('~', "~0").replace('/', "~1");
        Self { path: format!("/{name}{}", self.path), ..self }
    }
}

fn unfit(code: &'static str, message: String) -> Unfit {
    Unfit { path: String::new(), code, message }
}

fn text(value: &Value, most: usize) -> Result<&str, Unfit> {
    let text = value.as_str().ok_or_else(|| unfit("wrong_type", "must be a text".to_owned()))?;
    if text.chars().count() > most {
        return Err(unfit("too_long", format!("must be at most {most} characters")));
    }
    Ok(text)
}

/// Many decimals are what a language's division leaves; what is spent is whole millionths, so they count for nothing.
fn amount(value: &Value) -> Result<(), Unfit> {
    let digits = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return Err(unfit("wrong_type", "must be an amount of US dollars".to_owned())),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, "0"));
    let cut: String = fraction.chars().take(6).collect();
    let is_plain = fraction.bytes().all(|byte| byte.is_ascii_digit());
    match format!("{whole}.{cut}").parse::<MicroUsd>() {
        Ok(_) if is_plain => Ok(()),
        _ => Err(unfit("malformed", "must be an amount of US dollars such as 25.00".to_owned())),
    }
}

fn url(value: &Value) -> Result<(), Unfit> {
    const MOST: usize = 2_000;
    let text = text(value, MOST)?;
    let rest = ["https://", "http://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    match rest {
        Some(rest) if !rest.is_empty() && !text.contains(char::is_whitespace) => Ok(()),
        _ => Err(unfit("malformed", "must be a URL that begins with https:// or http://".to_owned())),
    }
}

fn list(value: &Value, most: usize, of: Shape, schemas: &dyn Schemas) -> Result<(), Unfit> {
    let items = value.as_array().ok_or_else(|| unfit("wrong_type", "must be a list".to_owned()))?;
    if items.len() > most {
        return Err(unfit("too_long", format!("must have at most {most} items")));
    }
    for (nth, item) in items.iter().enumerate() {
        of.check(item, schemas).map_err(|problem| problem.below(&nth.to_string()))?;
    }
    Ok(())
}

fn texts(value: &Value, most: usize) -> Result<(), Unfit> {
    const LONGEST: usize = 8_000;
    let members = value.as_object().ok_or_else(|| unfit("wrong_type", "must be an object".to_owned()))?;
    if members.len() > most {
        return Err(unfit("too_long", format!("must have at most {most} members")));
    }
    for (name, member) in members {
        text(member, LONGEST).map_err(|problem| problem.below(name))?;
    }
    Ok(())
}

fn record(
    value: &Value,
    members: &[(&str, Shape)],
    required: &[&str],
    schemas: &dyn Schemas,
) -> Result<(), Unfit> {
    let held = value.as_object().ok_or_else(|| unfit("wrong_type", "must be an object".to_owned()))?;
    for name in held.keys() {
        if !members.iter().any(|(known, _)| known == name) {
            return Err(unfit("unknown_field", "is not known here".to_owned()).below(name));
        }
    }
    for name in required {
        if !held.contains_key(*name) {
            return Err(unfit("missing", "must be given".to_owned()).below(name));
        }
    }
    for (name, shape) in members {
        if let Some(member) = held.get(*name) {
            shape.check(member, schemas).map_err(|problem| problem.below(name))?;
        }
    }
    Ok(())
}
