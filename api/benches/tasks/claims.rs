//! Claims from a full queue, beside a long history.

use std::time::{Duration, Instant};

use application::commit::{Commit, Expected};
use application::ports::Claimed;
use domain::task::{MaxAttempts, Priority, TaskEvent, TaskKind, TimeoutSeconds};
use domain::{Document, Metadata, StreamId, TaskId};
use sqlx::{Connection, Executor, PgConnection};
use uuid::Uuid;

use crate::bed::{Bed, Failure, Shop, ms, percentile};

const TENANTS: usize = 100;
const CLAIMS: usize = 1_000;
const MOST: usize = 8;
const LEASE: Duration = Duration::from_secs(60);
/// Claims whose leases live at the same time, as with four workers of eight slots.
const HELD: usize = 4;

pub(crate) async fn run(bed: &Bed, queued: usize, finished: i64) -> Result<String, Failure> {
    let mut shops = vec![];
    for _ in 0..TENANTS {
        shops.push(bed.shop().await?);
    }
    for shop in &shops {
        queue(bed, shop, queued / TENANTS).await?;
    }
    let mut conn = PgConnection::connect_with(&bed.owner).await?;
    finish(&mut conn, &shops, finished).await?;
    let mut times = Vec::with_capacity(CLAIMS);
    let mut held: Vec<Vec<Claimed>> = vec![];
    for _ in 0..CLAIMS {
        let begun = Instant::now();
        held.push(bed.app().claim("bench", LEASE, MOST).await?);
        times.push(begun.elapsed());
        if held.len() > HELD {
            bed.app().queue.release(&held.remove(0)).await?;
        }
    }
    for held in held {
        bed.app().queue.release(&held).await?;
    }
    times.sort_unstable();
    let [p50, p99, longest] = [50, 99, 100].map(|percent| match percent {
        100 => times.last().copied().unwrap_or_default(),
        percent => percentile(&times, percent),
    });
    Ok(format!("{:.1} / {:.1} / {:.1}", ms(p50), ms(p99), ms(longest)))
}

/// Many at once, as this is not what is measured.
async fn queue(bed: &Bed, shop: &Shop, number: usize) -> Result<(), Failure> {
    let tenant = shop.owner.tenant;
    let mut left = number;
    while left > 0 {
        let chunk = left.min(500);
        left -= chunk;
        let mut commit = Commit::new(tenant, tenant.0, Metadata::system("bench"));
        for nth in 0..chunk {
            let created = TaskEvent::Created {
                agent_id: shop.agent,
                name: "Task".parse()?,
                task_type: TaskKind::Prompt,
                input_data: Document::default(),
                priority: Priority::try_from(i64::try_from(nth % 5)? + 1)?,
                timeout_seconds: TimeoutSeconds::default(),
                max_attempts: MaxAttempts::default(),
                scheduled_at: None,
                created_by: None,
                queue_timeout_seconds: None,
                conversation_id: None,
                forked_from: None,
                configuration: None,
                schedule_id: None,
            };
            let stream = StreamId::task(tenant, TaskId(Uuid::now_v7()));
            let events = vec![created, TaskEvent::Queued { not_before: None }];
            commit = commit.append(stream, Expected::Exactly(0), events);
        }
        bed.app().log.commit(commit).await?;
    }
    Ok(())
}

/// Rows of tasks that ended, as the projector leaves them.
async fn finish(conn: &mut PgConnection, shops: &[Shop], number: i64) -> Result<(), Failure> {
    conn.execute("set role agentcores_writer").await?;
    let (tenants, agents): (Vec<Uuid>, Vec<Uuid>) =
        shops.iter().map(|shop| (shop.owner.tenant.0, shop.agent.0)).unzip();
    let sql = "
        insert into tasks (
            tenant_id, id, agent_id, name, task_type, input_data, priority, stage, timeout_seconds, max_attempts,
            queued_at, started_at, finished_at, output_data, input_tokens, output_tokens, cost_micro_usd, attempts,
            version, created_at, updated_at
        )
        select ($1::uuid[])[n % $3 + 1], gen_random_uuid(), ($2::uuid[])[n % $3 + 1], 'Task', 'prompt', '{}', 3,
               'completed', 300, 3, now(), now(), now(), '{}', 1, 1, 0, 1, 4, now(), now()
        from generate_series(1, $4::bigint) as n";
    sqlx::query(sql)
        .bind(&tenants)
        .bind(&agents)
        .bind(i64::try_from(shops.len())?)
        .bind(number)
        .execute(&mut *conn)
        .await?;
    conn.execute("reset role; checkpoint").await?;
    Ok(())
}
