//! Budgets: what may be spent, from the rows of organisation and agent, and what is, from the table that the committer
//! keeps under the lock of the log.

use application::{AppError, Caller};
use chrono::{DateTime, Utc};
use domain::census::{month, month_start, next_month};
use domain::{AgentId, MicroUsd, Permission, TenantId};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::columns::Fields;
use crate::views::Views;

/// What may be spent on model calls in the present calendar month, UTC, and what is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Budget)]
pub struct BudgetRow {
    /// What may be spent, in US dollars with six decimals; null is as much as it takes.
    #[schema(required, example = "25.000000")]
    pub limit_usd: Option<String>,
    /// What is spent.
    #[schema(example = "3.120000")]
    pub spent_usd: String,
    /// What is set aside for calls under way.
    #[schema(example = "0.040000")]
    pub reserved_usd: String,
    /// What further calls may cost; null is as much as it takes.
    #[schema(required, example = "21.840000")]
    pub left_usd: Option<String>,
    /// When the month began.
    pub period_start: DateTime<Utc>,
    /// When the next one begins.
    pub period_end: DateTime<Utc>,
    /// The version of what it belongs to.
    #[serde(skip)]
    #[schema(ignore)]
    pub version: i64,
}

/// A budget as stored.
struct Stored {
    version: i64,
    limit: Option<MicroUsd>,
    month: i32,
    spent: MicroUsd,
    reserved: MicroUsd,
}

const OF_TENANT: &str = "
    select t.version, t.budget_micro_usd, b.month, b.spent_micro_usd, b.reserved_micro_usd
    from tenants t
    left join budgets b on b.tenant_id = t.tenant_id and b.scope_id = t.tenant_id
    where t.tenant_id = $1 and t.tenant_id = $2";

const OF_AGENT: &str = "
    select a.version, a.budget_micro_usd, b.month, b.spent_micro_usd, b.reserved_micro_usd
    from agents a
    left join budgets b on b.tenant_id = a.tenant_id and b.scope_id = a.id
    where a.tenant_id = $1 and a.id = $2";

impl Views {
    /// The budget of the caller's organisation.
    pub async fn tenant_budget(&self, caller: &Caller, now: DateTime<Utc>) -> Result<BudgetRow, AppError> {
        caller.require(Permission::ReadTenant)?;
        self.budget(caller, (OF_TENANT, caller.tenant.0), now).await
    }

    /// The budget of one of its agents.
    pub async fn agent_budget(
        &self,
        caller: &Caller,
        agent: AgentId,
        now: DateTime<Utc>,
    ) -> Result<BudgetRow, AppError> {
        caller.require(Permission::ReadAgents)?;
        self.budget(caller, (OF_AGENT, agent.0), now).await
    }

    async fn budget(
        &self,
        caller: &Caller,
        (sql, id): (&'static str, Uuid),
        now: DateTime<Utc>,
    ) -> Result<BudgetRow, AppError> {
        let tenant = caller.tenant;
        let found = self.read(caller, move |conn| Box::pin(find(conn, tenant, sql, id)));
        Ok(found.await?.ok_or(AppError::NotFound)?.shown(now))
    }
}

async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    sql: &str,
    id: Uuid,
) -> Result<Option<Stored>, sqlx::Error> {
    let Some(row) = sqlx::query(sql).bind(tenant.0).bind(id).fetch_optional(conn).await? else {
        return Ok(None);
    };
    let mut fields = Fields::of(&row);
    Ok(Some(Stored {
        version: fields.next()?,
        limit: fields.next::<Option<i64>>()?.map(amount),
        month: fields.next::<Option<i32>>()?.unwrap_or_default(),
        spent: amount(fields.next::<Option<i64>>()?.unwrap_or_default()),
        reserved: amount(fields.next::<Option<i64>>()?.unwrap_or_default()),
    }))
}

impl Stored {
    fn shown(&self, now: DateTime<Utc>) -> BudgetRow {
        let spent = if self.month == month(now) { self.spent } else { MicroUsd::default() };
        let taken = spent.plus(self.reserved).get();
        let left = self.limit.map(|limit| MicroUsd::from(limit.get().saturating_sub(taken)));
        BudgetRow {
            limit_usd: self.limit.map(MicroUsd::to_decimal),
            spent_usd: spent.to_decimal(),
            reserved_usd: self.reserved.to_decimal(),
            left_usd: left.map(MicroUsd::to_decimal),
            period_start: month_start(now),
            period_end: next_month(now),
            version: self.version,
        }
    }
}

/// An amount of money as stored.
pub(crate) fn amount(stored: i64) -> MicroUsd {
    MicroUsd::from(u64::try_from(stored).unwrap_or_default())
}

/// An amount of money to be stored.
pub(crate) fn stored(amount: MicroUsd) -> i64 {
    i64::try_from(amount.get()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_spent_last_month_does_not_count_and_what_is_set_aside_does() {
        let now: DateTime<Utc> = "2026-02-10T12:00:00Z".parse().unwrap();
        let budget = |month| Stored {
            version: 1,
            limit: Some(MicroUsd::from(10_000_000)),
            month,
            spent: MicroUsd::from(9_000_000),
            reserved: MicroUsd::from(2_000_000),
        };
        let told = |row: BudgetRow| (row.spent_usd, row.reserved_usd, row.left_usd);
        let texts =
            |spent: &str, left: &str| (spent.to_owned(), "2.000000".to_owned(), Some(left.to_owned()));
        assert_eq!(told(budget(2026 * 12).shown(now)), texts("0.000000", "8.000000"));
        assert_eq!(told(budget(2026 * 12 + 1).shown(now)), texts("9.000000", "0.000000"));
        assert_eq!(budget(0).shown(now).period_end.to_rfc3339(), "2026-03-01T00:00:00+00:00");
    }
}
