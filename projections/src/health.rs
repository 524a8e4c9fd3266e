//! A tenant's own health.

use application::{AppError, Caller};
use chrono::{DateTime, Utc};
use domain::{Permission, TenantId};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use crate::columns::{Fields, text_enum};
use crate::views::Views;

text_enum! {
    /// Whether a tenant's work gets done.
    pub enum HealthStatus {
        /// It does.
        Ok = "ok",
        /// A task of a running agent has been due for five minutes, and no worker took it.
        Degraded = "degraded",
    }
}

/// A tenant's own health.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TenantHealth {
    /// Whether the work gets done.
    pub status: HealthStatus,
    /// The position of the last event.
    pub event_position: i64,
    /// When it was recorded.
    #[schema(required)]
    pub last_event_at: Option<DateTime<Utc>>,
    /// Tasks that wait for a worker.
    pub queued_tasks: i64,
    /// Tasks that a worker is at.
    pub running_tasks: i64,
    /// How far each read model is.
    pub projections: Vec<ProjectionHealth>,
}

/// How far a read model is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProjectionHealth {
    /// Its name.
    pub name: &'static str,
    /// The position of the last event in it.
    pub position: i64,
    /// How many events it is behind; 0 for those that are written inside the commit.
    pub lag: i64,
}

const HEALTH: &str = "
    select
        h.position,
        h.recorded_at,
        (select count(*) from run_queue q where q.tenant_id = $1 and q.state = 'queued'),
        (select count(*) from run_queue q where q.tenant_id = $1 and q.state = 'running'),
        not h.suspended and exists (
            select from run_queue q
            join agents a on a.tenant_id = q.tenant_id and a.id = q.agent_id and a.status = 'running'
            where q.tenant_id = $1
              and q.state = 'queued'
              and greatest(q.queued_at, q.not_before) < now() - interval '5 minutes'
        )
    from tenant_heads h
    where h.tenant_id = $1";

impl Views {
    /// How the caller's tenant fares.
    pub async fn tenant_health(&self, caller: &Caller) -> Result<TenantHealth, AppError> {
        caller.require(Permission::ReadTenant)?;
        let tenant = caller.tenant;
        let health = self.read(caller, move |conn| Box::pin(find_health(conn, tenant)));
        health.await?.ok_or(AppError::NotFound)
    }
}

async fn find_health(conn: &mut PgConnection, tenant: TenantId) -> Result<Option<TenantHealth>, sqlx::Error> {
    let Some(row) = sqlx::query(HEALTH).bind(tenant.0).fetch_optional(conn).await? else {
        return Ok(None);
    };
    let mut fields = Fields::of(&row);
    let position = fields.next()?;
    let (last_event_at, queued_tasks, running_tasks) = (fields.next()?, fields.next()?, fields.next()?);
    let status = if fields.next()? { HealthStatus::Degraded } else { HealthStatus::Ok };
    let inline = crate::inline();
    let projections =
        inline.iter().map(|projector| ProjectionHealth { name: projector.name(), position, lag: 0 });
    Ok(Some(TenantHealth {
        status,
        event_position: position,
        last_event_at,
        queued_tasks,
        running_tasks,
        projections: projections.collect(),
    }))
}
