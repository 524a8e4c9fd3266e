//! The keys of an organisation: those that its programs come with, and those that it has with model providers. What is
//! kept here says that they exist and what they are for; the keys themselves are no part of any event.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::policy::Permissions;
use crate::reach::Reach;
use crate::text::{Lines, Name, TextError, bounded, text_type};

use super::event::TenantEvent;
use super::refusal::TenantRefusal;

#[cfg(test)]
mod tests;

text_type! {
    /// A model provider, such as `openai`: 1 to 40 of `a-z`, `0-9` and `-`, not at either end a dash.
    Provider, checked
}

fn checked(text: &str) -> Result<String, TextError> {
    let text = bounded(text, 1, 40, Lines::One)?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !text.bytes().all(plain) || text.starts_with('-') || text.ends_with('-') {
        return Err(TextError::Malformed("must consist of letters a-z, digits and dashes between them"));
    }
    Ok(text)
}

/// The most API keys that work at one time, without those that have a successor.
pub(super) const MOST_API_KEYS: usize = 100;
/// The most providers with a key.
pub(super) const MOST_PROVIDER_KEYS: usize = 50;
/// The longest life of an API key.
pub(super) const LONGEST_LIFE: TimeDelta = TimeDelta::days(365);
/// How long a key may go on working beside its successor.
pub(super) const LONGEST_OVERLAP: TimeDelta = TimeDelta::hours(24);

/// What an API key is made with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewApiKey {
    /// Its id.
    pub key: Uuid,
    /// What it is called.
    pub name: Name,
    /// What it is made for.
    pub scopes: Permissions,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// The agents that it is bound to, if it is.
    pub agents: Reach,
}

/// An API key as far as rules depend on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApiKey {
    /// What it is called.
    pub name: Name,
    /// What it is made for.
    pub scopes: Permissions,
    /// When it ends if nothing ends it before.
    pub expires_at: DateTime<Utc>,
    /// The agents that it is bound to, if it is.
    #[serde(default)]
    pub agents: Reach,
    /// The key that takes its place.
    pub successor: Option<Uuid>,
    /// Whether it was revoked.
    pub is_revoked: bool,
}

impl ApiKey {
    /// Counts what happened to it, from 1.
    pub fn version(&self) -> i64 {
        1 + i64::from(self.successor.is_some()) + i64::from(self.is_revoked)
    }
}

/// The keys of an organisation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Keys {
    /// Every API key that ever was.
    pub api: BTreeMap<Uuid, ApiKey>,
    /// The providers of which a key is set, and how often one was since there was none.
    pub providers: BTreeMap<Provider, i64>,
}

impl Keys {
    /// An API key, also one that has ended.
    pub fn find(&self, key: Uuid) -> Result<&ApiKey, TenantRefusal> {
        self.api.get(&key).ok_or(TenantRefusal::ApiKeyUnknown)
    }

    pub(super) fn create(
        &self,
        new: NewApiKey,
        at: DateTime<Utc>,
    ) -> Result<Vec<TenantEvent>, TenantRefusal> {
        let working = self.api.values().filter(|key| key.successor.is_none() && key.check(at).is_ok());
        if working.count() >= MOST_API_KEYS {
            return Err(TenantRefusal::ApiKeysTooMany);
        }
        Ok(vec![self.made(new, at)?])
    }

    pub(super) fn revoke(&self, key: Uuid) -> Result<Vec<TenantEvent>, TenantRefusal> {
        if self.find(key)?.is_revoked {
            return Err(TenantRefusal::ApiKeyRevoked);
        }
        Ok(vec![TenantEvent::ApiKeyRevoked { key }])
    }

    /// A successor of the same name and scopes, bound to the same agents.
    pub(super) fn rotate(
        &self,
        key: Uuid,
        successor: Uuid,
        expires_at: DateTime<Utc>,
        overlap_until: DateTime<Utc>,
        at: DateTime<Utc>,
    ) -> Result<Vec<TenantEvent>, TenantRefusal> {
        let old = self.find(key)?;
        old.check(at)?;
        if old.successor.is_some() {
            return Err(TenantRefusal::ApiKeyRotated);
        }
        if overlap_until > at + LONGEST_OVERLAP {
            return Err(TenantRefusal::OverlapTooLong);
        }
        let (name, scopes, agents) = (old.name.clone(), old.scopes, old.agents.clone());
        let created = self.made(NewApiKey { key: successor, name, scopes, expires_at, agents }, at)?;
        // A key never lives longer for being rotated.
        let overlap_until = overlap_until.min(old.expires_at);
        Ok(vec![created, TenantEvent::ApiKeyRotated { key, successor, overlap_until }])
    }

    pub(super) fn set(&self, provider: Provider) -> Result<Vec<TenantEvent>, TenantRefusal> {
        if self.providers.len() >= MOST_PROVIDER_KEYS && !self.providers.contains_key(&provider) {
            return Err(TenantRefusal::ProviderKeysTooMany);
        }
        Ok(vec![TenantEvent::ProviderKeySet { provider }])
    }

    pub(super) fn remove(&self, provider: Provider) -> Result<Vec<TenantEvent>, TenantRefusal> {
        if !self.providers.contains_key(&provider) {
            return Err(TenantRefusal::ProviderKeyUnknown);
        }
        Ok(vec![TenantEvent::ProviderKeyRemoved { provider }])
    }

    fn made(&self, new: NewApiKey, at: DateTime<Utc>) -> Result<TenantEvent, TenantRefusal> {
        let NewApiKey { key, name, scopes, expires_at, agents } = new;
        if self.api.contains_key(&key) {
            return Err(TenantRefusal::ApiKeyExists);
        }
        if scopes.is_empty() {
            return Err(TenantRefusal::ScopesEmpty);
        }
        if let Some(scope) = scopes.iter().find(|scope| !agents.is_all() && !scope.is_of_single_agents()) {
            return Err(TenantRefusal::ScopeBeyondAgents(scope));
        }
        if expires_at <= at || expires_at > at + LONGEST_LIFE {
            return Err(TenantRefusal::LifeOutOfRange);
        }
        Ok(TenantEvent::ApiKeyCreated { key, name, scopes, expires_at, agent_ids: agents })
    }

    pub(super) fn evolve(&mut self, event: TenantEvent) {
        match event {
            TenantEvent::ApiKeyCreated { key, name, scopes, expires_at, agent_ids: agents } => {
                let made = ApiKey { name, scopes, expires_at, agents, successor: None, is_revoked: false };
                self.api.insert(key, made);
            }
            TenantEvent::ApiKeyRevoked { key } => {
                if let Some(key) = self.api.get_mut(&key) {
                    key.is_revoked = true;
                }
            }
            TenantEvent::ApiKeyRotated { key, successor, overlap_until } => {
                if let Some(key) = self.api.get_mut(&key) {
                    key.successor = Some(successor);
                    key.expires_at = overlap_until;
                }
            }
            TenantEvent::ProviderKeySet { provider } => {
                *self.providers.entry(provider).or_default() += 1;
            }
            TenantEvent::ProviderKeyRemoved { provider } => {
                self.providers.remove(&provider);
            }
            TenantEvent::Created { .. }
            | TenantEvent::DetailsChanged { .. }
            | TenantEvent::SettingsChanged { .. }
            | TenantEvent::SubscriptionChanged { .. }
            | TenantEvent::Suspended { .. }
            | TenantEvent::Reactivated {}
            | TenantEvent::WorkStopped { .. }
            | TenantEvent::WorkReopened {}
            | TenantEvent::BudgetSet { .. } => {}
        }
    }
}

impl ApiKey {
    /// Refuses a key that has ended.
    fn check(&self, at: DateTime<Utc>) -> Result<(), TenantRefusal> {
        match self {
            Self { is_revoked: true, .. } => Err(TenantRefusal::ApiKeyRevoked),
            Self { expires_at, .. } if *expires_at <= at => Err(TenantRefusal::ApiKeyExpired),
            Self { .. } => Ok(()),
        }
    }
}
