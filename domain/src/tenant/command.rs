use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::document::Document;
use crate::email::Email;
use crate::plan::Tier;
use crate::text::{FullName, Name, Reason};
use crate::usage::MicroUsd;

use super::keys::{NewApiKey, Provider};
use super::subdomain::Subdomain;

/// Orders to a tenant.
#[derive(Clone, Debug, PartialEq)]
pub enum TenantCommand {
    /// Found the organisation. Its id is the contact person's subject for sealing.
    Create {
        /// The tenant's own id, for sealing the contact's data.
        contact: Uuid,
        /// What it is called.
        name: Name,
        /// Where it is reached.
        subdomain: Subdomain,
        /// Who answers for it.
        contact_email: Email,
        /// That person's name.
        contact_name: FullName,
        /// The tier to begin with.
        tier: Tier,
        /// Preferences of the organisation.
        settings: Document,
    },
    /// Change what is given; the rest stays.
    ChangeDetails {
        /// A new name.
        name: Option<Name>,
        /// A new contact address.
        contact_email: Option<Email>,
        /// A new contact name.
        contact_name: Option<FullName>,
    },
    /// Replace the settings.
    ChangeSettings {
        /// All of them.
        settings: Document,
    },
    /// Move to another tier. Whether what is in use fits is checked with the census, under the log's lock.
    ChangeSubscription {
        /// The tier to move to.
        tier: Tier,
    },
    /// Stop everything of the tenant.
    Suspend {
        /// Why.
        reason: Reason,
    },
    /// Let it work again.
    Reactivate,
    /// Stop all work of its agents at once; people go on.
    StopAll {
        /// Why.
        reason: Reason,
    },
    /// Let agents work again.
    Reopen,
    /// Set what all its agents together may spend in a calendar month.
    SetBudget {
        /// What they may; `None` is as much as it takes.
        limit: Option<MicroUsd>,
    },
    /// Make a key for programs.
    CreateApiKey {
        /// What it is made with.
        new: NewApiKey,
        /// Now.
        at: DateTime<Utc>,
    },
    /// End a key.
    RevokeApiKey {
        /// Which.
        key: Uuid,
    },
    /// Put another in a key's place.
    RotateApiKey {
        /// Which.
        key: Uuid,
        /// The id of the other.
        successor: Uuid,
        /// When the other ends.
        expires_at: DateTime<Utc>,
        /// How long the first one goes on working, at most.
        overlap_until: DateTime<Utc>,
        /// Now.
        at: DateTime<Utc>,
    },
    /// Take the organisation's own key of a provider, in place of the one before.
    SetProviderKey {
        /// Whose models it opens.
        provider: Provider,
    },
    /// Forget the key of a provider.
    RemoveProviderKey {
        /// Whose.
        provider: Provider,
    },
}
