//! Workers that were frozen, and wake up when others have their tasks.

use std::sync::Arc;

use application::commit::{Commit, CommitError, Expected};
use application::ports::{Claimed, Live, ModelCall, ModelFailure, ModelProvider, ModelReply, Quote};
use domain::agent::AgentKind;
use domain::task::{Failure, TaskEvent};
use domain::{AttemptId, Document, Metadata, StreamId, TenantId, Tier, Usage};
use futures::StreamExt as _;
use infrastructure::providers::Echo;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::bed::{Bed, LEASE, Shop, run};
use crate::scale::scaled;

/// A model whose worker is frozen in the middle of the call.
#[derive(Default)]
struct Frozen {
    is_asked: Notify,
    thaws: Notify,
}

#[async_trait::async_trait]
impl ModelProvider for Frozen {
    async fn quote(&self, tenant: TenantId, kind: &AgentKind, configuration: &Document) -> Quote {
        Echo.quote(tenant, kind, configuration).await
    }

    async fn complete(&self, call: &ModelCall, live: &dyn Live) -> Result<ModelReply, ModelFailure> {
        self.is_asked.notify_one();
        self.thaws.notified().await;
        Echo.complete(call, live).await
    }
}

/// When a worker froze, and what became of its task meanwhile.
#[derive(Clone, Copy, Debug)]
enum Freeze {
    /// Before it had begun; another has begun meanwhile.
    BeforeItBegan,
    /// In the model call; nobody has noticed yet.
    Unnoticed,
    /// In the model call; another has given the attempt up.
    GivenUp,
    /// In the model call; another has given the attempt up and brought the task to its end.
    Finished,
}

const FREEZES: [Freeze; 4] = [Freeze::BeforeItBegan, Freeze::Unnoticed, Freeze::GivenUp, Freeze::Finished];

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_workers_that_were_frozen_and_woke_none_changes_anything() {
    let bed = Bed::start().await;
    let rounds = scaled(1_000);
    let freezes = (0..rounds).map(|round| freeze(&bed, FREEZES[round % FREEZES.len()]));
    let refused: usize =
        futures::stream::iter(freezes).buffer_unordered(16).collect::<Vec<_>>().await.iter().sum();
    println!("{rounds} frozen workers, {refused} appends refused, none accepted");
    let twice = "select count(*) from (
        select from events where event_type = 'task.completed' group by aggregate_id having count(*) > 1) t";
    assert_eq!(bed.count(twice).await, 0);
}

/// Freezes a worker and lets it wake up; says how many appends it was refused.
async fn freeze(bed: &Bed, freeze: Freeze) -> usize {
    // Of its own, so that what is claimed is this task.
    let shop = bed.shop(Tier::Free).await;
    bed.tasks(shop, 3, 1).await;
    let zombie = claim(bed, shop).await;
    match freeze {
        Freeze::BeforeItBegan => {
            free(bed, zombie).await;
            let successor = claim(bed, shop).await;
            run(&bed.app, "successor", successor).await;
            run(&bed.app, "zombie", zombie).await;
            assert_eq!(recorded_by_zombie(bed, zombie).await, 0, "{freeze:?}");
        }
        Freeze::Unnoticed | Freeze::GivenUp | Freeze::Finished => {
            let model = Arc::new(Frozen::default());
            let app = bed.on(model.clone());
            let asleep = tokio::spawn(async move { run(&app, "zombie", zombie).await });
            model.is_asked.notified().await;
            let begun = recorded_by_zombie(bed, zombie).await;
            assert!(begun > 0, "it has begun");
            bed.expire(&zombie).await;
            if matches!(freeze, Freeze::GivenUp | Freeze::Finished) {
                take_over(bed, zombie).await;
            }
            if matches!(freeze, Freeze::Finished) {
                finish(bed, shop).await;
            }
            model.thaws.notify_one();
            asleep.await.unwrap();
            assert_eq!(recorded_by_zombie(bed, zombie).await, begun, "{freeze:?}");
        }
    }
    refuse_everything(bed, zombie).await
}

async fn claim(bed: &Bed, shop: Shop) -> Claimed {
    loop {
        // Other rounds go on beside this one; what is theirs they get back.
        let (own, others): (Vec<_>, Vec<_>) =
            bed.claim(1).await.into_iter().partition(|claimed| claimed.tenant == shop.tenant);
        bed.app.queue.release(&others).await.unwrap();
        if let [own] = own[..] {
            return own;
        }
        tokio::task::yield_now().await;
    }
}

/// Lets the lease of a task run out that was not begun, until it is free again.
async fn free(bed: &Bed, zombie: Claimed) {
    bed.expire(&zombie).await;
    let sql = "select count(*) from task_leases where lease = $1";
    while sqlx::query_scalar::<_, i64>(sql).bind(zombie.lease).fetch_one(&bed.owner).await.unwrap() > 0 {
        for lost in bed.app.rescue("rescuer", LEASE, 32).await.unwrap() {
            run(&bed.app, "rescuer", lost).await;
        }
    }
}

/// Lets others look after lost workers until the attempt is given up.
async fn take_over(bed: &Bed, zombie: Claimed) {
    while !has_event(bed, zombie, "task.attempt_failed").await {
        for lost in bed.app.rescue("rescuer", LEASE, 32).await.unwrap() {
            run(&bed.app, "rescuer", lost).await;
        }
    }
}

/// Brings the task of a shop to its end, once it is due again.
async fn finish(bed: &Bed, shop: Shop) {
    let due = "update run_queue set not_before = null where tenant_id = $1";
    sqlx::query(due).bind(shop.tenant.0).execute(&bed.owner).await.unwrap();
    let awake = "update queue_turns set wakes_at = null where tenant_id = $1";
    sqlx::query(awake).bind(shop.tenant.0).execute(&bed.owner).await.unwrap();
    let successor = claim(bed, shop).await;
    run(&bed.app, "successor", successor).await;
}

async fn has_event(bed: &Bed, of: Claimed, event_type: &str) -> bool {
    let sql = "select exists (
        select from events where tenant_id = $1 and aggregate_type = 'task' and aggregate_id = $2 and event_type = $3)";
    let query = sqlx::query_scalar(sql).bind(of.tenant.0).bind(of.task.0).bind(event_type);
    query.fetch_one(&bed.owner).await.unwrap()
}

/// How many events of a task say that the zombie recorded them. Others may look after the task at any time.
async fn recorded_by_zombie(bed: &Bed, of: Claimed) -> i64 {
    let sql = "
        select count(*)
        from events
        where tenant_id = $1 and aggregate_type = 'task' and aggregate_id = $2
            and 'zombie' in (metadata ->> 'actor_id', metadata ->> 'worker')";
    sqlx::query_scalar(sql).bind(of.tenant.0).bind(of.task.0).fetch_one(&bed.owner).await.unwrap()
}

/// Whatever a worker can record it tries, with no expectation of the stream that could refuse it in place of the lease.
async fn refuse_everything(bed: &Bed, zombie: Claimed) -> usize {
    let attempt = AttemptId(Uuid::now_v7());
    let failure = Failure { code: "test".to_owned(), message: "late".parse().unwrap() };
    let usage = Usage::default();
    let events = [
        TaskEvent::AttemptStarted { attempt_id: attempt, number: 9, agent_version: None },
        TaskEvent::Completed { attempt_id: attempt, output_data: Document::default(), usage },
        TaskEvent::AttemptFailed {
            attempt_id: attempt,
            failure: failure.clone(),
            usage,
            retry_at: None,
            is_deferral: false,
        },
        TaskEvent::Failed { failure },
        TaskEvent::HandedBack { attempt_id: attempt, usage, not_before: None },
    ];
    let tried = events.len();
    for event in events {
        let stream = StreamId::task(zombie.tenant, zombie.task);
        let commit = Commit::new(zombie.tenant, stream.id, Metadata::system("zombie"));
        let commit = commit.under(zombie.lease()).append(stream, Expected::Any, vec![event]);
        assert_eq!(bed.app.log.commit(commit).await, Err(CommitError::LeaseLost));
    }
    tried
}
