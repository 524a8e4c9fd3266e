//! What agents' work leaves behind: steps, questions, contents, money set aside, and a stop of all of it.

use application::commit::{Commit, CommitError, Content, Expected, Hold};
use domain::task::{
    Answer, Fork, MaxAttempts, OnTimeout, Priority, Question, StepKind, TaskEvent, TaskKind, TimeoutSeconds,
    Verdict,
};
use domain::{
    AgentId, AttemptId, ContentHash, ConversationId, Document, LimitReached, Metadata, MicroUsd, StreamId,
    TaskId, TenantId, Usage,
};
use serde_json::json;
use sqlx::Row;
use uuid::Uuid;

use crate::support::{Session, TestApp, fresh_database};

pub(crate) const LEASE: std::time::Duration = std::time::Duration::from_secs(15);
/// Who works where it does not matter: an agent that there is not.
const AGENT: AgentId = AgentId(Uuid::from_u128(2));
const ATTEMPT: AttemptId = AttemptId(Uuid::from_u128(1));
const HASH: ContentHash = ContentHash([7; 32]);

fn commit(of: &Session, task: TaskId, events: Vec<TaskEvent>) -> Commit {
    let tenant = TenantId(of.tenant);
    let stream = StreamId::task(tenant, task);
    Commit::new(tenant, task.0, Metadata::system("test")).append(stream, Expected::Any, events)
}

async fn record(app: &TestApp, of: &Session, task: TaskId, events: Vec<TaskEvent>) {
    app.service.state.app.log.commit(commit(of, task, events)).await.unwrap();
}

fn created(conversation: Uuid) -> TaskEvent {
    TaskEvent::Created {
        agent_id: AGENT,
        name: "Turn".parse().unwrap(),
        task_type: TaskKind::Prompt,
        input_data: Document::default(),
        priority: Priority::default(),
        timeout_seconds: TimeoutSeconds::default(),
        max_attempts: MaxAttempts::default(),
        scheduled_at: None,
        created_by: None,
        queue_timeout_seconds: Some(TimeoutSeconds::default()),
        conversation_id: Some(ConversationId(conversation)),
        forked_from: Some(Fork { task_id: TaskId(Uuid::from_u128(3)), at_step: 1 }),
        configuration: Some(Document::parse(r#"{"temperature":0.20}"#).unwrap()),
        schedule_id: None,
    }
}

fn started(number: u32) -> TaskEvent {
    TaskEvent::AttemptStarted { attempt_id: ATTEMPT, number, agent_version: Some(1) }
}

fn step_started(step: u32) -> TaskEvent {
    TaskEvent::StepStarted {
        attempt_id: ATTEMPT,
        step,
        kind: StepKind::Model,
        name: "echo".to_owned(),
        provider: "echo".to_owned(),
        call_id: Uuid::from_u128(4),
        request: HASH,
        reserved_micro_usd: MicroUsd::from(10),
        has_side_effects: false,
    }
}

fn step_ended(step: u32) -> TaskEvent {
    TaskEvent::StepEnded {
        attempt_id: ATTEMPT,
        step,
        call_id: Uuid::from_u128(4),
        reply: Some(HASH),
        failure: None,
        usage: Usage { cost_micro_usd: MicroUsd::from(9), ..Usage::default() },
        price_table: String::new(),
        latency_ms: 1,
    }
}

fn asked() -> TaskEvent {
    let question = Question {
        approval_id: Uuid::from_u128(5),
        step: 2,
        tool: "http_request".to_owned(),
        shown: HASH,
        expires_at: "2999-01-01T00:00:00Z".parse().unwrap(),
        on_timeout: OnTimeout::Deny,
    };
    TaskEvent::ApprovalRequested { attempt_id: ATTEMPT, question, usage: Usage::default() }
}

/// Tasks that took steps and stand in every stage that steps lead to.
pub(crate) async fn record_work(app: &TestApp, of: &Session) {
    let begun = |nth: u128| {
        let queued = TaskEvent::Queued { not_before: None };
        vec![created(Uuid::from_u128(nth)), queued, started(1), step_started(1), step_ended(1)]
    };
    let approval_id = Uuid::from_u128(5);
    let answer = Answer { step: 2, shown: HASH, verdict: Verdict::Approved, reason: "".parse().unwrap() };
    let ends: [Vec<TaskEvent>; 5] = [
        vec![],
        vec![asked()],
        vec![asked(), TaskEvent::ApprovalDecided { approval_id, answer }],
        vec![asked(), TaskEvent::ApprovalExpired { approval_id, step: 2 }, started(2), step_started(2)],
        vec![TaskEvent::HandedBack { attempt_id: ATTEMPT, usage: Usage::default(), not_before: None }],
    ];
    for (nth, end) in (0x10..).zip(ends) {
        record(app, of, TaskId(Uuid::from_u128(nth)), [begun(nth), end].concat()).await;
    }
}

/// A task that waits for a person to approve a call; of an owner.
pub(crate) async fn asking_task(app: &TestApp, of: &Session) -> String {
    // Whoever goes through all operations may have stopped all work.
    app.post(of, "/tenants/current/reopen", json!({})).await;
    asking_until(app, of, AGENT, "2999-01-01T00:00:00Z", OnTimeout::Deny).await
}

/// The same of an agent that there is.
pub(crate) async fn asking_task_of(app: &TestApp, of: &Session, agent: &str) -> String {
    let agent = AgentId(agent.parse().unwrap());
    asking_until(app, of, agent, "2999-01-01T00:00:00Z", OnTimeout::Deny).await
}

/// A task whose question it is too late to answer.
pub(crate) async fn overdue_task(app: &TestApp, of: &Session, on_timeout: OnTimeout) -> String {
    asking_until(app, of, AGENT, "2020-01-01T00:00:00Z", on_timeout).await
}

async fn asking_until(
    app: &TestApp,
    of: &Session,
    agent: AgentId,
    end: &str,
    on_timeout: OnTimeout,
) -> String {
    let task = TaskId(Uuid::now_v7());
    let TaskEvent::ApprovalRequested { attempt_id, question, usage } = asked() else {
        unreachable!("that is what it is")
    };
    let question = Question {
        approval_id: question_of(of),
        shown: shown().hash,
        expires_at: end.parse().unwrap(),
        on_timeout,
        ..question
    };
    let asked = TaskEvent::ApprovalRequested { attempt_id, question, usage };
    let queued = TaskEvent::Queued { not_before: None };
    let mut created = created(Uuid::now_v7());
    if let TaskEvent::Created { agent_id, .. } = &mut created {
        *agent_id = agent;
    }
    let events = vec![created, queued, started(1), step_started(1), step_ended(1), asked];
    app.service.state.app.log.commit(commit(of, task, events).keep([shown()])).await.unwrap();
    task.to_string()
}

/// A task of an agent that has come to a result without a step.
pub(crate) async fn completed_task(app: &TestApp, of: &Session, agent: &str) -> String {
    let task = TaskId(Uuid::now_v7());
    let mut created = created(Uuid::now_v7());
    if let TaskEvent::Created { agent_id, forked_from, .. } = &mut created {
        (*agent_id, *forked_from) = (AgentId(agent.parse().unwrap()), None);
    }
    let queued = TaskEvent::Queued { not_before: None };
    let (output_data, usage) = (Document::default(), Usage::default());
    let completed = TaskEvent::Completed { attempt_id: ATTEMPT, output_data, usage };
    record(app, of, task, vec![created, queued, started(1), completed]).await;
    task.to_string()
}

fn shown() -> Content {
    Content::of(r#"{"tool":"http_request","arguments":{"url":"https://example.com"}}"#)
}

/// What every such task of an organisation asks; no two organisations ask the same.
fn question_of(of: &Session) -> Uuid {
    Uuid::from_u128(of.tenant.as_u128() ^ 1)
}

/// The answer that lets such a task make its call.
pub(crate) fn approval(of: &Session) -> serde_json::Value {
    json!({
        "approval_id": question_of(of), "shown_hash": shown().hash, "decision": "approve",
        "reason": "It is the customer's",
    })
}

pub(crate) async fn stop_all_work(app: &TestApp, of: &Session) {
    app.post(of, "/tenants/current/stop-all", json!({"reason": "wrong customers"})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_turns_of_a_conversation_are_listed_with_what_they_wait_for() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let (owner, other) = (app.sign_up("free").await, app.sign_up("free").await);
    record_work(&app, &owner).await;
    let list = format!("/tasks?conversation_id={}", Uuid::from_u128(0x11));
    let page = app.get(&owner, &list).await.expect(200);
    assert_eq!(page["total"], 1, "{page}");
    let turn = &page["items"][0];
    assert_eq!(
        (&turn["status"], &turn["approval"]["tool"]),
        (&json!("waiting_approval"), &json!("http_request"))
    );
    assert_eq!(turn["configuration"], json!({"temperature": 0.2}));
    assert_eq!(turn["usage"]["cost_usd"], "0.000009");
    let waiting = app.get(&owner, "/tasks?status=waiting_approval").await.expect(200);
    assert_eq!(waiting["total"], 1, "{waiting}");
    assert_eq!(app.get(&other, &list).await.expect(200)["total"], 0);
    let events = app.get(&owner, "/audit/events?event_type=task.created").await.expect(200);
    assert_eq!(events["items"][0]["data"]["configuration"], json!({"temperature": 0.2}), "{events}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_begin_at_once_never_overshoot_a_budget() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let owner = app.sign_up("free").await;
    let (scope, limit) = (owner.tenant, Some(MicroUsd::from(1_000)));
    let mut begun = tokio::task::JoinSet::new();
    for nth in 0..8_u128 {
        let (log, owner) = (app.service.state.app.log.clone(), owner.clone());
        begun.spawn(async move {
            let task = TaskId(Uuid::from_u128(0x20 + nth));
            let (mut taken, mut refused) = (0, 0);
            for step in 1..=10 {
                let hold = Hold {
                    scope,
                    reserve: MicroUsd::from(30),
                    release: MicroUsd::default(),
                    spend: MicroUsd::default(),
                    limit,
                };
                match log.commit(commit(&owner, task, vec![step_started(step)]).hold([hold])).await {
                    Ok(_) => taken += 1,
                    Err(CommitError::Limit(LimitReached::Budget { .. })) => refused += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            (taken, refused)
        });
    }
    let answers = begun.join_all().await;
    let taken: i64 = answers.iter().map(|(taken, _)| taken).sum();
    let refused: i64 = answers.iter().map(|(_, refused)| refused).sum();
    // 33 times 30 is the most that 1000 has room for.
    assert_eq!((taken, refused), (33, 80 - 33));
    let pool = app.owner().await;
    let held =
        "select reserved_micro_usd, spent_micro_usd from budgets where tenant_id = $1 and scope_id = $1";
    let row = sqlx::query(held).bind(owner.tenant).fetch_one(&pool).await.unwrap();
    assert_eq!((row.get::<i64, _>(0), row.get::<i64, _>(1)), (990, 0));
    // What was refused left no event.
    let events = "select count(*) from events where tenant_id = $1 and event_type = 'task.step_started'";
    let recorded: i64 = sqlx::query_scalar(events).bind(owner.tenant).fetch_one(&pool).await.unwrap();
    assert_eq!(recorded, taken);
}

#[tokio::test(flavor = "multi_thread")]
async fn contents_are_kept_once_for_each_organisation_and_only_with_their_events() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let (owner, other) = (app.sign_up("free").await, app.sign_up("free").await);
    let log = app.service.state.app.log.clone();
    let (said, refused) = (Content::of("hello"), Content::of("never said"));
    let mut written = tokio::task::JoinSet::new();
    for nth in 0..8_u128 {
        let (log, said) = (log.clone(), said.clone());
        let by = if nth == 0 { other.clone() } else { owner.clone() };
        let task = TaskId(Uuid::from_u128(0x30 + nth));
        let commit = commit(&by, task, vec![step_started(1)]).keep([said.clone(), said]);
        written.spawn(async move { log.commit(commit).await.unwrap() });
    }
    written.join_all().await;
    let stale = StreamId::task(TenantId(owner.tenant), TaskId(Uuid::from_u128(0x31)));
    let commit = Commit::new(TenantId(owner.tenant), stale.id, Metadata::system("test"))
        .append(stale, Expected::Exactly(0), vec![step_started(1)])
        .keep([refused]);
    assert_eq!(log.commit(commit).await.unwrap_err(), CommitError::VersionConflict);
    let sql = "select tenant_id, hash, bytes from contents";
    let rows = sqlx::query(sql).fetch_all(&app.owner().await).await.unwrap();
    let mut tenants: Vec<Uuid> = rows.iter().map(|row| row.get("tenant_id")).collect();
    tenants.sort();
    let mut both = [owner.tenant, other.tenant];
    both.sort();
    assert_eq!(tenants, both);
    for row in rows {
        assert_eq!(
            (row.get::<&[u8], _>("hash"), row.get::<&[u8], _>("bytes")),
            (&said.hash.0[..], &b"hello"[..])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_that_stopped_all_work_has_nothing_claimed_until_it_reopens() {
    let app = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
    let (owner, other) = (app.sign_up("free").await, app.sign_up("free").await);
    for session in [&owner, &other] {
        let agent = app.running_agent(session).await;
        let task = app.post(session, "/tasks", json!({"name": "Task", "agent_id": agent})).await.expect(201);
        let path = format!("/tasks/{}/execute", task["id"].as_str().unwrap());
        app.post(session, &path, json!({})).await.expect(202);
    }
    let core = &app.service.state.app;
    stop_all_work(&app, &owner).await;
    assert!(app.get(&owner, "/tenants/current").await.expect(200)["work_stopped_at"].is_string());
    let claimed = core.claim("worker", LEASE, 8).await.unwrap();
    assert_eq!(claimed.iter().map(|claimed| claimed.tenant.0).collect::<Vec<_>>(), [other.tenant]);
    // Whoever held a lease before records nothing any more, but for a cancellation.
    let stale = TaskId(Uuid::from_u128(0x40));
    let stopped = core.log.commit(commit(&owner, stale, vec![started(1)])).await.unwrap_err();
    assert_eq!(stopped, CommitError::Limit(LimitReached::Stopped));
    record(&app, &owner, stale, vec![TaskEvent::Cancelled { reason: "stopped".parse().unwrap() }]).await;
    let list = app.get(&owner, "/tasks").await.expect(200);
    let path = format!("/tasks/{}/execute", list["items"][0]["id"].as_str().unwrap());
    app.post(&owner, &path.replace("execute", "cancel"), json!({})).await.expect(200);
    app.post(&owner, &path.replace("execute", "retry"), json!({}))
        .await
        .expect_problem(409, "tenant.work_stopped");

    app.post(&owner, "/tenants/current/reopen", json!({})).await.expect(200);
    app.post(&owner, &path.replace("execute", "retry"), json!({})).await.expect(202);
    let claimed = core.claim("worker", LEASE, 8).await.unwrap();
    assert_eq!(claimed.iter().map(|claimed| claimed.tenant.0).collect::<Vec<_>>(), [owner.tenant]);
}
