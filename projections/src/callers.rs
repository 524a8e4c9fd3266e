//! Who a session speaks for.

use application::AppError;
use application::ports::AccessClaims;
use chrono::{DateTime, Utc};
use domain::{Role, TenantId, Tier, UserId};
use sqlx::postgres::PgRow;

use crate::columns::Fields;
use crate::views::{Views, failed};

/// Who an open session speaks for at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionState {
    /// Who.
    pub user: UserId,
    /// With which role.
    pub role: Role,
    /// Whether the whole tenant is suspended.
    pub suspended: bool,
    /// Where the tenant is reached.
    pub subdomain: String,
    /// On which tier the tenant is.
    pub tier: Tier,
    /// When the password was last given.
    pub authenticated_at: DateTime<Utc>,
    /// Whether nothing shows yet that the client has received the tokens asked with.
    pub is_unused: bool,
}

impl Views {
    /// Who an open session is now; `None` if it ended, if that pair of its tokens was given up for another, if its user
    /// has no access, or if there is no such tenant. One round trip.
    pub async fn session(&self, claims: &AccessClaims) -> Result<Option<SessionState>, AppError> {
        let tenant = claims.tenant;
        let rows = self.query_at_once(tenant, find_session(claims)).await?;
        rows.first().map(decode).transpose().map_err(|error| failed(tenant, &error))
    }
}

/// A pair of tokens was given up if the one after it was made from the same.
fn find_session(claims: &AccessClaims) -> String {
    let AccessClaims { tenant: TenantId(tenant), session, generation, .. } = claims;
    format!(
        "select s.user_id, u.role, t.status = 'suspended', t.subdomain, t.subscription_tier,
             s.authenticated_at,
             s.generation = g.generation and not s.generation_used
         from sessions s
         join users u on u.tenant_id = s.tenant_id and u.id = s.user_id
         join tenants t on t.tenant_id = s.tenant_id
         join refresh_tokens g on g.tenant_id = s.tenant_id and g.session_id = s.session_id
             and g.generation = {generation}
         left join refresh_tokens n on n.tenant_id = s.tenant_id and n.session_id = s.session_id
             and n.generation = g.generation + 1
         where s.tenant_id = '{tenant}' and s.session_id = '{session}' and s.ended_at is null
             and s.expires_at > now() and u.status = 'active' and n.parent is distinct from g.parent"
    )
}

fn decode(row: &PgRow) -> Result<SessionState, sqlx::Error> {
    let mut fields = Fields::of(row);
    Ok(SessionState {
        user: UserId(fields.next()?),
        role: fields.next_of(Role::find)?,
        suspended: fields.next()?,
        subdomain: fields.next()?,
        tier: fields.next_of(Tier::find)?,
        authenticated_at: fields.next()?,
        is_unused: fields.next()?,
    })
}
