use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::document::Document;
use crate::email::Email;
use crate::event::event_names;
use crate::personal::Personal;
use crate::plan::Tier;
use crate::policy::Permissions;
use crate::reach::Reach;
use crate::text::{FullName, Name, Reason};
use crate::usage::MicroUsd;

use super::keys::Provider;
use super::subdomain::Subdomain;

/// What happened to a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantEvent {
    /// The organisation was founded.
    Created {
        /// What it is called.
        name: Name,
        /// Where it is reached.
        subdomain: Subdomain,
        /// Who answers for it.
        contact_email: Personal<Email>,
        /// That person's name.
        contact_name: Personal<FullName>,
        /// The tier it began with.
        tier: Tier,
        /// Its preferences.
        settings: Document,
    },
    /// Some of the details became others.
    DetailsChanged {
        /// The new name, if it changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Name>,
        /// The new contact address, if it changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact_email: Option<Personal<Email>>,
        /// The new contact name, if it changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact_name: Option<Personal<FullName>>,
    },
    /// The settings were replaced.
    SettingsChanged {
        /// All of them.
        settings: Document,
    },
    /// It moved to another tier.
    SubscriptionChanged {
        /// The tier before.
        from: Tier,
        /// The tier since.
        to: Tier,
    },
    /// Everything of it was stopped.
    Suspended {
        /// Why.
        reason: Reason,
    },
    /// It may work again.
    Reactivated {},
    /// All work of its agents was stopped: no attempt begins, and none of those under way may record anything.
    WorkStopped {
        /// Why.
        reason: Reason,
    },
    /// Its agents may work again.
    WorkReopened {},
    /// What all its agents together may spend in a calendar month became other.
    BudgetSet {
        /// What they may; absent is as much as it takes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit_micro_usd: Option<MicroUsd>,
    },
    /// A key for programs was made. Who made it stands beside the event.
    ApiKeyCreated {
        /// Its id.
        key: Uuid,
        /// What it is called.
        name: Name,
        /// What it is made for.
        scopes: Permissions,
        /// When it ends.
        expires_at: DateTime<Utc>,
        /// The agents that it is bound to, if it is.
        #[serde(default, skip_serializing_if = "Reach::is_all")]
        agent_ids: Reach,
    },
    /// A key was ended.
    ApiKeyRevoked {
        /// Which.
        key: Uuid,
    },
    /// A key got a successor.
    ApiKeyRotated {
        /// Which.
        key: Uuid,
        /// The one in its place.
        successor: Uuid,
        /// How long it still works.
        overlap_until: DateTime<Utc>,
    },
    /// The organisation's key of a provider was set, or became another one.
    ProviderKeySet {
        /// Whose models it opens.
        provider: Provider,
    },
    /// The key of a provider was forgotten.
    ProviderKeyRemoved {
        /// Whose.
        provider: Provider,
    },
}

event_names!(TenantEvent, Tenant, "1.0", {
    Created => "tenant.created",
    DetailsChanged => "tenant.details_changed",
    SettingsChanged => "tenant.settings_changed",
    SubscriptionChanged => "tenant.subscription_changed",
    Suspended => "tenant.suspended",
    Reactivated => "tenant.reactivated",
    WorkStopped => "tenant.work_stopped",
    WorkReopened => "tenant.work_reopened",
    BudgetSet => "tenant.budget_set",
    ApiKeyCreated => "tenant.api_key_created",
    ApiKeyRevoked => "tenant.api_key_revoked",
    ApiKeyRotated => "tenant.api_key_rotated",
    ProviderKeySet => "tenant.provider_key_set",
    ProviderKeyRemoved => "tenant.provider_key_removed",
});
