use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::email::Email;
use crate::event::aggregate;
use crate::personal::Personal;
use crate::plan::Tier;
use crate::text::{FullName, Name};
use crate::usage::MicroUsd;

use super::command::TenantCommand;
use super::event::TenantEvent;
use super::keys::Keys;
use super::refusal::TenantRefusal;
use super::subdomain::Subdomain;

/// An organisation and the stage it is in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Tenant {
    /// Not founded.
    #[default]
    Absent,
    /// At work.
    Active(Organisation),
    /// Stopped.
    Suspended(Organisation),
}

/// What rules about an organisation need to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Organisation {
    /// As last changed.
    pub name: Name,
    /// Where it is reached; never changes.
    pub subdomain: Subdomain,
    /// As last changed.
    pub contact_email: Personal<Email>,
    /// As last changed.
    pub contact_name: Personal<FullName>,
    /// As last changed.
    pub tier: Tier,
    /// As last changed.
    pub settings: Document,
    /// Those of its programs and those it has with providers.
    #[serde(default)]
    pub keys: Keys,
    /// Whether all work of its agents is stopped.
    #[serde(default)]
    pub is_stopped: bool,
    /// What all its agents together may spend in a calendar month; `None` is as much as it takes.
    #[serde(default)]
    pub budget: Option<MicroUsd>,
}

aggregate!(Tenant, "tenant", TenantCommand, TenantEvent, TenantRefusal);

impl Tenant {
    /// The events an order leads to, none where it changes nothing, or why it is refused.
    pub fn decide(&self, command: TenantCommand) -> Result<Vec<TenantEvent>, TenantRefusal> {
        use TenantCommand as C;
        match command {
            C::Create { contact, name, subdomain, contact_email, contact_name, tier, settings } => {
                let Self::Absent = self else {
                    return Err(TenantRefusal::AlreadyExists);
                };
                Ok(vec![TenantEvent::Created {
                    name,
                    subdomain,
                    contact_email: Personal::new(contact, contact_email),
                    contact_name: Personal::new(contact, contact_name),
                    tier,
                    settings,
                }])
            }
            C::ChangeDetails { name, contact_email, contact_name } => {
                Ok(self.active()?.change_details(name, contact_email, contact_name))
            }
            C::ChangeSettings { settings } => {
                let same = self.active()?.settings == settings;
                Ok(if same { vec![] } else { vec![TenantEvent::SettingsChanged { settings }] })
            }
            C::ChangeSubscription { tier } => {
                let from = self.active()?.tier;
                Ok(if from == tier {
                    vec![]
                } else {
                    vec![TenantEvent::SubscriptionChanged { from, to: tier }]
                })
            }
            C::Suspend { reason } => {
                self.active()?;
                Ok(vec![TenantEvent::Suspended { reason }])
            }
            C::Reactivate => match self {
                Self::Suspended(_) => Ok(vec![TenantEvent::Reactivated {}]),
                Self::Active(_) => Err(TenantRefusal::NotSuspended),
                Self::Absent => Err(TenantRefusal::Absent),
            },
            C::StopAll { .. } if self.active()?.is_stopped => Err(TenantRefusal::WorkStopped),
            C::StopAll { reason } => Ok(vec![TenantEvent::WorkStopped { reason }]),
            C::Reopen if self.active()?.is_stopped => Ok(vec![TenantEvent::WorkReopened {}]),
            C::Reopen => Err(TenantRefusal::WorkNotStopped),
            C::SetBudget { limit } if self.active()?.budget == limit => Ok(vec![]),
            C::SetBudget { limit } => Ok(vec![TenantEvent::BudgetSet { limit_micro_usd: limit }]),
            C::CreateApiKey { new, at } => self.active()?.keys.create(new, at),
            C::RevokeApiKey { key } => self.active()?.keys.revoke(key),
            C::RotateApiKey { key, successor, expires_at, overlap_until, at } => {
                self.active()?.keys.rotate(key, successor, expires_at, overlap_until, at)
            }
            C::SetProviderKey { provider } => self.active()?.keys.set(provider),
            C::RemoveProviderKey { provider } => self.active()?.keys.remove(provider),
        }
    }

    /// The state after an event. An event that does not fit the stage is passed over.
    pub fn evolve(&mut self, event: TenantEvent) {
        use TenantEvent as E;
        *self = match (std::mem::take(self), event) {
            (Self::Absent, E::Created { name, subdomain, contact_email, contact_name, tier, settings }) => {
                let keys = Keys::default();
                Self::Active(Organisation {
                    name,
                    subdomain,
                    contact_email,
                    contact_name,
                    tier,
                    settings,
                    keys,
                    is_stopped: false,
                    budget: None,
                })
            }
            (Self::Active(organisation), E::Suspended { .. }) => Self::Suspended(organisation),
            (Self::Suspended(organisation), E::Reactivated {}) => Self::Active(organisation),
            (Self::Active(mut organisation), event) => {
                organisation.evolve(event);
                Self::Active(organisation)
            }
            (stage @ (Self::Absent | Self::Suspended(_)), _) => stage,
        };
    }

    /// The organisation at work, or why there is none.
    pub const fn active(&self) -> Result<&Organisation, TenantRefusal> {
        match self {
            Self::Active(organisation) => Ok(organisation),
            Self::Suspended(_) => Err(TenantRefusal::Suspended),
            Self::Absent => Err(TenantRefusal::Absent),
        }
    }
}

impl Organisation {
    fn change_details(
        &self,
        name: Option<Name>,
        email: Option<Email>,
        contact_name: Option<FullName>,
    ) -> Vec<TenantEvent> {
        let subject = self.contact_email.subject;
        let name = name.filter(|new| *new != self.name);
        let contact_email = email
            .filter(|new| self.contact_email.value() != Some(new))
            .map(|new| Personal::new(subject, new));
        let contact_name = contact_name
            .filter(|new| self.contact_name.value() != Some(new))
            .map(|new| Personal::new(subject, new));
        if name.is_none() && contact_email.is_none() && contact_name.is_none() {
            return vec![];
        }
        vec![TenantEvent::DetailsChanged { name, contact_email, contact_name }]
    }

    fn evolve(&mut self, event: TenantEvent) {
        match event {
            TenantEvent::DetailsChanged { name, contact_email, contact_name } => {
                self.name = name.unwrap_or_else(|| self.name.clone());
                self.contact_email = contact_email.unwrap_or_else(|| self.contact_email.clone());
                self.contact_name = contact_name.unwrap_or_else(|| self.contact_name.clone());
            }
            TenantEvent::SettingsChanged { settings } => self.settings = settings,
            TenantEvent::SubscriptionChanged { to, .. } => self.tier = to,
            TenantEvent::WorkStopped { .. } => self.is_stopped = true,
            TenantEvent::WorkReopened {} => self.is_stopped = false,
            TenantEvent::BudgetSet { limit_micro_usd } => self.budget = limit_micro_usd,
            event @ (TenantEvent::ApiKeyCreated { .. }
            | TenantEvent::ApiKeyRevoked { .. }
            | TenantEvent::ApiKeyRotated { .. }
            | TenantEvent::ProviderKeySet { .. }
            | TenantEvent::ProviderKeyRemoved { .. }) => self.keys.evolve(event),
            TenantEvent::Created { .. } | TenantEvent::Suspended { .. } | TenantEvent::Reactivated {} => {}
        }
    }
}
