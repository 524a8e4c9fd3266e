//! The keys of persons.

use std::sync::Arc;

use application::ports::Unavailable;
use domain::TenantId;
use moka::future::Cache;
use sqlx::PgPool;
use uuid::Uuid;

use super::unavailable;
use crate::crypto::{KeyRing, Purpose, SealingKey, Secrets};

/// Hands out the key that seals one person's data. Keys are stored sealed under the master key; a destroyed one
/// is gone for good, and with it what it sealed.
#[derive(Clone)]
pub struct Vault {
    pool: PgPool,
    master: Arc<KeyRing>,
    keys: Cache<(TenantId, Uuid), SealingKey>,
}

/// A person's key, as far as there is one.
#[derive(Clone, Debug)]
pub(super) enum PersonalKey {
    Present(SealingKey),
    /// Never made: nothing of the person was recorded yet.
    Missing,
    /// Destroyed: the person was erased.
    Destroyed,
}

/// A key made for a person of whom nothing was recorded yet; it comes into being with the commit that needs it.
#[derive(Clone, Debug)]
pub(super) struct NewKey {
    pub(super) subject: Uuid,
    pub(super) key: SealingKey,
    pub(super) wrapped: Vec<u8>,
    pub(super) master_key_id: String,
}

impl Vault {
    /// The vault of a deployment. `pool` is the writing role's.
    pub fn new(pool: PgPool, secrets: &Secrets) -> Self {
        let master = Arc::new(secrets.key_ring(Purpose::PersonalKeys));
        Self { pool, master, keys: Cache::new(100_000) }
    }

    /// The key of a person.
    pub(super) async fn find(&self, tenant: TenantId, subject: Uuid) -> Result<PersonalKey, Unavailable> {
        if let Some(key) = self.keys.get(&(tenant, subject)).await {
            return Ok(PersonalKey::Present(key));
        }
        let row: Option<(Option<Vec<u8>>, Option<String>)> = sqlx::query_as(
            "select wrapped, master_key_id from personal_keys where tenant_id = $1 and subject_id = $2",
        )
        .bind(tenant.0)
        .bind(subject)
        .fetch_optional(&self.pool)
        .await
        .map_err(unavailable)?;
        let (wrapped, id) = match row {
            None => return Ok(PersonalKey::Missing),
            Some((None, _)) => return Ok(PersonalKey::Destroyed),
            Some((Some(wrapped), id)) => (wrapped, id),
        };
        let Ok(key) = self.master.open_key(id.as_deref(), &context(tenant, subject), &wrapped) else {
            tracing::error!(tenant.id = %tenant, "a personal key does not open: the master key is another one");
            return Err(Unavailable);
        };
        self.keep(tenant, subject, key.clone()).await;
        Ok(PersonalKey::Present(key))
    }

    /// A fresh key for a person, not stored yet.
    pub(super) fn make(&self, tenant: TenantId, subject: Uuid) -> NewKey {
        let key = SealingKey::random();
        let wrapped = self.master.seal(&context(tenant, subject), key.bytes());
        NewKey { subject, key, wrapped, master_key_id: self.master.id().to_owned() }
    }

    /// Remembers a key that is stored now.
    pub(super) async fn keep(&self, tenant: TenantId, subject: Uuid, key: SealingKey) {
        self.keys.insert((tenant, subject), key).await;
    }
}

/// Binds a sealed value to the person it is about.
pub(super) fn context(tenant: TenantId, subject: Uuid) -> Vec<u8> {
    [b"personal".as_slice(), tenant.0.as_bytes(), subject.as_bytes()].concat()
}
