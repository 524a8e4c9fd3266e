//! What a tenant uses of its plan: read from the counters that order its log, so it agrees with what a commit is
//! held against.

use application::{AppError, Caller};
use chrono::{DateTime, Utc};
use domain::census::{month_start, next_month};
use domain::plan::Resource;
use domain::{Census, Permission, TenantId, Tier};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use crate::columns::Fields;
use crate::schema::ResourceSchema;
use crate::views::Views;

/// What a tenant uses of its plan in the present calendar month, UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Usage)]
pub struct UsageRow {
    /// When the month began.
    pub period_start: DateTime<Utc>,
    /// When the next one begins.
    pub period_end: DateTime<Utc>,
    /// Each limited resource.
    pub resources: Vec<ResourceUsage>,
}

/// What is used of one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResourceUsage {
    /// Which one.
    #[schema(value_type = ResourceSchema)]
    pub resource: &'static str,
    /// How many there are.
    pub used: u32,
    /// The plan's limit; null is unlimited.
    #[schema(required)]
    pub limit: Option<u32>,
    /// When the counter starts anew, for what is counted by the month.
    #[schema(required)]
    pub resets_at: Option<DateTime<Utc>>,
}

impl Views {
    /// What the caller's tenant uses of its plan.
    pub async fn usage(&self, caller: &Caller, now: DateTime<Utc>) -> Result<UsageRow, AppError> {
        caller.require(Permission::ReadTenant)?;
        let tenant = caller.tenant;
        let census = self.read(caller, move |conn| Box::pin(find_census(conn, tenant)));
        let census = census.await?.ok_or(AppError::NotFound)?;
        Ok(usage(&census, now))
    }
}

fn usage(census: &Census, now: DateTime<Utc>) -> UsageRow {
    let limits = census.tier.limits();
    let resources = Resource::ALL.into_iter().map(|resource| ResourceUsage {
        resource: resource.as_str(),
        used: census.used(resource, now),
        limit: limits.of(resource),
        resets_at: (resource == Resource::TasksPerMonth).then(|| next_month(now)),
    });
    UsageRow { period_start: month_start(now), period_end: next_month(now), resources: resources.collect() }
}

async fn find_census(conn: &mut PgConnection, tenant: TenantId) -> Result<Option<Census>, sqlx::Error> {
    let sql = "select tier, suspended, stopped, agents, schedules, users, owners, tasks, tasks_month from tenant_heads where tenant_id = $1";
    let Some(row) = sqlx::query(sql).bind(tenant.0).fetch_optional(conn).await? else {
        return Ok(None);
    };
    let mut fields = Fields::of(&row);
    let count = |number: i32| u32::try_from(number).unwrap_or(0);
    Ok(Some(Census {
        tier: fields.next_of(Tier::find)?,
        suspended: fields.next()?,
        stopped: fields.next()?,
        agents: count(fields.next()?),
        schedules: count(fields.next()?),
        users: count(fields.next()?),
        owners: count(fields.next()?),
        tasks: count(fields.next()?),
        month: fields.next()?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_months_tasks_do_not_count() {
        let now: DateTime<Utc> = "2026-02-10T12:00:00Z".parse().unwrap();
        let january = 2026 * 12;
        let census = |month| Census { agents: 2, tasks: 7, month, ..Census::default() };
        let tasks = |usage: UsageRow| usage.resources[1].clone();

        let usage_now = usage(&census(january + 1), now);
        assert_eq!(usage_now.period_start.to_rfc3339(), "2026-02-01T00:00:00+00:00");
        assert_eq!(usage_now.period_end.to_rfc3339(), "2026-03-01T00:00:00+00:00");
        assert_eq!(tasks(usage_now.clone()).used, 7);
        assert_eq!(tasks(usage_now.clone()).resets_at, Some(usage_now.period_end));
        assert_eq!(tasks(usage(&census(january), now)).used, 0);
    }
}
