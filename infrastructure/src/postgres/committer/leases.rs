//! Fencing: which leases that commands are under are held at this moment.

use std::collections::HashSet;

use application::commit::Lease;
use domain::{TaskId, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::prepare::Prepared;

/// Those that are held, by the clock of the database. Asked under the locks of the heads, so what is accepted for it
/// comes before anything that the next holder commits.
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
        "select l.tenant_id, l.task_id, l.lease
         from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as asked (tenant_id, task_id, lease)
         join task_leases l using (tenant_id, task_id, lease)
         where l.expires_at > clock_timestamp()",
    )
    .bind(leases.iter().map(|(tenant, _)| tenant.0).collect::<Vec<_>>())
    .bind(leases.iter().map(|(_, lease)| lease.task.0).collect::<Vec<_>>())
    .bind(leases.iter().map(|(_, lease)| lease.token).collect::<Vec<_>>())
    .fetch_all(conn)
    .await?;
    let lease = |(tenant, task, token)| (TenantId(tenant), Lease { task: TaskId(task), token });
    Ok(rows.into_iter().map(lease).collect())
}
