//! Passwords, sessions and refresh tokens.

use application::ports::{
    Credentials, Exchange, Holder, Rotation, SessionOrigin, StoredPassword, Unavailable,
};
use chrono::{DateTime, Utc};
use domain::tenant::Subdomain;
use domain::{Email, SessionId, TenantId, UserId};
use secrecy::{ExposeSecret, SecretString};
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

    async fn find_holder(&self, tenant: TenantId, email: &Email) -> Result<Option<UserId>, Unavailable> {
        sqlx::query_scalar(
            "select holder_id from unique_keys where scope_id = $1 and kind = 'email' and value = $2",
        )
        .bind(tenant.0)
        .bind(email.as_str())
        .fetch_optional(&self.pool)
        .await
        .map(|id| id.map(UserId))
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
             where email = any ($1) and ($2::uuid is null or tenant_id = $2)
             order by changed_at desc
             limit 20",
        )
        // Addresses that were registered before there was one form for each are stored as they were typed.
        .bind([email.as_str(), email.canonical().as_str()])
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

    async fn strengthen(&self, of: &StoredPassword, hash: &SecretString) -> Result<(), Unavailable> {
        sqlx::query("update passwords set hash = $4 where tenant_id = $1 and user_id = $2 and hash = $3")
            .bind(of.tenant.0)
            .bind(of.user.0)
            .bind(of.hash.expose_secret())
            .bind(hash.expose_secret())
            .execute(&self.pool)
            .await
            .map(|_| ())
            .map_err(unavailable)
    }

    async fn find_session(
        &self,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Option<SessionOrigin>, Unavailable> {
        let found: Option<(Option<String>, Option<String>)> =
            sqlx::query_as("select ip, user_agent from sessions where tenant_id = $1 and session_id = $2")
                .bind(tenant.0)
                .bind(session.0)
                .fetch_optional(&self.pool)
                .await
                .map_err(unavailable)?;
        Ok(found.map(|(ip, user_agent)| SessionOrigin { ip, user_agent }))
    }

    async fn knows_device(
        &self,
        tenant: TenantId,
        user: UserId,
        device: &[u8; 32],
    ) -> Result<bool, Unavailable> {
        sqlx::query_scalar(
            "select exists (select from sessions where tenant_id = $1 and user_id = $2 and device = $3)",
        )
        .bind(tenant.0)
        .bind(user.0)
        .bind(device.as_slice())
        .fetch_one(&self.pool)
        .await
        .map_err(unavailable)
    }

    async fn find_refresh(&self, presented: &[u8; 32]) -> Result<Option<Holder>, Unavailable> {
        let found: Option<(Uuid, Uuid, Uuid)> = sqlx::query_as(
            "select s.tenant_id, s.user_id, s.session_id
             from refresh_tokens r
             join sessions s on s.tenant_id = r.tenant_id and s.session_id = r.session_id
             where r.digest = $1 and s.ended_at is null and s.expires_at > now()",
        )
        .bind(presented.as_slice())
        .fetch_optional(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(found.map(|(tenant, user, session)| Holder {
            tenant: TenantId(tenant),
            user: UserId(user),
            session: SessionId(session),
        }))
    }

    async fn rotate(&self, exchange: &Exchange) -> Result<Rotation, Unavailable> {
        let rotated: Option<i32> = sqlx::query_scalar(ROTATE)
            .bind(exchange.presented.as_slice())
            .bind(exchange.successor.as_slice())
            .bind(exchange.refresh_until)
            .bind(exchange.grace.num_milliseconds())
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        if let Some(generation) = rotated {
            return Ok(Rotation::Rotated(generation));
        }
        // A moment later it may look different only for the worse: generations are never taken back.
        let refused: Option<(bool, bool)> = sqlx::query_as(WHY_NOT_ROTATED)
            .bind(exchange.presented.as_slice())
            .bind(exchange.grace.num_milliseconds())
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        Ok(match refused {
            Some((true, true)) => Rotation::Superseded,
            Some((true, false)) => Rotation::Reused,
            Some((false, _)) | None => Rotation::Unknown,
        })
    }

    async fn mark_used(
        &self,
        tenant: TenantId,
        session: SessionId,
        generation: i32,
    ) -> Result<bool, Unavailable> {
        // Ids and a number only, so the text is safe to be a statement: without preparing it is one round trip.
        let sql = format!(
            "update sessions set generation_used = true, last_used_at = now()
             where tenant_id = '{tenant}' and session_id = '{session}' and generation = {generation}
                 and ended_at is null"
        );
        let done = sqlx::raw_sql(&sql).execute(&self.pool).await.map_err(unavailable)?;
        Ok(done.rows_affected() > 0)
    }

    async fn open_sessions(&self, tenant: TenantId, user: UserId) -> Result<Vec<SessionId>, Unavailable> {
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "select session_id
             from sessions
             where tenant_id = $1 and user_id = $2 and ended_at is null and refresh_until > now()
             order by opened_at",
        )
        .bind(tenant.0)
        .bind(user.0)
        .fetch_all(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(ids.into_iter().map(SessionId).collect())
    }

    async fn mark_authenticated(
        &self,
        tenant: TenantId,
        session: SessionId,
        at: DateTime<Utc>,
    ) -> Result<(), Unavailable> {
        sqlx::query(
            "update sessions set authenticated_at = $3
             where tenant_id = $1 and session_id = $2 and ended_at is null",
        )
        .bind(tenant.0)
        .bind(session.0)
        .bind(at)
        .execute(&self.pool)
        .await
        .map(|_| ())
        .map_err(unavailable)
    }
}

/// One row is changed, that of the session, and it alone decides: of several at once the second sees what the first left.
/// The row of the presented token never changes. It is exchanged if it is the newest, or if the newest was made from it and
/// nothing of that was used.
const ROTATE: &str = "
    with presented as (
        select tenant_id, session_id, generation from refresh_tokens where digest = $1
    ), rotated as (
        update sessions s
        set generation = s.generation + 1, parent = p.generation, generation_at = clock_timestamp(),
            generation_used = false, last_used_at = clock_timestamp(), refresh_until = least($3, s.expires_at)
        from presented p
        where s.tenant_id = p.tenant_id and s.session_id = p.session_id
            and s.ended_at is null and s.expires_at > now() and s.refresh_until > now()
            and (
                s.generation = p.generation
                or s.parent = p.generation and not s.generation_used
                    and s.generation_at <= clock_timestamp() - $4 * interval '1 millisecond'
            )
        returning s.tenant_id, s.session_id, s.generation, s.parent
    ), made as (
        insert into refresh_tokens (digest, tenant_id, session_id, generation, parent)
        select $2, tenant_id, session_id, generation, parent from rotated
    )
    select generation from rotated";

/// Whether a token was exchanged, and whether that was a moment ago. One that was given up was not: the generation after it
/// has its parent.
const WHY_NOT_ROTATED: &str = "
    select n.parent = r.generation, r.generation = s.parent
        and s.generation_at > clock_timestamp() - $2 * interval '1 millisecond'
    from refresh_tokens r
    join sessions s on s.tenant_id = r.tenant_id and s.session_id = r.session_id
    join refresh_tokens n on n.tenant_id = r.tenant_id and n.session_id = r.session_id
        and n.generation = r.generation + 1
    where r.digest = $1 and s.ended_at is null and s.expires_at > now() and s.refresh_until > now()";

impl PgCredentials {
    /// Forgets sessions, with their refresh tokens, that ended more than 30 days ago; returns how many. Until then they
    /// tell a known device.
    pub async fn forget_ended_sessions(&self) -> Result<u64, Unavailable> {
        sqlx::query(
            "delete from sessions
             where coalesce(ended_at, refresh_until) < now() - interval '30 days'",
        )
        .execute(&self.pool)
        .await
        .map(|done| done.rows_affected())
        .map_err(unavailable)
    }
}
