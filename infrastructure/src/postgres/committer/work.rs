//! What the commands of workers bring along: contents that events name, and what is set aside and spent.

use std::collections::{BTreeMap, HashMap, HashSet};

use application::commit::{Content, Hold};
use domain::{ContentHash, LimitReached, MicroUsd, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::plan::{Facts, Plan};
use super::prepare::Prepared;

/// What is set aside and spent of a budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Budget {
    /// The month that `spent` counts.
    month: i32,
    spent: u64,
    reserved: u64,
}

impl Budget {
    /// The budget after a hold of that month, or why there is none.
    pub(super) fn take(self, hold: &Hold, month: i32) -> Result<Self, LimitReached> {
        let spent = if self.month == month { self.spent } else { 0 };
        let reserved = self.reserved.saturating_sub(hold.release.get());
        let taken = spent.saturating_add(reserved);
        if let Some(limit) = hold.limit
            && hold.reserve.get() > 0
            && taken.saturating_add(hold.reserve.get()) > limit.get()
        {
            let left = MicroUsd::from(limit.get().saturating_sub(taken));
            return Err(LimitReached::Budget { limit, left });
        }
        Ok(Self {
            month,
            spent: spent.saturating_add(hold.spend.get()),
            reserved: reserved.saturating_add(hold.reserve.get()),
        })
    }
}

/// The budgets that change with the holds of one command, taken one after another: what one gives back, the next may
/// set aside.
pub(super) fn take_all(
    held: &HashMap<(TenantId, Uuid), Budget>,
    tenant: TenantId,
    holds: &[Hold],
    month: i32,
) -> Result<HashMap<(TenantId, Uuid), Budget>, LimitReached> {
    let mut taken = HashMap::new();
    for hold in holds {
        let key = (tenant, hold.scope);
        let budget: Budget = taken.get(&key).or_else(|| held.get(&key)).copied().unwrap_or_default();
        taken.insert(key, budget.take(hold, month)?);
    }
    Ok(taken)
}

/// What is set aside and spent of every budget that the commands touch.
pub(super) async fn budgets(
    conn: &mut PgConnection,
    jobs: &[&mut Prepared],
) -> Result<HashMap<(TenantId, Uuid), Budget>, sqlx::Error> {
    let touched: HashSet<(Uuid, Uuid)> = jobs
        .iter()
        .flat_map(|job| job.commit.holds.iter().map(|hold| (job.commit.tenant.0, hold.scope)))
        .collect();
    if touched.is_empty() {
        return Ok(HashMap::new());
    }
    let (tenants, scopes): (Vec<Uuid>, Vec<Uuid>) = touched.into_iter().unzip();
    let rows: Vec<(Uuid, Uuid, i32, i64, i64)> = sqlx::query_as(
        "select tenant_id, scope_id, month, spent_micro_usd, reserved_micro_usd
         from unnest($1::uuid[], $2::uuid[]) as touched (tenant_id, scope_id)
         join budgets using (tenant_id, scope_id)",
    )
    .bind(tenants)
    .bind(scopes)
    .fetch_all(conn)
    .await?;
    let amount = |stored: i64| u64::try_from(stored).unwrap_or_default();
    let budget = |(tenant, scope, month, spent, reserved)| {
        ((TenantId(tenant), scope), Budget { month, spent: amount(spent), reserved: amount(reserved) })
    };
    Ok(rows.into_iter().map(budget).collect())
}

/// Writes the contents and budgets of all that a plan accepts.
pub(super) async fn write(
    conn: &mut PgConnection,
    jobs: &[&mut Prepared],
    plan: &Plan,
    facts: &Facts,
) -> Result<(), sqlx::Error> {
    let accepted = || plan.accepted.iter().map(|index| &jobs[*index].commit);
    let contents = accepted()
        .flat_map(|commit| commit.contents.iter().map(|content| ((commit.tenant, content.hash), content)))
        .collect();
    write_contents(conn, &contents).await?;
    let scopes: HashSet<(TenantId, Uuid)> =
        accepted().flat_map(|commit| commit.holds.iter().map(|hold| (commit.tenant, hold.scope))).collect();
    let budgets = scopes.into_iter().filter_map(|key| Some((key, *facts.budgets.get(&key)?)));
    write_budgets(conn, &budgets.collect::<Vec<_>>()).await
}

async fn write_contents(
    conn: &mut PgConnection,
    contents: &BTreeMap<(TenantId, ContentHash), &Content>,
) -> Result<(), sqlx::Error> {
    if contents.is_empty() {
        return Ok(());
    }
    // In the order of the key, so that two batches with the same contents never wait for each other.
    sqlx::query(
        "insert into contents (tenant_id, hash, bytes)
         select * from unnest($1::uuid[], $2::bytea[], $3::bytea[])
         on conflict on constraint contents_key do nothing",
    )
    .bind(contents.keys().map(|(tenant, _)| tenant.0).collect::<Vec<_>>())
    .bind(contents.keys().map(|(_, hash)| hash.0.as_slice()).collect::<Vec<_>>())
    .bind(contents.values().map(|content| content.bytes.as_slice()).collect::<Vec<_>>())
    .execute(conn)
    .await
    .map(drop)
}

async fn write_budgets(
    conn: &mut PgConnection,
    budgets: &[((TenantId, Uuid), Budget)],
) -> Result<(), sqlx::Error> {
    if budgets.is_empty() {
        return Ok(());
    }
    let amount = |amount: u64| i64::try_from(amount).unwrap_or(i64::MAX);
    sqlx::query(
        "insert into budgets (tenant_id, scope_id, month, spent_micro_usd, reserved_micro_usd)
         select * from unnest($1::uuid[], $2::uuid[], $3::integer[], $4::bigint[], $5::bigint[])
         on conflict on constraint budgets_key do update
         set month = excluded.month,
             spent_micro_usd = excluded.spent_micro_usd,
             reserved_micro_usd = excluded.reserved_micro_usd",
    )
    .bind(budgets.iter().map(|((tenant, _), _)| tenant.0).collect::<Vec<_>>())
    .bind(budgets.iter().map(|((_, scope), _)| *scope).collect::<Vec<_>>())
    .bind(budgets.iter().map(|(_, budget)| budget.month).collect::<Vec<_>>())
    .bind(budgets.iter().map(|(_, budget)| amount(budget.spent)).collect::<Vec<_>>())
    .bind(budgets.iter().map(|(_, budget)| amount(budget.reserved)).collect::<Vec<_>>())
    .execute(conn)
    .await
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(reserve: u64, release: u64, spend: u64, limit: Option<u64>) -> Hold {
        let money = MicroUsd::from;
        Hold {
            scope: Uuid::nil(),
            reserve: money(reserve),
            release: money(release),
            spend: money(spend),
            limit: limit.map(money),
        }
    }

    #[test]
    fn no_more_is_set_aside_than_the_budget_leaves() {
        let first = Budget::default().take(&hold(60, 0, 0, Some(100)), 7).unwrap();
        let refused = first.take(&hold(41, 0, 0, Some(100)), 7);
        let left = MicroUsd::from(40);
        assert_eq!(refused, Err(LimitReached::Budget { limit: MicroUsd::from(100), left }));
        assert!(first.take(&hold(40, 0, 0, Some(100)), 7).is_ok());
    }

    #[test]
    fn what_a_call_did_not_use_is_free_again() {
        let ended = Budget::default().take(&hold(60, 0, 0, Some(100)), 7).unwrap();
        let ended = ended.take(&hold(0, 60, 10, Some(100)), 7).unwrap();
        assert!(ended.take(&hold(90, 0, 0, Some(100)), 7).is_ok());
        assert!(ended.take(&hold(91, 0, 0, Some(100)), 7).is_err());
    }

    #[test]
    fn the_holds_of_one_command_are_taken_one_after_another() {
        let (tenant, scope) = (TenantId(Uuid::from_u128(1)), Uuid::nil());
        let held = HashMap::from([((tenant, scope), Budget { month: 7, spent: 10, reserved: 60 })]);
        let ended_and_begun = [hold(0, 60, 20, None), hold(70, 0, 0, Some(100))];
        let taken = take_all(&held, tenant, &ended_and_begun, 7).unwrap();
        assert_eq!(taken[&(tenant, scope)], Budget { month: 7, spent: 30, reserved: 70 });
        let twice = [hold(20, 0, 0, Some(100)), hold(20, 0, 0, Some(100))];
        let left = MicroUsd::from(10);
        let refused = take_all(&held, tenant, &twice, 7);
        assert_eq!(refused, Err(LimitReached::Budget { limit: MicroUsd::from(100), left }));
    }

    #[test]
    fn a_new_month_begins_with_nothing_spent_and_what_is_set_aside() {
        let spent = Budget::default().take(&hold(30, 0, 70, Some(100)), 7).unwrap();
        assert!(spent.take(&hold(1, 0, 0, Some(100)), 7).is_err());
        assert!(spent.take(&hold(70, 0, 0, Some(100)), 8).is_ok());
        assert!(spent.take(&hold(71, 0, 0, Some(100)), 8).is_err());
    }

    #[test]
    fn a_call_that_ended_is_booked_even_where_the_limit_was_lowered() {
        let spent = Budget::default().take(&hold(90, 0, 0, Some(100)), 7).unwrap();
        assert!(spent.take(&hold(0, 90, 90, Some(10)), 7).is_ok());
    }
}
