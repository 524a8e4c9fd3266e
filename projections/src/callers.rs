//! Who a session speaks for.

use application::AppError;
use domain::{Role, SessionId, TenantId, UserId};

use crate::columns::Fields;
use crate::views::Views;

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
}

const FIND_SESSION: &str = "
    select s.user_id, u.role, t.status = 'suspended', t.subdomain
    from sessions s
    join users u on u.tenant_id = s.tenant_id and u.id = s.user_id
    join tenants t on t.tenant_id = s.tenant_id
    where s.tenant_id = $1 and s.session_id = $2 and s.ended_at is null and u.status = 'active'";

impl Views {
    /// Who an open session is now; `None` if it ended, its user has no access, or there is no such tenant.
    pub async fn session(
        &self,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Option<SessionState>, AppError> {
        let found = self.read(tenant, move |conn| {
            Box::pin(async move {
                let query = sqlx::query(FIND_SESSION).bind(tenant.0).bind(session.0);
                let Some(row) = query.fetch_optional(conn).await? else {
                    return Ok(None);
                };
                let mut fields = Fields::of(&row);
                Ok(Some(SessionState {
                    user: UserId(fields.next()?),
                    role: fields.next_of(Role::find)?,
                    suspended: fields.next()?,
                    subdomain: fields.next()?,
                }))
            })
        });
        found.await
    }
}
