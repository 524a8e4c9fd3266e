//! For whom an API key speaks.

use application::ports::Unavailable;
use application::{AppError, Caller};
use chrono::{DateTime, Utc};
use domain::{Permissions, Reach, Role, TenantId, Tier, UserId};
use sqlx::PgPool;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::api_keys::{reach, scopes};
use crate::columns::Fields;
use crate::views::Views;

/// For whom a working key speaks at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHolder {
    /// In which tenant.
    pub tenant: TenantId,
    /// Which key.
    pub key: Uuid,
    /// Who made it.
    pub user: UserId,
    /// What it was made for.
    pub scopes: Permissions,
    /// The agents that it is bound to, if it is.
    pub agents: Reach,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// The role of the one who made it.
    pub role: Role,
    /// Whether the whole tenant is suspended.
    pub suspended: bool,
    /// Where the tenant is reached.
    pub subdomain: String,
    /// On which tier the tenant is.
    pub tier: Tier,
}

/// Which key, whether it works or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyName {
    /// In which tenant.
    pub tenant: TenantId,
    /// Which key.
    pub key: Uuid,
    /// Who made it.
    pub user: UserId,
}

/// A key that works: neither it nor its maker's access has ended.
const FIND: &str = "
    select k.tenant_id, k.id, k.created_by, k.scopes, k.agent_ids, k.expires_at, u.role, t.status = 'suspended', t.subdomain,
        t.subscription_tier
    from api_keys k
    join users u on u.tenant_id = k.tenant_id and u.id = k.created_by
    join tenants t on t.tenant_id = k.tenant_id
    where k.revoked_at is null and k.expires_at > now() and u.status = 'active'";

/// Finds keys whose tenant is not known yet, and notes their use.
///
/// It reads as the writing role, the one that may look beyond a single tenant, in one statement that names one digest:
/// who does not know the key finds nothing. The reading role may not see digests at all.
#[derive(Clone, Debug)]
pub struct KeyHolders {
    pool: PgPool,
}

impl KeyHolders {
    /// On the writing role's pool.
    pub const fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// For whom the key with this digest speaks; nothing if no such key works.
    pub async fn find(&self, digest: [u8; 32]) -> Result<Option<KeyHolder>, Unavailable> {
        let sql = format!("{FIND} and k.digest = $1");
        let found = async {
            let row = sqlx::query(&sql).bind(digest.as_slice()).fetch_optional(&self.pool).await?;
            row.as_ref().map(decode).transpose()
        };
        found.await.map_err(failed)
    }

    /// Which key has this digest, whether it works or not.
    pub async fn find_name(&self, digest: [u8; 32]) -> Result<Option<KeyName>, Unavailable> {
        let sql = "select tenant_id, id, created_by from api_keys where digest = $1";
        let found: Result<Option<(Uuid, Uuid, Uuid)>, _> =
            sqlx::query_as(sql).bind(digest.as_slice()).fetch_optional(&self.pool).await;
        let name = |(tenant, key, user)| KeyName { tenant: TenantId(tenant), key, user: UserId(user) };
        found.map(|row| row.map(name)).map_err(failed)
    }

    /// Notes that a key is used, at most once a minute whoever else does.
    pub async fn note_use(&self, tenant: TenantId, key: Uuid) -> Result<(), Unavailable> {
        let sql = "
            update api_keys set last_used_at = now()
            where tenant_id = $1 and id = $2
                and (last_used_at is null or last_used_at <= now() - interval '1 minute')";
        sqlx::query(sql).bind(tenant.0).bind(key).execute(&self.pool).await.map(drop).map_err(failed)
    }
}

impl Views {
    /// For whom a key speaks that is already known to be the caller's.
    pub async fn key_holder(&self, caller: &Caller, key: Uuid) -> Result<Option<KeyHolder>, AppError> {
        let tenant = caller.tenant;
        let found = self.read(caller, move |conn| {
            Box::pin(async move {
                let sql = format!("{FIND} and k.tenant_id = $1 and k.id = $2");
                let row = sqlx::query(&sql).bind(tenant.0).bind(key).fetch_optional(conn).await?;
                row.as_ref().map(decode).transpose()
            })
        });
        found.await
    }
}

fn decode(row: &PgRow) -> Result<KeyHolder, sqlx::Error> {
    let mut fields = Fields::of(row);
    Ok(KeyHolder {
        tenant: TenantId(fields.next()?),
        key: fields.next()?,
        user: UserId(fields.next()?),
        scopes: scopes(&fields.next::<Vec<String>>()?).into_iter().collect(),
        agents: reach(fields.next()?)?,
        expires_at: fields.next()?,
        role: fields.next_of(Role::find)?,
        suspended: fields.next()?,
        subdomain: fields.next()?,
        tier: fields.next_of(Tier::find)?,
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` asks for")]
fn failed(error: sqlx::Error) -> Unavailable {
    tracing::error!(error = &error as &dyn std::error::Error, "an API key cannot be looked up");
    Unavailable
}
