//! Tenants' own keys of model providers: each sealed under its tenant's data key, which is sealed under the master key.

use std::sync::Arc;

use application::ports::{ProviderKeys, SealedKey, Unavailable};
use domain::TenantId;
use domain::tenant::Provider;
use moka::future::Cache;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;

use super::unavailable;
use crate::crypto::{KeyRing, Purpose, SealingKey, Secrets};

/// Seals and opens. What is sealed is bound to its purpose, tenant, provider and data key: moved to another row it does
/// not open.
#[derive(Clone)]
pub struct PgProviderKeys {
    pool: PgPool,
    master: Arc<KeyRing>,
    /// Data keys by tenant and version. They stay what they are when the master key changes.
    opened: Cache<(TenantId, i32), SealingKey>,
}

/// The version of every data key so far.
const FIRST: i32 = 1;

impl PgProviderKeys {
    /// The keys of a deployment. `pool` is the writing role's.
    pub fn new(pool: PgPool, secrets: &Secrets) -> Self {
        let master = Arc::new(secrets.key_ring(Purpose::TenantKeys));
        Self { pool, master, opened: Cache::new(10_000) }
    }

    /// The data key of a tenant, made when it is first asked for. Of two that are made at once the first stored is it.
    async fn data_key(&self, tenant: TenantId) -> Result<SealingKey, Unavailable> {
        if let Some(key) = self.find_data_key(tenant, FIRST).await? {
            return Ok(key);
        }
        let wrapped = self.master.seal(&key_context(tenant, FIRST), SealingKey::random().bytes());
        sqlx::query(
            "insert into tenant_keys (tenant_id, version, wrapped, master_key_id) values ($1, $2, $3, $4)
             on conflict on constraint tenant_keys_key do nothing",
        )
        .bind(tenant.0)
        .bind(FIRST)
        .bind(wrapped)
        .bind(self.master.id())
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        self.find_data_key(tenant, FIRST).await?.ok_or(Unavailable)
    }

    async fn find_data_key(&self, tenant: TenantId, version: i32) -> Result<Option<SealingKey>, Unavailable> {
        if let Some(key) = self.opened.get(&(tenant, version)).await {
            return Ok(Some(key));
        }
        let sql = "select wrapped, master_key_id from tenant_keys where tenant_id = $1 and version = $2";
        let row: Option<(Vec<u8>, String)> = sqlx::query_as(sql)
            .bind(tenant.0)
            .bind(version)
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        let Some((wrapped, id)) = row else {
            return Ok(None);
        };
        let key = self.master.open_key(Some(&id), &key_context(tenant, version), &wrapped);
        let key = key.map_err(|_| does_not_open(tenant, "a tenant's data key"))?;
        self.opened.insert((tenant, version), key.clone()).await;
        Ok(Some(key))
    }
}

#[async_trait::async_trait]
impl ProviderKeys for PgProviderKeys {
    async fn seal(
        &self,
        tenant: TenantId,
        provider: &Provider,
        key: &SecretString,
    ) -> Result<SealedKey, Unavailable> {
        let data_key = self.data_key(tenant).await?;
        let sealed = data_key.seal(&context(tenant, provider, FIRST), key.expose_secret().as_bytes());
        Ok(SealedKey { sealed, key_version: FIRST })
    }

    async fn open(&self, tenant: TenantId, provider: &Provider) -> Result<Option<SecretString>, Unavailable> {
        let sql = "select sealed, key_version from provider_keys where tenant_id = $1 and provider = $2";
        let row: Option<(Vec<u8>, i32)> = sqlx::query_as(sql)
            .bind(tenant.0)
            .bind(provider.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        let Some((sealed, version)) = row else {
            return Ok(None);
        };
        let missing = || does_not_open(tenant, "a provider key without its data key");
        let data_key = self.find_data_key(tenant, version).await?.ok_or_else(missing)?;
        let text = data_key.open(&context(tenant, provider, version), &sealed).ok();
        let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
        text.map(|text| Some(text.into())).ok_or_else(|| does_not_open(tenant, "a provider key"))
    }
}

fn does_not_open(tenant: TenantId, what: &str) -> Unavailable {
    tracing::error!(tenant.id = %tenant, "{what} does not open: it was moved or changed, or the master key is another one");
    Unavailable
}

/// Binds a wrapped data key to its place.
pub(super) fn key_context(tenant: TenantId, version: i32) -> Vec<u8> {
    [b"tenant key|".as_slice(), tenant.0.as_bytes(), &version.to_be_bytes()].concat()
}

/// Binds a provider key to its place. Only the last part varies in length.
fn context(tenant: TenantId, provider: &Provider, version: i32) -> Vec<u8> {
    let parts = [
        b"provider key|".as_slice(),
        tenant.0.as_bytes(),
        &version.to_be_bytes(),
        provider.as_str().as_bytes(),
    ];
    parts.concat()
}
