use crate::document::Document;
use crate::email::Email;
use crate::plan::Tier;
use crate::text::{FullName, Name, Reason};

use super::subdomain::Subdomain;

/// Orders to a tenant.
#[derive(Clone, Debug, PartialEq)]
pub enum TenantCommand {
    /// Found the organisation. Its id is the contact person's subject for sealing.
    Create {
        /// The tenant's own id, for sealing the contact's data.
        contact: uuid::Uuid,
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
}
