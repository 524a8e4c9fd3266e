//! What bodies about keys hold.

use chrono::TimeDelta;
use domain::{AgentId, AgentIds, Permission, Permissions};
use secrecy::SecretString;
use serde::de::{Deserialize, Deserializer, Error};

/// At least one permission; one given again is dropped.
pub(crate) struct Scopes(pub(crate) Permissions);

/// From 1 to 100 agents, each of them once.
pub(crate) struct BoundAgents(pub(crate) AgentIds);

/// How long an API key lives: 1 to 365 days, 90 if nothing is said.
#[derive(Clone, Copy, serde::Deserialize)]
#[serde(try_from = "i64")]
pub(crate) struct LifeInDays(pub(crate) TimeDelta);

/// How long a rotated key goes on working: 0 to 24 hours, 24 if nothing is said.
#[derive(Clone, Copy, serde::Deserialize)]
#[serde(try_from = "i64")]
pub(crate) struct OverlapInHours(pub(crate) TimeDelta);

/// A key of a model provider: 8 to 512 visible ASCII characters, as it goes into a header.
pub(crate) struct ProviderSecret(pub(crate) SecretString);

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let scopes = Permissions::from(Vec::<Permission>::deserialize(deserializer)?);
        if scopes.is_empty() {
            return Err(D::Error::custom("too_few: must name at least one permission"));
        }
        Ok(Self(scopes))
    }
}

impl<'de> Deserialize<'de> for BoundAgents {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let agents = Vec::<AgentId>::deserialize(deserializer)?;
        match agents.len() {
            0 => return Err(D::Error::custom("too_few: must name at least one agent")),
            number if number > AgentIds::MOST => {
                return Err(D::Error::custom("too_many: must name at most 100 agents"));
            }
            _ => {}
        }
        AgentIds::try_from(agents).map(Self).map_err(D::Error::custom)
    }
}

impl Default for LifeInDays {
    fn default() -> Self {
        Self(TimeDelta::days(90))
    }
}

impl TryFrom<i64> for LifeInDays {
    type Error = &'static str;

    fn try_from(days: i64) -> Result<Self, Self::Error> {
        if (1..=365).contains(&days) {
            Ok(Self(TimeDelta::days(days)))
        } else {
            Err("out_of_range: must be 1 to 365")
        }
    }
}

impl Default for OverlapInHours {
    fn default() -> Self {
        Self(TimeDelta::hours(24))
    }
}

impl TryFrom<i64> for OverlapInHours {
    type Error = &'static str;

    fn try_from(hours: i64) -> Result<Self, Self::Error> {
        if (0..=24).contains(&hours) {
            Ok(Self(TimeDelta::hours(hours)))
        } else {
            Err("out_of_range: must be 0 to 24")
        }
    }
}

impl<'de> Deserialize<'de> for ProviderSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = SecretString::from(String::deserialize(deserializer)?);
        fault(&text).map_or(Ok(Self(text)), |fault| Err(D::Error::custom(fault)))
    }
}

/// What is wrong with a provider's key, in words that do not repeat it.
fn fault(key: &SecretString) -> Option<&'static str> {
    use secrecy::ExposeSecret as _;
    let text = key.expose_secret();
    if text.chars().any(char::is_control) {
        return Some("control_character: must not contain control characters");
    }
    match text.chars().count() {
        ..8 => Some("too_short: must be at least 8 characters"),
        513.. => Some("too_long: must be at most 512 characters"),
        _ if !text.bytes().all(|b| b.is_ascii_graphic()) => {
            Some("malformed: must consist of visible ASCII characters")
        }
        _ => None,
    }
}
