//! Values that only the HTTP edge knows, parsed like those of the domain: their errors begin with a code.

use chrono::{DateTime, Datelike, Utc};
use domain::agent::AgentEvent;
use domain::task::TaskEvent;
use domain::tenant::TenantEvent;
use domain::text::{TextError, is_invisible};
use domain::user::UserEvent;
use domain::{Document, Email, MicroUsd};
use secrecy::SecretString;
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A new password: 15 to 256 characters, at most 1,024 bytes, of any kind but U+0000. Whether it is easy to guess is
/// found out where it is hashed.
pub(crate) struct Password(pub(crate) SecretString);

/// A password to be checked. It may be of any length up to the most there can be, so that what was good once is
/// answered as wrong rather than as malformed.
pub(crate) struct PresentedPassword(pub(crate) SecretString);

/// An e-mail address that is new to us, in its canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address(pub(crate) Email);

/// A text that shows: no invisible character makes it look like another.
#[derive(Clone, Debug)]
pub(crate) struct Visible<T>(pub(crate) T);

/// A token out of an earlier answer or a mail.
pub(crate) struct Token(pub(crate) String);

/// A JSON object of the user's own shape.
#[derive(Debug, ToSchema)]
#[schema(value_type = Object)]
pub(crate) struct JsonObject(pub(crate) Document);

/// A time between the years 1970 and 9999, to the microsecond, as far as Postgres goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timestamp(pub(crate) DateTime<Utc>);

/// How many items to a page: 1 to 200.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(try_from = "i64")]
pub(crate) struct Limit(pub(crate) i64);

/// A place in the log, or 0 for before it.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize)]
#[serde(try_from = "i64")]
pub(crate) struct Position(pub(crate) i64);

/// A text to search for or compare with: up to 200 characters.
#[derive(Clone, Debug)]
pub(crate) struct SearchText(pub(crate) String);

/// Names of events, separated by commas.
#[derive(Clone, Debug, Default)]
pub(crate) struct EventTypes(pub(crate) Vec<String>);

/// An amount of US dollars: decimal digits, up to six of them after the point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usd(pub(crate) MicroUsd);

/// For a field that must be there and may be `null`.
pub(crate) fn or_null<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer)
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(D::Error::custom)
    }
}

/// For a field of an `Option<Option<_>>` whose `null` means something: a field that is given is `Some`.
pub(crate) fn given<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// NIST SP 800-63B-4, section 3.1.1.2, where a password is all there is.
const SHORTEST_PASSWORD: usize = 15;

fn password<'de, D: Deserializer<'de>>(deserializer: D, least: usize) -> Result<SecretString, D::Error> {
    let text = String::deserialize(deserializer)?;
    no_nul(&text)?;
    let length = text.chars().count();
    if length < least {
        let message = format!("too_short: must be at least {least} characters");
        return Err(D::Error::custom(message));
    }
    if length > 256 || text.len() > 1_024 {
        return Err(D::Error::custom("too_long: must be at most 256 characters"));
    }
    Ok(text.into())
}

fn no_nul<E: Error>(text: &str) -> Result<(), E> {
    if text.contains('\0') {
        return Err(E::custom("control_character: must not contain U+0000"));
    }
    Ok(())
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        password(deserializer, SHORTEST_PASSWORD).map(Self)
    }
}

impl<'de> Deserialize<'de> for PresentedPassword {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        password(deserializer, 1).map(Self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Email::new_canonical(&text).map(Self).map_err(D::Error::custom)
    }
}

impl<'de, T: TryFrom<String, Error = TextError>> Deserialize<'de> for Visible<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.chars().any(is_invisible) {
            return Err(D::Error::custom("control_character: must not contain invisible characters"));
        }
        let joins_nothing = |text: &str| {
            let is_joiner = |c: char| matches!(c, '\u{200c}' | '\u{200d}');
            text.trim().starts_with(is_joiner) || text.trim().ends_with(is_joiner)
        };
        if joins_nothing(&text) {
            return Err(D::Error::custom("control_character: must not begin or end with a joiner"));
        }
        T::try_from(text).map(Self).map_err(D::Error::custom)
    }
}

impl<T> Visible<T> {
    /// The text.
    pub(crate) fn into(self) -> T {
        self.0
    }
}

/// Several times as long as any of ours, and a body holds two of them.
const LONGEST_TOKEN: usize = 1_024;

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Err(D::Error::custom("blank: must not be blank"));
        }
        if text.len() > LONGEST_TOKEN {
            return Err(D::Error::custom("too_long: must be at most 1024 characters"));
        }
        no_nul(&text)?;
        Ok(Self(text))
    }
}

impl<'de> Deserialize<'de> for JsonObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        let document = Document::parse(text.get()).map_err(D::Error::custom)?;
        if has_lone_surrogate(document.as_str()) {
            return Err(D::Error::custom("malformed: must be Unicode text"));
        }
        Ok(Self(document))
    }
}

/// Whether the JSON text spells half of a surrogate pair, which is no Unicode and which Postgres cannot hold.
fn has_lone_surrogate(json: &str) -> bool {
    let unit = |text: &str| text.get(..4).and_then(|hex| u16::from_str_radix(hex, 16).ok());
    let mut rest = json;
    while let Some((_, escape)) = rest.split_once('\\') {
        // Every escape but `\u` is one ASCII character long.
        let Some(escaped) = escape.strip_prefix('u') else {
            rest = escape.get(1..).unwrap_or_default();
            continue;
        };
        rest = escaped.get(4..).unwrap_or_default();
        match unit(escaped) {
            Some(0xD800..=0xDBFF) => {
                let low = rest.strip_prefix("\\u").and_then(unit);
                if !matches!(low, Some(0xDC00..=0xDFFF)) {
                    return true;
                }
                rest = rest.get(6..).unwrap_or_default();
            }
            Some(0xDC00..=0xDFFF) => return true,
            _ => {}
        }
    }
    false
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        DateTime::parse_from_rfc3339(&text)
            .ok()
            .and_then(|time| DateTime::from_timestamp_micros(time.timestamp_micros()))
            .filter(|time| (1970..=9999).contains(&time.year()))
            .map(Self)
            .ok_or_else(|| {
                D::Error::custom("malformed: must be an RFC 3339 time such as 2026-01-31T09:30:00Z")
            })
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<i64> for Limit {
    type Error = &'static str;

    fn try_from(number: i64) -> Result<Self, Self::Error> {
        if (1..=200).contains(&number) { Ok(Self(number)) } else { Err("out_of_range: must be 1 to 200") }
    }
}

impl TryFrom<i64> for Position {
    type Error = &'static str;

    fn try_from(number: i64) -> Result<Self, Self::Error> {
        if number >= 0 { Ok(Self(number)) } else { Err("out_of_range: must be 0 or more") }
    }
}

impl<'de> Deserialize<'de> for SearchText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.chars().count() > 200 {
            return Err(D::Error::custom("too_long: must be at most 200 characters"));
        }
        no_nul(&text)?;
        Ok(Self(text))
    }
}

/// Whether events of that name exist.
fn is_event(name: &str) -> bool {
    [TenantEvent::NAMES, UserEvent::NAMES, AgentEvent::NAMES, TaskEvent::NAMES]
        .iter()
        .any(|names| names.contains(&name))
}

impl<'de> Deserialize<'de> for EventTypes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let names: Vec<String> =
            text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        match names.iter().find(|name| !is_event(name)) {
            Some(_) => Err(D::Error::custom(
                "unknown_value: must be names of events such as agent.created, separated by commas",
            )),
            None => Ok(Self(names)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: serde::de::DeserializeOwned>(json: &serde_json::Value) -> Result<T, String> {
        serde_json::from_value(json.clone()).map_err(|error| error.to_string())
    }

    #[test]
    fn passwords_are_15_to_256_characters_of_any_kind() {
        for good in ["fifteen emoji🙂".to_owned() + "!", "x".repeat(256), "ß".repeat(256), " ".repeat(15)]
        {
            assert!(read::<Password>(&good.into()).is_ok());
        }
        let refused = |text: String| read::<Password>(&text.into()).err().unwrap();
        assert!(refused("x".repeat(14)).starts_with("too_short: "));
        assert!(refused("x".repeat(257)).starts_with("too_long: "));
        assert!(refused("🙂".repeat(257)).starts_with("too_long: "));
        assert!(refused("123456789012345\0".to_owned()).starts_with("control_character: "));
        assert!(read::<PresentedPassword>(&"x".into()).is_ok());
    }

    #[test]
    fn times_are_utc_to_the_microsecond() {
        let time: Timestamp = read(&"2026-01-31T10:30:00.123456789+01:00".into()).unwrap();
        assert_eq!(time.0.to_rfc3339(), "2026-01-31T09:30:00.123456+00:00");
        assert!(read::<Timestamp>(&"1969-12-31T23:59:59Z".into()).is_err());
        assert!(read::<Timestamp>(&"9999-12-31T23:59:60Z".into()).is_err());
    }

    #[test]
    fn event_types_are_known_names() {
        let types: EventTypes = read(&"agent.created, task.queued,".into()).unwrap();
        assert_eq!(types.0, ["agent.created", "task.queued"]);
        assert!(read::<EventTypes>(&"agent.invented".into()).is_err());
    }

    #[test]
    fn lone_surrogates_are_found_and_pairs_left_alone() {
        for bad in [r#""\ud800""#, r#""\udc00\ud800""#, r#""\uD83Dx""#, r#""\ud83d\n""#] {
            assert!(has_lone_surrogate(bad), "{bad}");
        }
        for good in [r#""\ud83d\ude00""#, r#""\\ud800""#, r#""\u00e9 é""#, r#""\"""#] {
            assert!(!has_lone_surrogate(good), "{good}");
        }
    }
}
