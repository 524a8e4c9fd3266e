//! Two who want to end the same task.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use application::commit::{Commit, Expected};
use application::ports::Claimed;
use domain::task::{Stage, Task, TaskCommand};
use domain::{Metadata, Root as _, StreamId, Tier};
use futures::StreamExt as _;

use crate::bed::{Bed, run};
use crate::scale::scaled;

#[tokio::test(flavor = "multi_thread")]
async fn of_a_cancellation_and_a_result_one_wins_ten_thousand_times() {
    let races = scaled(10_000);
    let bed = Bed::start().await;
    let shop = bed.shop(Tier::Enterprise).await;
    let (mut cancelled, mut left) = (0, races);
    let head_start = AtomicI64::new(0);
    while left > 0 {
        let batch = bed.tasks(shop, 3, left.min(50)).await.len();
        left -= batch;
        let mut claimed = vec![];
        while claimed.len() < batch {
            claimed.extend(bed.claim(batch - claimed.len()).await);
        }
        let races = claimed.into_iter().map(|claimed| race(&bed, claimed, &head_start));
        cancelled += futures::stream::iter(races)
            .buffer_unordered(16)
            .filter(|won| std::future::ready(*won))
            .count()
            .await;
    }
    println!("{races} races: cancelled {cancelled}, completed {}", races - cancelled);
    let ends = "
        select count(*) from (
            select from events where event_type in ('task.completed', 'task.cancelled')
            group by aggregate_id having count(*) <> 1
        ) t";
    assert_eq!(bed.count(ends).await, 0, "one end each");
    let ended = "select count(*) from tasks where stage in ('completed', 'cancelled')";
    assert_eq!(bed.count(ended).await, i64::try_from(races).unwrap());
    assert_eq!(bed.count("select count(*) from task_leases").await, 0);
}

/// Lets a person cancel what a worker runs; says whether it came in time. The worker has a head start of so many
/// microseconds, more or less by chance; whoever loses has it easier in the races to come, so that both win about as often,
/// however fast the machine is.
async fn race(bed: &Bed, claimed: Claimed, head_start: &AtomicI64) -> bool {
    let start = head_start.load(Ordering::Relaxed) + rand::Rng::random_range(&mut rand::rng(), -6_000..6_000);
    let wait = |microseconds: i64| {
        tokio::time::sleep(Duration::from_micros(u64::try_from(microseconds).unwrap_or_default()))
    };
    let cancelling = async {
        wait(start).await;
        cancel(bed, claimed).await
    };
    let running = async {
        wait(-start).await;
        run(&bed.app, "worker", claimed).await;
    };
    let (won, ()) = tokio::join!(cancelling, running);
    head_start.fetch_add(if won { 200 } else { -200 }, Ordering::Relaxed);
    let loaded = bed.app.log.load(StreamId::task(claimed.tenant, claimed.task)).await.unwrap();
    let mut task = Task::default();
    loaded.events.into_iter().filter_map(Task::own).for_each(|event| task.evolve(event));
    let (_, stage) = task.present().unwrap();
    assert_eq!(stage, if won { Stage::Cancelled } else { Stage::Completed });
    won
}

async fn cancel(bed: &Bed, claimed: Claimed) -> bool {
    let stream = StreamId::task(claimed.tenant, claimed.task);
    loop {
        let loaded = bed.app.log.load(stream).await.unwrap();
        let mut task = Task::default();
        loaded.events.into_iter().filter_map(Task::own).for_each(|event| task.evolve(event));
        let Ok(events) = task.decide(TaskCommand::Cancel { reason: "by hand".parse().unwrap() }) else {
            return false;
        };
        let commit = Commit::new(claimed.tenant, stream.id, Metadata::system("person"));
        if bed.app.log.commit(commit.append(stream, Expected::Exactly(loaded.version), events)).await.is_ok()
        {
            return true;
        }
    }
}
