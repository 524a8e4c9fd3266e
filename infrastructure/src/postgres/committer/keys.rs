//! What a commit writes to the tables of keys.

use application::commit::KeyEffect;
use domain::{Reach, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

const ADD_API_KEY: &str = "
    insert into api_keys (
        tenant_id, id, digest, prefix, last4, name, scopes, created_by, version, created_at, updated_at, expires_at,
        agent_ids
    ) values ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $9, $10, $11)";

const REVOKE_API_KEY: &str = "
    update api_keys set revoked_at = $3, updated_at = $3, version = version + 1
    where tenant_id = $1 and id = $2";

const RETIRE_API_KEY: &str = "
    update api_keys set expires_at = least(expires_at, $3), updated_at = $4, version = version + 1
    where tenant_id = $1 and id = $2";

const SET_PROVIDER_KEY: &str = "
    insert into provider_keys (
        tenant_id, provider, sealed, key_version, last4, set_by, version, created_at, updated_at
    ) values ($1, $2, $3, $4, $5, $6, 1, $7, $7)
    on conflict on constraint provider_keys_key do update
        set sealed = excluded.sealed, key_version = excluded.key_version, last4 = excluded.last4,
            set_by = excluded.set_by, version = provider_keys.version + 1, updated_at = excluded.updated_at";

const REMOVE_PROVIDER_KEY: &str = "delete from provider_keys where tenant_id = $1 and provider = $2";

pub(super) async fn write(
    conn: &mut PgConnection,
    tenant: TenantId,
    effect: &KeyEffect,
) -> Result<(), sqlx::Error> {
    let query = match effect {
        KeyEffect::AddApiKey { new, digest, prefix, last4, created_by, at } => sqlx::query(ADD_API_KEY)
            .bind(tenant.0)
            .bind(new.key)
            .bind(digest.as_slice())
            .bind(prefix)
            .bind(last4)
            .bind(new.name.as_str())
            .bind(new.scopes.iter().map(domain::Permission::as_str).collect::<Vec<_>>())
            .bind(created_by.0)
            .bind(at)
            .bind(new.expires_at)
            .bind(ids(&new.agents)),
        KeyEffect::RevokeApiKey { key, at } => sqlx::query(REVOKE_API_KEY).bind(tenant.0).bind(key).bind(at),
        KeyEffect::RetireApiKey { key, until, at } => {
            sqlx::query(RETIRE_API_KEY).bind(tenant.0).bind(key).bind(until).bind(at)
        }
        KeyEffect::SetProviderKey { provider, key, last4, set_by, at } => sqlx::query(SET_PROVIDER_KEY)
            .bind(tenant.0)
            .bind(provider.as_str())
            .bind(&key.sealed)
            .bind(key.key_version)
            .bind(last4)
            .bind(set_by.0)
            .bind(at),
        KeyEffect::RemoveProviderKey(provider) => {
            sqlx::query(REMOVE_PROVIDER_KEY).bind(tenant.0).bind(provider.as_str())
        }
    };
    query.execute(conn).await.map(drop)
}

/// The agents that a key is bound to; nothing for all.
fn ids(agents: &Reach) -> Option<Vec<Uuid>> {
    match agents {
        Reach::All => None,
        Reach::Only(agents) => Some(agents.iter().map(Uuid::from).collect()),
    }
}
