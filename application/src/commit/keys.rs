//! Writes to the tables of keys.

use chrono::{DateTime, Utc};
use domain::UserId;
use domain::tenant::{NewApiKey, Provider};
use uuid::Uuid;

use crate::ports::SealedKey;

/// A write to the tables of keys, in the same transaction as the events.
#[derive(Clone, Debug)]
pub enum KeyEffect {
    /// A new API key.
    AddApiKey {
        /// What it is made with.
        new: NewApiKey,
        /// SHA-256 of its text.
        digest: [u8; 32],
        /// How its text begins.
        prefix: String,
        /// How its text ends.
        last4: String,
        /// For whom it acts.
        created_by: UserId,
        /// Now.
        at: DateTime<Utc>,
    },
    /// The end of an API key.
    RevokeApiKey {
        /// Which.
        key: Uuid,
        /// Now.
        at: DateTime<Utc>,
    },
    /// The end of an API key whose successor is there; it ends no later than it would have.
    RetireApiKey {
        /// Which.
        key: Uuid,
        /// When.
        until: DateTime<Utc>,
        /// Now.
        at: DateTime<Utc>,
    },
    /// The key of a provider, in place of the one before.
    SetProviderKey {
        /// Whose.
        provider: Provider,
        /// As it is stored.
        key: SealedKey,
        /// How its text ends.
        last4: String,
        /// Who set it.
        set_by: UserId,
        /// Now.
        at: DateTime<Utc>,
    },
    /// The end of a provider's key.
    RemoveProviderKey(Provider),
}
