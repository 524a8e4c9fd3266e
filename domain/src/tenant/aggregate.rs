use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::email::Email;
use crate::event::aggregate;
use crate::personal::Personal;
use crate::plan::Tier;
use crate::text::{FullName, Name};

use super::command::TenantCommand;
use super::event::TenantEvent;
use super::refusal::TenantRefusal;

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
    /// As last changed.
    pub contact_email: Personal<Email>,
    /// As last changed.
    pub contact_name: Personal<FullName>,
    /// As last changed.
    pub tier: Tier,
    /// As last changed.
    pub settings: Document,
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
        }
    }

    /// The state after an event. An event that does not fit the stage is passed over.
    pub fn evolve(&mut self, event: TenantEvent) {
        use TenantEvent as E;
        *self = match (std::mem::take(self), event) {
            (Self::Absent, E::Created { name, contact_email, contact_name, tier, settings, .. }) => {
                Self::Active(Organisation { name, contact_email, contact_name, tier, settings })
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
            TenantEvent::Created { .. } | TenantEvent::Suspended { .. } | TenantEvent::Reactivated {} => {}
        }
    }
}
