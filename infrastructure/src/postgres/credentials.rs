//! Passwords, sessions and refresh tokens.

use application::ports::{Credentials, Rotation, StoredPassword, Unavailable};
use chrono::{DateTime, Utc};
use domain::tenant::Subdomain;
use domain::{Email, SessionId, TenantId, UserId};
use sqlx::PgPool;
use uuid::Uuid;

use super::unavailable;

/// The credential tables. Each method is one statement, so a request that goes away leaves nothing half done.
#[derive(Clone, Debug)]
pub struct PgCredentials {
    pool: PgPool,
}

impl PgCredentials {
    /// On the writing role's pool.
    pub const fn new(pool: PgPool) -> Self {
        Self { pool }
    }
}

#[async_trait::async_trait]
impl Credentials for PgCredentials {
    async fn find_tenant(&self, subdomain: &Subdomain) -> Result<Option<TenantId>, Unavailable> {
        sqlx::query_scalar(
            "select tenant_id from unique_keys where scope_id = $1 and kind = 'subdomain' and value = $2",
        )
        .bind(Uuid::nil())
        .bind(subdomain.as_str())
        .fetch_optional(&self.pool)
        .await
        .map(|id| id.map(TenantId))
        .map_err(unavailable)
    }

    async fn find_passwords(
        &self,
        email: &Email,
        tenant: Option<TenantId>,
    ) -> Result<Vec<StoredPassword>, Unavailable> {
        let rows: Vec<(Uuid, Uuid, String)> = sqlx::query_as(
            "select tenant_id, user_id, hash
             from passwords
             where email = $1 and ($2::uuid is null or tenant_id = $2)
             order by changed_at desc
             limit 20",
        )
        .bind(email.as_str())
        .bind(tenant.map(|tenant| tenant.0))
        .fetch_all(&self.pool)
        .await
        .map_err(unavailable)?;
        let stored = |(tenant, user, hash): (Uuid, Uuid, String)| StoredPassword {
            tenant: TenantId(tenant),
            user: UserId(user),
            hash: hash.into(),
        };
        Ok(rows.into_iter().map(stored).collect())
    }

    async fn rotate(
        &self,
        presented: [u8; 32],
        successor: [u8; 32],
        expires_at: DateTime<Utc>,
    ) -> Result<Rotation, Unavailable> {
        // Of several at once only one update finds the token unused; the others see a used one, which ends the session.
        let rotated: Option<(Uuid, Uuid, Uuid)> = sqlx::query_as(
            "with used as (
                 update refresh_tokens t
                 set used_at = now()
                 from sessions s
                 where t.digest = $1 and t.used_at is null and t.expires_at > now()
                     and s.tenant_id = t.tenant_id and s.session_id = t.session_id and s.ended_at is null
                 returning t.tenant_id, t.session_id, s.user_id
             ), made as (
                 insert into refresh_tokens (digest, tenant_id, session_id, expires_at)
                 select $2, tenant_id, session_id, $3 from used
             )
             select tenant_id, user_id, session_id from used",
        )
        .bind(presented.as_slice())
        .bind(successor.as_slice())
        .bind(expires_at)
        .fetch_optional(&self.pool)
        .await
        .map_err(unavailable)?;
        if let Some((tenant, user, session)) = rotated {
            let (tenant, user, session) = (TenantId(tenant), UserId(user), SessionId(session));
            return Ok(Rotation::Rotated { tenant, user, session });
        }
        let ended = sqlx::query(
            "update sessions s
             set ended_at = coalesce(s.ended_at, now())
             from refresh_tokens t
             where t.digest = $1 and t.used_at is not null
                 and s.tenant_id = t.tenant_id and s.session_id = t.session_id",
        )
        .bind(presented.as_slice())
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(if ended.rows_affected() > 0 { Rotation::Reused } else { Rotation::Unknown })
    }
}
