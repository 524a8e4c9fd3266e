//! Whose task is next.

use std::collections::HashMap;

use domain::{TaskId, TenantId, Tier};

use crate::bed::{Bed, Shop};
use crate::scale::scaled;

/// Tasks that run at once.
const SLOTS: usize = 8;

/// Runs the queue in rounds, in each of which every slot runs one task, until these tenants have nothing left; says in
/// which round the last task of them began.
async fn rounds_until_done(bed: &Bed, shops: &[Shop], of_each: usize) -> usize {
    let mut left: HashMap<TenantId, usize> = shops.iter().map(|shop| (shop.tenant, of_each)).collect();
    let mut rounds = 0;
    while left.values().any(|left| *left > 0) {
        rounds += 1;
        let claimed = bed.claim(SLOTS).await;
        assert_eq!(claimed.len().min(1), 1, "something is due");
        assert!(claimed.len() <= SLOTS, "never more than asked for");
        for claimed in &claimed {
            left.entry(claimed.tenant).and_modify(|left| *left -= 1);
        }
        bed.run(claimed).await;
    }
    rounds
}

#[tokio::test(flavor = "multi_thread")]
async fn small_tenants_wait_at_most_twice_as_long_beside_a_large_one_as_alone() {
    let of_each = scaled(50).max(10);
    let bed = Bed::start().await;
    let mut small = vec![];
    for _ in 0..9 {
        small.push(bed.shop(Tier::Enterprise).await);
    }
    for shop in &small {
        bed.tasks(*shop, 3, of_each).await;
    }
    let alone = rounds_until_done(&bed, &small, of_each).await;

    let large = bed.shop(Tier::Enterprise).await;
    bed.tasks(large, 3, scaled(50_000)).await;
    // It has had all of the workers for a while.
    bed.run(bed.claim(SLOTS).await).await;
    for shop in &small {
        bed.tasks(*shop, 3, of_each).await;
    }
    let beside = rounds_until_done(&bed, &small, of_each).await;
    println!("9 tenants with {of_each} tasks: {alone} rounds alone, {beside} beside {}", scaled(50_000));
    assert!(beside <= 2 * alone, "{beside} rounds beside the large tenant, {alone} alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_weigh_as_much_as_they_say() {
    let bed = Bed::start().await;
    let (free, large) = (bed.shop(Tier::Free).await, bed.shop(Tier::Enterprise).await);
    for shop in [free, large] {
        bed.tasks(shop, 3, 90).await;
    }
    let mut of_free = 0;
    for _ in 0..9 {
        let claimed = bed.claim(SLOTS).await;
        assert_eq!(claimed.len(), SLOTS);
        of_free += claimed.iter().filter(|claimed| claimed.tenant == free.tenant).count();
        bed.run(claimed).await;
    }
    // One of nine, give or take the turn that was begun.
    assert!((7..=9).contains(&of_free), "{of_free} of 72");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_had_nothing_to_do_neither_owes_nor_is_owed() {
    let bed = Bed::start().await;
    let (idle, busy) = (bed.shop(Tier::Enterprise).await, bed.shop(Tier::Enterprise).await);
    bed.tasks(busy, 3, 120).await;
    for _ in 0..5 {
        bed.run(bed.claim(SLOTS).await).await;
    }
    bed.tasks(idle, 3, 40).await;
    let mut of_idle = 0;
    for _ in 0..5 {
        let claimed = bed.claim(SLOTS).await;
        of_idle += claimed.iter().filter(|claimed| claimed.tenant == idle.tenant).count();
        bed.run(claimed).await;
    }
    assert!((18..=22).contains(&of_idle), "{of_idle} of 40");
}

async fn claimed_in_order(bed: &Bed, number: usize) -> Vec<TaskId> {
    let mut order = vec![];
    while order.len() < number {
        let claimed = bed.claim(1).await;
        assert_eq!(claimed.len(), 1);
        order.push(claimed[0].task);
        bed.run(claimed).await;
    }
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn within_a_tenant_the_most_urgent_is_next_and_of_equals_the_first() {
    let bed = Bed::start().await;
    let shop = bed.shop(Tier::Free).await;
    let mut by_priority = vec![];
    for priority in [1, 3, 5, 2, 4] {
        by_priority.push((priority, bed.tasks(shop, priority, 3).await));
    }
    by_priority.sort_by_key(|(priority, _)| -priority);
    let expected: Vec<_> = by_priority.into_iter().flat_map(|(_, tasks)| tasks).collect();
    assert_eq!(claimed_in_order(&bed, 15).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_least_urgent_starts_within_five_minutes_however_many_urgent_ones_keep_coming() {
    let bed = Bed::start().await;
    let shop = bed.shop(Tier::Enterprise).await;
    let least = bed.tasks(shop, 1, 1).await[0];
    let mut minutes = 0;
    // Each minute brings more of the most urgent than can be run in it.
    loop {
        bed.tasks(shop, 5, SLOTS + 2).await;
        let claimed = bed.claim(SLOTS).await;
        assert_eq!(claimed.len(), SLOTS);
        let is_begun = claimed.iter().any(|claimed| claimed.task == least);
        bed.run(claimed).await;
        if is_begun {
            break;
        }
        minutes += 1;
        bed.age(shop.tenant, 60).await;
    }
    println!("a task of priority 1 starts after {minutes} minutes under saturation by priority 5");
    assert!((1..=5).contains(&minutes), "after {minutes} minutes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_is_not_due_waits_for_its_time_and_nobody_waits_for_it() {
    let bed = Bed::start().await;
    let shop = bed.shop(Tier::Enterprise).await;
    let later = bed.tasks(shop, 5, 300).await;
    let sql = "update run_queue set not_before = now() + interval '1 hour' where tenant_id = $1";
    sqlx::query(sql).bind(shop.tenant.0).execute(&bed.owner).await.unwrap();
    assert_eq!(bed.claim(8).await, []);
    let now = bed.tasks(shop, 1, 1).await;
    let claimed = bed.claim(8).await;
    assert_eq!(claimed.iter().map(|claimed| claimed.task).collect::<Vec<_>>(), now);
    bed.run(claimed).await;
    assert_eq!(bed.claim(8).await, []);
    // The queue sleeps until the first of them is due, and knows until when.
    let until = "select extract(epoch from min(wakes_at) - now())::bigint from queue_turns";
    assert!((3_500..=3_600).contains(&bed.count(until).await));
    bed.age(shop.tenant, 3_600).await;
    sqlx::query("update queue_turns set wakes_at = now()").execute(&bed.owner).await.unwrap();
    let claimed = bed.claim(8).await;
    assert_eq!(claimed.iter().map(|claimed| claimed.task).collect::<Vec<_>>(), later[..8]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_task_is_claimed_once_by_whoever_asks_at_the_same_time() {
    let bed = Bed::start().await;
    let number = scaled(10_000);
    let mut shops = vec![];
    for _ in 0..4 {
        let shop = bed.shop(Tier::Enterprise).await;
        shops.push(shop);
        bed.tasks(shop, 3, number / 4).await;
    }
    let claimed = futures::future::join_all((0..8).map(async |_| {
        let (mut taken, mut misses) = (vec![], 0);
        // Where all turns are taken a claim may come back with nothing.
        while misses < 50 {
            let claimed = bed.claim(5).await;
            assert!(claimed.len() <= 5);
            misses = if claimed.is_empty() { misses + 1 } else { 0 };
            taken.extend(claimed.iter().map(|claimed| claimed.task));
            bed.run(claimed).await;
        }
        taken
    }))
    .await;
    let mut tasks = claimed.concat();
    let begun = tasks.len();
    tasks.sort();
    tasks.dedup();
    assert_eq!((tasks.len(), begun), (number / 4 * 4, number / 4 * 4));
    assert_eq!(bed.count("select count(*) from run_queue").await, 0);
    assert_eq!(bed.count("select count(*) from task_leases").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_waits_longer_than_it_may_fails_and_no_other() {
    let bed = Bed::start().await;
    let shop = bed.shop(Tier::Free).await;
    let patient = bed.tasks(shop, 5, 1).await[0];
    let taken = bed.hasty_task(shop, 60).await;
    let late = bed.hasty_task(shop, 60).await;
    bed.app.expire_queued("worker", 8).await.unwrap();
    assert_eq!(bed.count("select count(*) from tasks where stage = 'failed'").await, 0);
    let claimed = bed.claim(2).await;
    assert_eq!(claimed.iter().map(|claimed| claimed.task).collect::<Vec<_>>(), [patient, taken]);
    bed.age(shop.tenant, 61).await;
    bed.app.expire_queued("worker", 8).await.unwrap();
    let failed: Vec<(uuid::Uuid, String)> =
        sqlx::query_as("select id, error_code from tasks where stage = 'failed'")
            .fetch_all(&bed.owner)
            .await
            .unwrap();
    assert_eq!(failed, [(late.0, "task.queue_timeout".to_owned())]);
    // What a worker had in time is run.
    bed.run(claimed).await;
    assert_eq!(bed.count("select count(*) from tasks where stage = 'completed'").await, 2);
}
