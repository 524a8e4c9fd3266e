//! What may be spent, and that it never is more.

use application::commit::{Commit, CommitError, Expected, Hold};
use domain::task::TaskEvent;
use domain::{LimitReached, Metadata, MicroUsd, StreamId, TaskId, TenantId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Session, TestApp, fresh_database};

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_is_set_read_and_taken_away() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let owner = app.sign_up("free").await;
    let (agent, member) = (app.agent(&owner).await, app.join(&owner, "member", "member").await);
    for (path, event) in [
        ("/tenants/current/budget".to_owned(), "tenant.budget_set"),
        (format!("/agents/{agent}/budget"), "agent.budget_set"),
    ] {
        let none = app.get(&owner, &path).await.expect(200);
        assert_eq!((&none["limit_usd"], &none["left_usd"]), (&Value::Null, &Value::Null), "{none}");
        assert_eq!((&none["spent_usd"], &none["reserved_usd"]), (&json!("0.000000"), &json!("0.000000")));
        let set = app.put(&owner, &path, json!({"limit_usd": "25.5"})).await.expect(200);
        assert_eq!((&set["limit_usd"], &set["left_usd"]), (&json!("25.500000"), &json!("25.500000")));
        assert_eq!(app.get(&member, &path).await.expect(200), set);
        app.put(&member, &path, json!({"limit_usd": null})).await.expect_problem(403, "forbidden");
        for wrong in [json!({"limit_usd": "-1"}), json!({"limit_usd": 25}), json!({})] {
            let refused = app.put(&owner, &path, wrong).await.expect(422);
            assert_eq!(refused["errors"][0]["field"], "/limit_usd", "{refused}");
        }
        let lifted = app.put(&owner, &path, json!({"limit_usd": null})).await.expect(200);
        assert_eq!(lifted["limit_usd"], Value::Null);
        let events = app.get(&owner, &format!("/audit/events?event_type={event}")).await.expect(200);
        assert_eq!(events["total"].as_i64().unwrap_or(2), 2, "{events}");
        assert_eq!(events["items"][1]["data"]["limit_micro_usd"], 25_500_000, "{events}");
        assert_eq!(events["items"][1]["actor"]["id"], json!(owner.user));
    }
}

/// The beginning of a call that may cost so much, within what may be spent.
fn call(of: &Session, task: TaskId, reserve: u64, limit: Option<MicroUsd>) -> Commit {
    let tenant = TenantId(of.tenant);
    let hold = Hold {
        scope: of.tenant,
        reserve: MicroUsd::from(reserve),
        release: MicroUsd::default(),
        spend: MicroUsd::default(),
        limit,
    };
    let queued = TaskEvent::Queued { not_before: None };
    Commit::new(tenant, task.0, Metadata::system("test"))
        .append(StreamId::task(tenant, task), Expected::Any, vec![queued])
        .hold([hold])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_calls_set_aside_at_once_never_exceeds_the_budget_and_is_told() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let owner = app.sign_up("free").await;
    app.put(&owner, "/tenants/current/budget", json!({"limit_usd": "0.001"})).await.expect(200);
    let limit = Some(MicroUsd::from(1_000));
    let log = app.service.state.app.log.clone();
    let mut begun = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (log, owner) = (log.clone(), owner.clone());
        begun.spawn(async move {
            match log.commit(call(&owner, TaskId(Uuid::now_v7()), 30, limit)).await {
                Ok(_) => 1,
                Err(CommitError::Limit(LimitReached::Budget { .. })) => 0,
                Err(error) => panic!("{error}"),
            }
        });
    }
    assert_eq!(begun.join_all().await.into_iter().sum::<i32>(), 33);
    let told = async || app.get(&owner, "/tenants/current/budget").await.expect(200);
    let budget = told().await;
    assert_eq!((&budget["reserved_usd"], &budget["left_usd"]), (&json!("0.000990"), &json!("0.000010")));
    // Each call costs less than was set aside for it.
    for _ in 0..33 {
        let mut ended = call(&owner, TaskId(Uuid::now_v7()), 0, None);
        ended.holds[0].release = MicroUsd::from(30);
        ended.holds[0].spend = MicroUsd::from(20);
        log.commit(ended).await.unwrap();
    }
    let budget = told().await;
    assert_eq!((&budget["spent_usd"], &budget["reserved_usd"]), (&json!("0.000660"), &json!("0.000000")));
    assert_eq!(budget["left_usd"], "0.000340");
}
