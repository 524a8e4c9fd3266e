//! Fencing: which leases that commands are under are held at this moment.

use std::collections::HashSet;

use application::commit::Lease;
use domain::{TaskId, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::prepare::Prepared;

/// Those that are held, by the clock of the database. What is accepted for it comes before anything that the next holder
/// commits: his commit moves the head, which ours finds where it was believed to be.
pub(super) async fn held(
    conn: &mut PgConnection,
    jobs: &[&mut Prepared],
) -> Result<HashSet<(TenantId, Lease)>, sqlx::Error> {
    let leases: Vec<(TenantId, Lease)> =
        jobs.iter().filter_map(|job| Some((job.commit.tenant, job.commit.lease?))).collect();
    if leases.is_empty() {
        return Ok(HashSet::new());
    }
    let rows: Vec<(Uuid, Uuid, Uuid)> = sqlx::query_as(
        // One look by key for each, whatever the planner believes of a table that fills and empties all the time.
        "select a.tenant_id, a.task_id, a.lease
         from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as a (tenant_id, task_id, lease)
         where (
             select l.lease = a.lease and l.expires_at > clock_timestamp()
             from task_leases l
             where l.tenant_id = a.tenant_id and l.task_id = a.task_id
         )",
    )
    .bind(leases.iter().map(|(tenant, _)| tenant.0).collect::<Vec<_>>())
    .bind(leases.iter().map(|(_, lease)| lease.task.0).collect::<Vec<_>>())
    .bind(leases.iter().map(|(_, lease)| lease.token).collect::<Vec<_>>())
    .fetch_all(conn)
    .await?;
    let lease = |(tenant, task, token)| (TenantId(tenant), Lease { task: TaskId(task), token });
    Ok(rows.into_iter().map(lease).collect())
}
