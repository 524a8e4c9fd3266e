//! Tasks whose workers are gone.

use domain::{TenantId, Tier};
use serde_json::Value;

use crate::bed::{Bed, LEASE, run};

/// Fails the task's next attempt with its worker; the task is due again at once.
async fn lose_a_worker(bed: &Bed) {
    sqlx::query("update run_queue set not_before = null").execute(&bed.owner).await.unwrap();
    sqlx::query("update queue_turns set wakes_at = null").execute(&bed.owner).await.unwrap();
    let claimed = bed.claim(1).await[0];
    // The attempt begins and goes on as long as the worker lives.
    let app = bed.on(std::sync::Arc::new(Endless));
    let (_stop, stopped) = futures::channel::oneshot::channel();
    let begun = tokio::time::timeout(
        std::time::Duration::from_millis(300),
        app.run_claimed("lost", claimed, stopped),
    );
    assert!(begun.await.is_err(), "it goes on");
    assert_eq!(bed.app.rescue("rescuer", LEASE, 8).await.unwrap(), [], "as long as the lease lives");
    bed.expire(&claimed).await;
    let lost = bed.app.rescue("rescuer", LEASE, 8).await.unwrap();
    assert_eq!(lost.iter().map(|lost| lost.task).collect::<Vec<_>>(), [claimed.task]);
    assert_eq!(bed.app.rescue("other", LEASE, 8).await.unwrap(), [], "by one");
    run(&bed.app, "rescuer", lost[0]).await;
}

struct Endless;

#[async_trait::async_trait]
impl application::ports::ModelProvider for Endless {
    async fn quote(
        &self,
        tenant: TenantId,
        kind: &domain::agent::AgentKind,
        configuration: &domain::Document,
    ) -> application::ports::Quote {
        infrastructure::providers::Echo.quote(tenant, kind, configuration).await
    }

    async fn complete(
        &self,
        _: &application::ports::ModelCall,
        _: &dyn application::ports::Live,
    ) -> Result<application::ports::ModelReply, application::ports::ModelFailure> {
        std::future::pending().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_takes_three_workers_with_it_is_parked() {
    let bed = Bed::start().await;
    let shop = bed.shop(Tier::Free).await;
    let task = bed.tasks(shop, 3, 1).await[0];
    for _ in 0..3 {
        lose_a_worker(&bed).await;
    }
    let (stage, code): (String, Option<String>) =
        sqlx::query_as("select stage, error_code from tasks where id = $1")
            .bind(task.0)
            .fetch_one(&bed.owner)
            .await
            .unwrap();
    assert_eq!((stage.as_str(), code.as_deref()), ("failed", Some("worker.lost")));
    assert_eq!(bed.count("select count(*) from task_leases").await, 0);
    assert_eq!(bed.count("select count(*) from run_queue").await, 0);
    let said: Vec<Value> = sqlx::query_scalar(
        "select payload from events where event_type = 'task.attempt_failed' order by position",
    )
    .fetch_all(&bed.owner)
    .await
    .unwrap();
    assert!(said.iter().all(|said| said["attempt_failed"]["failure"]["code"] == "worker.lost"), "{said:?}");
    assert_eq!(said.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lost_worker_had_not_begun_is_free_again_without_an_attempt() {
    let bed = Bed::start().await;
    let shop = bed.shop(Tier::Free).await;
    let tasks = bed.tasks(shop, 3, 2).await;
    for claimed in bed.claim(2).await {
        bed.expire(&claimed).await;
    }
    assert_eq!(bed.claim(2).await, []);
    assert_eq!(bed.app.rescue("rescuer", LEASE, 8).await.unwrap(), []);
    let again = bed.claim(2).await;
    assert_eq!(again.iter().map(|claimed| claimed.task).collect::<Vec<_>>(), tasks);
    assert_eq!(bed.count("select count(*) from events where event_type like 'task.attempt%'").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_task_without_any_lease_is_taken_over() {
    let bed = Bed::start().await;
    let shop = bed.shop(Tier::Free).await;
    bed.tasks(shop, 3, 1).await;
    let claimed = bed.claim(1).await[0];
    let app = bed.on(std::sync::Arc::new(Endless));
    let (_stop, stopped) = futures::channel::oneshot::channel();
    let begun = app.run_claimed("lost", claimed, stopped);
    tokio::time::timeout(std::time::Duration::from_millis(300), begun).await.unwrap_err();
    sqlx::query("truncate task_leases").execute(&bed.owner).await.unwrap();
    let lost = bed.app.rescue("rescuer", LEASE, 8).await.unwrap();
    run(&bed.app, "rescuer", lost[0]).await;
    let failed = "select count(*) from events where event_type = 'task.attempt_failed'";
    assert_eq!(bed.count(failed).await, 1);
}
