//! The look for due schedules, beside many that are not.

use std::time::Instant;

use sqlx::{Connection, Executor, PgConnection};

use crate::bed::{Bed, Failure, ms, percentile};

const LOOKS: usize = 100;
const MOST: usize = 64;

/// The first look of a process, at all schedules, and those after it.
pub(crate) async fn run(bed: &Bed, schedules: i64) -> Result<String, Failure> {
    let shop = bed.shop().await?;
    let mut conn = PgConnection::connect_with(&bed.owner).await?;
    conn.execute("set role agentcores_writer").await?;
    // As they stand when each has been settled once, long ago.
    let sql = "
        with made as (
            insert into schedules (
                tenant_id, id, agent_id, name, cron, time_zone, task_type, input_data, priority, timeout_seconds,
                max_attempts, overlap, catch_up, enabled, sequence, version, created_at, updated_at
            )
            select $1, gen_random_uuid(), $2, 'Report', '0 3 * * *', 'UTC', 'prompt', '{}', 3, 300, 3, 'skip', 'skip',
                   true, 1, 1, now() - interval '1 day', now() - interval '1 day'
            from generate_series(1, $3::bigint)
            returning tenant_id, id
        )
        insert into schedule_clock (tenant_id, schedule_id, version, next_at, settled_at)
        select tenant_id, id, 1, now() + interval '1 hour', now() - interval '1 day'
        from made";
    sqlx::query(sql).bind(shop.owner.tenant.0).bind(shop.agent.0).bind(schedules).execute(&mut conn).await?;
    conn.execute("reset role; analyze schedules; analyze schedule_clock").await?;
    let mut times = Vec::with_capacity(LOOKS);
    for _ in 0..LOOKS {
        let begun = Instant::now();
        bed.app().schedules.claim(MOST).await?;
        times.push(begun.elapsed());
    }
    let first = times.remove(0);
    times.sort_unstable();
    Ok(format!("{:.1} | {:.1} / {:.1}", ms(first), ms(percentile(&times, 50)), ms(percentile(&times, 99))))
}
