//! Processes that follow schedules, killed around due times.

use std::collections::HashSet;
use std::time::Duration;

use application::commit::{Commit, Expected};
use chrono::{DateTime, Utc};
use domain::agent::{AgentEvent, CatchUp, Overlap, Schedule};
use domain::task::{MaxAttempts, Priority, TaskKind, TimeoutSeconds};
use domain::{Document, Metadata, ScheduleId, StreamId, Tier};
use tokio::process::Child;
use uuid::Uuid;

use crate::bed::{Bed, Shop};
use crate::scale::scaled;
use crate::worker;

/// More than one process takes at once.
const SCHEDULES: usize = 96;
const PROCESSES: usize = 2;

const MADE: &str = "select count(*) from tasks where schedule_id is not null";

/// One whose own times are far away: it is due when the test says so.
fn yearly() -> Schedule {
    Schedule {
        name: "Report".parse().unwrap(),
        cron: "0 0 1 1 *".parse().unwrap(),
        time_zone: "UTC".parse().unwrap(),
        task_type: TaskKind::Prompt,
        input_data: Document::parse(r#"{"prompt":"hello"}"#).unwrap(),
        priority: Priority::default(),
        timeout_seconds: TimeoutSeconds::default(),
        max_attempts: MaxAttempts::default(),
        queue_timeout_seconds: None,
        overlap: Overlap::Queue,
        catch_up: CatchUp::Once,
        enabled: true,
        created_by: None,
    }
}

async fn schedule(bed: &Bed, shop: Shop) {
    let created = (0..SCHEDULES).map(|_| AgentEvent::ScheduleCreated {
        schedule_id: ScheduleId(Uuid::now_v7()),
        schedule: Box::new(yearly()),
    });
    let commit = Commit::new(shop.tenant, shop.agent.0, Metadata::system("bed"));
    let stream = StreamId::agent(shop.tenant, shop.agent);
    bed.app.log.commit(commit.append(stream, Expected::Any, created.collect())).await.unwrap();
    while bed.app.run_schedules().await.unwrap() {}
}

/// Makes all of them due at the next whole second after the last time.
async fn make_due(bed: &Bed, last: DateTime<Utc>) -> DateTime<Utc> {
    let sql = "
        update schedule_clock
        set next_at = greatest(date_trunc('second', now()), $1) + interval '1 second'
        where claimed_until is null
        returning next_at";
    let due: Vec<DateTime<Utc>> = sqlx::query_scalar(sql).bind(last).fetch_all(&bed.owner).await.unwrap();
    assert_eq!(due.len(), SCHEDULES, "nobody is at any");
    due[0]
}

fn launch(bed: &Bed) -> Child {
    worker::launch(&bed.database, &[])
}

async fn kill(killed: &mut [Child]) {
    for child in killed.iter_mut() {
        child.start_kill().unwrap();
    }
    for child in killed {
        child.wait().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_due_time_makes_one_task_whoever_is_killed_when_it_comes() {
    let rounds = scaled(200);
    let bed = Bed::start().await;
    let shop = bed.shop(Tier::Enterprise).await;
    schedule(&bed, shop).await;
    let mut processes: Vec<Child> = (0..PROCESSES).map(|_| launch(&bed)).collect();
    let (mut times, mut cut_off) = (HashSet::new(), 0);
    let mut last = DateTime::UNIX_EPOCH;
    for round in 0..rounds {
        last = make_due(&bed, last).await;
        times.insert(last);
        // When so many tasks are made, from none on.
        let before = i64::try_from(SCHEDULES * round + SCHEDULES * round / rounds).unwrap();
        let is_due = format!("select count(*) from schedule_clock where now() >= '{last}'");
        while bed.count(&is_due).await == 0 || bed.count(MADE).await < before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let alive = round % PROCESSES;
        kill(&mut processes[alive..]).await;
        let unsettled = format!("select count(*) from schedule_clock where runs <= {round}");
        cut_off += usize::from(bed.count(&unsettled).await > 0);
        // The claims of the dead run out at once; those of the living run out under their hands.
        let run_out = "update schedule_clock set claimed_until = now() - interval '1 second' where claimed_until is not null";
        sqlx::query(run_out).execute(&bed.owner).await.unwrap();
        processes.truncate(alive);
        processes.resize_with(PROCESSES, || launch(&bed));
        while bed.count(&unsettled).await > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    kill(&mut processes).await;
    assert!(cut_off > 0, "no kill came before all was done, so nothing was proven");
    let made: Vec<(Uuid, DateTime<Utc>)> = sqlx::query_as(
        "select (payload -> 'created' ->> 'schedule_id')::uuid, (payload -> 'created' ->> 'scheduled_at')::timestamptz
         from events
         where event_type = 'task.created'",
    )
    .fetch_all(&bed.owner)
    .await
    .unwrap();
    assert_eq!(made.len(), SCHEDULES * rounds);
    assert_eq!(made.iter().collect::<HashSet<_>>().len(), made.len(), "a due time made two tasks");
    assert!(made.iter().all(|(_, due)| times.contains(due)));
    let told = format!("select count(*) from schedule_clock where runs = {rounds} and skipped = 0");
    assert_eq!(usize::try_from(bed.count(&told).await).unwrap(), SCHEDULES, "each time is told of once");
    println!("{} due times, {rounds} kills, {cut_off} of them in the middle: one task each", made.len());
}
