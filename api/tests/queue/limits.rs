//! How much of one tenant and one agent runs at once.

use application::commit::{Commit, Expected};
use domain::agent::{AgentEvent, PauseMode};
use domain::task::TaskEvent;
use domain::tenant::TenantEvent;
use domain::{Metadata, StreamId, Tier};

use crate::bed::{Bed, LEASE, Shop, run};

#[tokio::test(flavor = "multi_thread")]
async fn no_more_of_a_tenant_runs_at_once_than_its_plan_allows_whoever_asks() {
    for tier in [Tier::Free, Tier::Basic, Tier::Professional] {
        let bed = Bed::start().await;
        let shop = bed.shop(tier).await;
        bed.tasks(shop, 3, 60).await;
        let claims = futures::future::join_all((0..8).map(|_| bed.claim(8))).await;
        let mut held = claims.concat();
        let most = tier.running_tasks() as usize;
        assert_eq!(held.len(), most, "{tier:?}");
        assert_eq!(bed.claim(8).await, []);
        // A slot is free again with the commit that ends its attempt.
        run(&bed.app, "worker", held.remove(0)).await;
        assert_eq!(bed.claim(8).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_of_an_agent_runs_at_once_than_its_configuration_allows_and_others_go_on() {
    let bed = Bed::start().await;
    let shop = bed.shop(Tier::Professional).await;
    let narrow = Shop { agent: bed.agent(shop.tenant, r#"{"max_concurrency": 2}"#).await, ..shop };
    bed.tasks(narrow, 5, 50).await;
    bed.tasks(shop, 1, 50).await;
    let held = bed.claim(8).await;
    let of_narrow = held.iter().filter(|claimed| claimed.agent == narrow.agent).count();
    assert_eq!((held.len(), of_narrow), (8, 2));
    let more = bed.claim(30).await;
    assert!(more.iter().all(|claimed| claimed.agent == shop.agent));
    // 20 for the tenant as a whole.
    assert_eq!(more.len(), 12);
    let ended = held.into_iter().find(|claimed| claimed.agent == narrow.agent).unwrap();
    run(&bed.app, "worker", ended).await;
    let next = bed.claim(8).await;
    assert_eq!(next.iter().map(|claimed| claimed.agent).collect::<Vec<_>>(), [narrow.agent]);
}

async fn tell_agent(bed: &Bed, shop: Shop, event: AgentEvent) {
    let commit = Commit::new(shop.tenant, shop.agent.0, Metadata::system("test"));
    let commit = commit.append(StreamId::agent(shop.tenant, shop.agent), Expected::Any, vec![event]);
    bed.app.log.commit(commit).await.unwrap();
}

async fn tell_tenant(bed: &Bed, shop: Shop, event: TenantEvent) {
    let commit = Commit::new(shop.tenant, shop.tenant.0, Metadata::system("test"));
    let commit = commit.append(StreamId::tenant(shop.tenant), Expected::Any, vec![event]);
    bed.app.log.commit(commit).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_run_is_passed_over_and_taken_once_it_may() {
    let bed = Bed::start().await;
    let shop = bed.shop(Tier::Professional).await;
    let pausing = Shop { agent: bed.agent(shop.tenant, "{}").await, ..shop };
    bed.tasks(pausing, 5, 50).await;
    tell_agent(&bed, pausing, AgentEvent::Paused { mode: PauseMode::Drain }).await;
    assert_eq!(bed.claim(8).await, []);
    bed.tasks(shop, 1, 1).await;
    let claimed = bed.claim(8).await;
    assert_eq!(claimed.iter().map(|claimed| claimed.agent).collect::<Vec<_>>(), [shop.agent]);
    bed.run(claimed).await;
    tell_agent(&bed, pausing, AgentEvent::Resumed {}).await;
    bed.run(bed.claim(8).await).await;

    let reason: domain::text::Reason = "unpaid".parse().unwrap();
    tell_tenant(&bed, shop, TenantEvent::Suspended { reason: reason.clone() }).await;
    assert_eq!(bed.claim(8).await, []);
    tell_tenant(&bed, shop, TenantEvent::Reactivated {}).await;
    bed.run(bed.claim(8).await).await;
    tell_tenant(&bed, shop, TenantEvent::WorkStopped { reason }).await;
    assert_eq!(bed.claim(8).await, []);
    tell_tenant(&bed, shop, TenantEvent::WorkReopened {}).await;
    assert_eq!(bed.claim(8).await.len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_given_back_makes_room_at_once() {
    let bed = Bed::start().await;
    let shop = bed.shop(Tier::Free).await;
    bed.tasks(shop, 3, 5).await;
    let held = bed.claim(8).await;
    assert_eq!((held.len(), bed.claim(8).await.len()), (2, 0));
    bed.app.queue.release(&held).await.unwrap();
    assert_eq!(
        bed.claim(8).await.iter().map(|one| one.task).collect::<Vec<_>>(),
        [held[0].task, held[1].task]
    );
    // Again, by whom it is no longer held: nothing happens.
    bed.app.queue.release(&held).await.unwrap();
    assert_eq!(bed.claim(8).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_task_leaves_its_slot_with_the_commit_that_cancels_it() {
    let bed = Bed::start().await;
    let shop = bed.shop(Tier::Free).await;
    bed.tasks(shop, 3, 4).await;
    let held = bed.claim(8).await;
    let stream = StreamId::task(shop.tenant, held[0].task);
    let cancelled = TaskEvent::Cancelled { reason: "by hand".parse().unwrap() };
    let commit = Commit::new(shop.tenant, stream.id, Metadata::system("test"));
    bed.app.log.commit(commit.append(stream, Expected::Any, vec![cancelled])).await.unwrap();
    assert_eq!(bed.claim(8).await.len(), 1);
    let renewed = bed.app.heartbeat(&held, LEASE).await.unwrap();
    assert_eq!(renewed, [application::ports::Renewal::Lost, application::ports::Renewal::Held]);
}
