//! What may not be exceeded, however many ask at once.

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, fresh_database};

fn count(answers: &[Answer]) -> HashMap<u16, usize> {
    let mut counted = HashMap::new();
    for answer in answers {
        *counted.entry(answer.status.as_u16()).or_default() += 1;
    }
    counted
}

fn assert_quota(answers: &[Answer]) {
    assert_eq!(count(answers), HashMap::from([(201, 5), (403, 195)]));
    for refused in answers.iter().filter(|answer| answer.status == 403) {
        let problem = &refused.body;
        assert_eq!(problem["code"], "quota_exceeded", "{problem}");
        let told = (&problem["resource"], &problem["limit"], &problem["used"]);
        assert_eq!(told, (&json!("agents"), &json!(5), &json!(5)), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_200_agents_created_at_once_on_the_free_tier_exactly_5_are() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let agent = json!({"name": "Agent", "agent_type": "echo"});
    let answers = join_all((0..200).map(|_| app.post(&owner, "/agents", agent.clone()))).await;
    assert_quota(&answers);
    assert_eq!(app.get(&owner, "/agents").await.expect(200)["total"], 5);
    let usage = app.get(&owner, "/tenants/current/usage").await.expect(200);
    let agents =
        usage["resources"].as_array().unwrap().iter().find(|one| one["resource"] == "agents").unwrap();
    assert_eq!((&agents["used"], &agents["limit"]), (&json!(5), &json!(5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_holds_over_two_processes_on_one_database() {
    let database = fresh_database().await;
    let one = TestApp::start_on(database.clone(), &[]).await;
    let two = TestApp::start_on(database, &[]).await;
    let owner = one.sign_up("free").await;
    let agent = json!({"name": "Agent", "agent_type": "echo"});
    let ask = |number: usize| {
        let app = if number.is_multiple_of(2) { &one } else { &two };
        app.post(&owner, "/agents", agent.clone())
    };
    assert_quota(&join_all((0..200).map(ask)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminated_agent_makes_room_for_another() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let mut last = String::new();
    for _ in 0..5 {
        last = app.agent(&owner).await;
    }
    let agent = json!({"name": "Agent", "agent_type": "echo"});
    app.post(&owner, "/agents", agent.clone()).await.expect_problem(403, "quota_exceeded");
    app.delete(&owner, &format!("/agents/{last}")).await.expect(204);
    app.post(&owner, "/agents", agent).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_100_organisations_founded_at_once_under_one_subdomain_one_is() {
    let app = TestApp::start().await;
    let tenant = json!({
        "name": "Acme", "subdomain": "Wanted", "contact_email": "a@acme.example", "contact_name": "A",
    });
    let answers = join_all((0..100).map(|_| app.post_anonymous("/tenants", tenant.clone()))).await;
    assert_eq!(count(&answers), HashMap::from([(201, 1), (409, 99)]));
    assert!(
        answers
            .iter()
            .filter(|answer| answer.status == 409)
            .all(|answer| answer.body["code"] == "subdomain_taken")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subdomain_wanted_in_two_processes_at_once_goes_to_one_and_holds_nobody_else_up() {
    let database = fresh_database().await;
    let apps = [TestApp::start_on(database.clone(), &[]).await, TestApp::start_on(database, &[]).await];
    let found = |number: usize| {
        // Every third asks for the same name; the others share its batches and must not suffer for it.
        let name = if number.is_multiple_of(3) { "wanted".to_owned() } else { format!("own-{number}") };
        let tenant = json!({
            "name": "Acme", "subdomain": name, "contact_email": "a@acme.example", "contact_name": "A",
        });
        let app = &apps[number % 2];
        async move { app.post_anonymous("/tenants", tenant).await }
    };
    let answers = join_all((0..90).map(found)).await;
    assert_eq!(count(&answers), HashMap::from([(201, 61), (409, 29)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_owners_who_demote_each_other_at_once_leave_one_owner_every_time() {
    let app = Arc::new(TestApp::start().await);
    let one = app.sign_up("basic").await;
    let two = app.join(&one, "second", "owner").await;
    for round in 0..200 {
        let demote = json!({"role": "member"});
        let paths = [two.user, one.user].map(|user| format!("/tenants/users/{user}"));
        let (by_one, by_two) =
            tokio::join!(app.put(&one, &paths[0], demote.clone()), app.put(&two, &paths[1], demote.clone()));
        let owners = app.get(&one, "/tenants/users?role=owner").await.expect(200);
        assert_eq!(owners["total"], 1, "round {round}: {} {}", by_one.body, by_two.body);
        let is_one = owners["items"][0]["id"] == json!(one.user);
        let (remaining, lowered) = if is_one { (&one, &two) } else { (&two, &one) };
        assert_eq!([by_one.status, by_two.status].iter().filter(|status| status.is_success()).count(), 1);
        // The other one is restored for the next round.
        app.put(remaining, &format!("/tenants/users/{}", lowered.user), json!({"role": "owner"}))
            .await
            .expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_owner_can_be_neither_lowered_nor_removed() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let path = format!("/tenants/users/{}", owner.user);
    app.put(&owner, &path, json!({"role": "admin"})).await.expect_problem(409, "last_owner");
    app.put(&owner, &path, json!({"is_active": false})).await.expect_problem(409, "last_owner");
    app.delete(&owner, &path).await.expect_problem(409, "last_owner");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tier_too_small_for_what_is_in_use_is_refused() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    for _ in 0..6 {
        app.agent(&owner).await;
    }
    let lower = json!({"subscription_tier": "free"});
    app.put(&owner, "/tenants/current/subscription", lower.clone())
        .await
        .expect_problem(409, "tier_too_small");
    let agents = app.get(&owner, "/agents").await.expect(200);
    let first = agents["items"][0]["id"].as_str().unwrap();
    app.delete(&owner, &format!("/agents/{first}")).await.expect(204);
    let tenant: Value = app.put(&owner, "/tenants/current/subscription", lower).await.expect(200);
    assert_eq!((&tenant["subscription_tier"], &tenant["limits"]["agents"]), (&json!("free"), &json!(5)));
}
