//! Calls that a person must approve: what waits, and the answer that lets it go on.

use domain::task::OnTimeout;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{TestApp, fresh_database};
use crate::work::{approval, asking_task, overdue_task, stop_all_work};

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_person_is_listed_with_exactly_what_would_be_called() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let (owner, other) = (app.sign_up("free").await, app.sign_up("free").await);
    let task = asking_task(&app, &owner).await;
    let later = asking_task(&app, &owner).await;
    let page = app.get(&owner, "/approvals?sort=asked_at&limit=1").await.expect(200);
    assert_eq!(page["total"], 2, "{page}");
    let asked = &page["items"][0];
    assert_eq!((&asked["task_id"], &asked["task_name"]), (&json!(task), &json!("Turn")));
    assert_eq!((&asked["tool"], &asked["step"]), (&json!("http_request"), &json!(2)));
    let shown = json!({"tool": "http_request", "arguments": {"url": "https://example.com"}});
    assert_eq!(asked["shown"], shown);
    let text = asked["shown_text"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), shown);
    let hash = domain::ContentHash(Sha256::digest(text).into());
    assert_eq!(asked["shown_hash"], json!(hash), "of the very text");
    let of_task = app.get(&owner, &format!("/tasks/{task}")).await.expect(200);
    assert_eq!(asked["shown_hash"], of_task["approval"]["shown_hash"]);
    assert_eq!(asked["asked_at"], of_task["updated_at"]);
    let next = format!("/approvals?sort=asked_at&limit=1&cursor={}", page["next_cursor"].as_str().unwrap());
    let next = app.get(&owner, &next).await.expect(200);
    assert_eq!((&next["items"][0]["task_id"], &next["next_cursor"]), (&json!(later), &Value::Null));
    let of_nobody = format!("/approvals?agent_id={}", uuid::Uuid::nil());
    assert_eq!(app.get(&owner, &of_nobody).await.expect(200)["total"], 0);
    assert_eq!(app.get(&other, "/approvals").await.expect(200)["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lets_the_task_go_on_in_the_same_commit_and_stays_in_the_log() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let owner = app.sign_up("free").await;
    let admin = app.join(&owner, "admin", "admin").await;
    for (decision, verdict) in [("approve", "approved"), ("deny", "denied")] {
        let task = asking_task(&app, &owner).await;
        let mut answer = approval(&owner);
        answer["decision"] = json!(decision);
        let path = format!("/tasks/{task}/approval");
        let gone_on = app.post(&admin, &path, answer.clone()).await.expect(202);
        assert_eq!((&gone_on["status"], &gone_on["approval"]), (&json!("pending"), &Value::Null));
        assert!(gone_on["queued_at"].is_string(), "{gone_on}");
        let events = app.get(&owner, &format!("/audit/events?aggregate_id={task}")).await.expect(200);
        let decided = &events["items"][0];
        assert_eq!(
            decided["event_type"], "task.approval_decided",
            "one event is the answer and the going on"
        );
        assert_eq!(decided["actor"]["id"], json!(admin.user));
        let told = &decided["data"]["answer"];
        assert_eq!((&told["verdict"], &told["reason"]), (&json!(verdict), &json!("It is the customer's")));
        assert_eq!(told["shown"], answer["shown_hash"]);
        app.post(&owner, &path, answer).await.expect_problem(409, "approval.not_open");
    }
    assert_eq!(app.get(&owner, "/approvals").await.expect(200)["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_something_else_than_was_asked_changes_nothing() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let owner = app.sign_up("free").await;
    let member = app.join(&owner, "member", "member").await;
    let task = asking_task(&app, &owner).await;
    let (path, right) = (format!("/tasks/{task}/approval"), approval(&owner));
    let with = |name: &str, value: Value| {
        let mut answer = right.clone();
        answer[name] = value;
        answer
    };
    let shown_other = with("shown_hash", json!("0".repeat(64)));
    app.post(&owner, &path, shown_other).await.expect_problem(409, "approval.shown_other");
    let other_question = with("approval_id", json!(uuid::Uuid::nil()));
    app.post(&owner, &path, other_question).await.expect_problem(409, "approval.not_open");
    let neither = app.post(&owner, &path, with("decision", json!("perhaps"))).await.expect(422);
    assert_eq!(neither["errors"][0]["field"], "/decision", "{neither}");
    let no_hash = app.post(&owner, &path, with("shown_hash", json!("0"))).await.expect(422);
    assert_eq!(no_hash["errors"][0]["field"], "/shown_hash", "{no_hash}");
    app.post(&member, &path, right.clone()).await.expect_problem(403, "forbidden");
    stop_all_work(&app, &owner).await;
    app.post(&owner, &path, right.clone()).await.expect_problem(409, "tenant.work_stopped");
    app.post(&owner, "/tenants/current/reopen", json!({})).await.expect(200);
    assert_eq!(app.get(&owner, "/approvals").await.expect(200)["total"], 1);
    app.post(&owner, &path, right).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_answers_at_once_one_counts() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let owner = app.sign_up("free").await;
    let task = asking_task(&app, &owner).await;
    let (path, answer) = (format!("/tasks/{task}/approval"), approval(&owner));
    let answers = (0..8).map(|nth| {
        let mut answer = answer.clone();
        answer["decision"] = json!(if nth % 2 == 0 { "approve" } else { "deny" });
        app.post(&owner, &path, answer)
    });
    let statuses: Vec<u16> =
        futures::future::join_all(answers).await.into_iter().map(|one| one.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 202).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [202, 409].contains(status)), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_nobody_answers_in_time_lets_the_task_go_on_or_fail_as_it_says() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let owner = app.sign_up("free").await;
    let waits = asking_task(&app, &owner).await;
    let goes_on = overdue_task(&app, &owner, OnTimeout::Deny).await;
    let fails = overdue_task(&app, &owner, OnTimeout::Fail).await;
    let late = app.post(&owner, &format!("/tasks/{fails}/approval"), approval(&owner)).await;
    late.expect_problem(409, "approval.too_late");
    let core = &app.service.state.app;
    assert_eq!(core.expire_approvals("worker", 8).await.unwrap(), 2);
    assert_eq!(core.expire_approvals("worker", 8).await.unwrap(), 0);
    let stands = async |task: &str| {
        let task = app.get(&owner, &format!("/tasks/{task}")).await.expect(200);
        (task["status"].clone(), task["error"]["code"].clone())
    };
    assert_eq!(stands(&waits).await, (json!("waiting_approval"), Value::Null));
    assert_eq!(stands(&goes_on).await, (json!("pending"), Value::Null));
    assert_eq!(stands(&fails).await, (json!("failed"), json!("approval.expired")));
    assert_eq!(app.get(&owner, "/approvals").await.expect(200)["total"], 1);
}
