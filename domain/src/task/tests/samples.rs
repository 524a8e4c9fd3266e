//! Orders and events, and histories made of them.

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use uuid::Uuid;

use crate::content::ContentHash;
use crate::document::Document;
use crate::id::{AgentId, AttemptId};
use crate::task::TaskCommand as C;
use crate::task::TaskEvent as E;
use crate::task::{
    Amendment, Answer, Counting, Failure, MaxAttempts, NewStep, OnTimeout, Priority, Question, Stage,
    StepEnd, StepKind, Task, TaskCommand, TaskEvent, TaskKind, TimeoutSeconds, Verdict,
};
use crate::usage::{MicroUsd, TokenCount, Usage};

pub(super) const FIRST: AttemptId = AttemptId(Uuid::from_u128(1));
pub(super) const OTHER: AttemptId = AttemptId(Uuid::from_u128(2));
pub(super) const LATER: DateTime<Utc> = DateTime::from_timestamp_nanos(1_900_000_000_000_000_000);
pub(super) const SHOWN: ContentHash = ContentHash([7; 32]);
pub(super) const CALL: Uuid = Uuid::from_u128(20);
pub(super) const QUESTION: Uuid = Uuid::from_u128(21);
/// Before [`LATER`], when questions expire.
pub(super) const NOW: DateTime<Utc> = DateTime::from_timestamp_nanos(1_800_000_000_000_000_000);

pub(super) fn task(history: Vec<TaskEvent>) -> AggregateTestExecutor<Task> {
    TestFramework::with(()).given(history)
}

pub(super) fn state(history: &[TaskEvent]) -> Task {
    let mut task = Task::default();
    for event in history {
        task.evolve(event.clone());
    }
    task
}

pub(super) fn stage(history: &[TaskEvent]) -> Option<Stage> {
    state(history).present().map(|(_, stage)| stage)
}

/// How a task comes to be absent, pending, queued, running, waiting for approval, completed, failed, cancelled, withdrawn.
pub(super) fn histories() -> [Vec<TaskEvent>; 9] {
    [
        vec![],
        vec![created()],
        vec![created(), queued()],
        running(),
        waiting(OnTimeout::Fail),
        [running(), vec![completed()]].concat(),
        [running(), vec![attempt_failed(None), failed()]].concat(),
        vec![created(), cancelled()],
        vec![created(), E::Withdrawn {}],
    ]
}

pub(super) fn running() -> Vec<TaskEvent> {
    vec![created(), queued(), started(1)]
}

pub(super) fn attempts(number: i64) -> MaxAttempts {
    MaxAttempts::try_from(number).unwrap()
}

pub(super) fn usage() -> Usage {
    Usage {
        input_tokens: TokenCount::from(12),
        output_tokens: TokenCount::from(34),
        cost_micro_usd: MicroUsd::from(56),
    }
}

pub(super) fn failure() -> Failure {
    Failure { code: "provider.timeout".to_owned(), message: "no answer".parse().unwrap() }
}

pub(super) fn create() -> TaskCommand {
    C::Create {
        agent: AgentId(Uuid::from_u128(9)),
        name: "Count".parse().unwrap(),
        kind: TaskKind::Prompt,
        input: Document::default(),
        priority: Priority::default(),
        timeout: TimeoutSeconds::default(),
        max_attempts: attempts(2),
        scheduled_at: None,
        created_by: None,
        queue_timeout: None,
        conversation: None,
        fork: None,
        configuration: None,
        schedule: None,
    }
}

pub(super) fn created() -> TaskEvent {
    E::Created {
        agent_id: AgentId(Uuid::from_u128(9)),
        name: "Count".parse().unwrap(),
        task_type: TaskKind::Prompt,
        input_data: Document::default(),
        priority: Priority::default(),
        timeout_seconds: TimeoutSeconds::default(),
        max_attempts: attempts(2),
        scheduled_at: None,
        created_by: None,
        queue_timeout_seconds: None,
        conversation_id: None,
        forked_from: None,
        configuration: None,
        schedule_id: None,
    }
}

pub(super) fn rename(name: &str) -> TaskCommand {
    C::Amend(Amendment { name: Some(name.parse().unwrap()), ..Amendment::default() })
}

pub(super) fn renamed(name: &str) -> TaskEvent {
    amended(&Amendment { name: Some(name.parse().unwrap()), ..Amendment::default() })
}

pub(super) fn amended(amendment: &Amendment) -> TaskEvent {
    let new = amendment.clone();
    E::Amended {
        name: new.name,
        task_type: new.kind,
        input_data: new.input,
        priority: new.priority,
        timeout_seconds: new.timeout,
        max_attempts: new.max_attempts,
        scheduled_at: new.scheduled_at,
    }
}

pub(super) fn queued() -> TaskEvent {
    E::Queued { not_before: None }
}

pub(super) fn start(attempt: AttemptId) -> TaskCommand {
    C::StartAttempt { attempt, agent_version: 7 }
}

pub(super) fn started(number: u32) -> TaskEvent {
    E::AttemptStarted { attempt_id: FIRST, number, agent_version: Some(7) }
}

pub(super) fn complete(attempt: AttemptId) -> TaskCommand {
    C::Complete { attempt, output: Document::default(), usage: usage() }
}

pub(super) fn completed() -> TaskEvent {
    E::Completed { attempt_id: FIRST, output_data: Document::default(), usage: usage() }
}

pub(super) fn fail(attempt: AttemptId, retry_at: Option<DateTime<Utc>>) -> TaskCommand {
    C::FailAttempt { attempt, failure: failure(), usage: usage(), retry_at, counting: Counting::Counts }
}

pub(super) fn attempt_failed(retry_at: Option<DateTime<Utc>>) -> TaskEvent {
    E::AttemptFailed { attempt_id: FIRST, failure: failure(), usage: usage(), retry_at, is_deferral: false }
}

pub(super) fn failed() -> TaskEvent {
    E::Failed { failure: failure() }
}

pub(super) fn cancel() -> TaskCommand {
    C::Cancel { reason: "not needed".parse().unwrap() }
}

pub(super) fn cancelled() -> TaskEvent {
    E::Cancelled { reason: "not needed".parse().unwrap() }
}

pub(super) fn started_by(attempt_id: AttemptId, number: u32) -> TaskEvent {
    E::AttemptStarted { attempt_id, number, agent_version: Some(7) }
}

pub(super) fn start_step(step: u32) -> TaskCommand {
    let step = NewStep {
        step,
        kind: StepKind::Tool,
        name: "http_request".to_owned(),
        provider: String::new(),
        call: CALL,
        request: SHOWN,
        reserved: MicroUsd::from(5),
        has_side_effects: true,
    };
    C::StartStep { attempt: FIRST, step }
}

pub(super) fn step_started(step: u32) -> TaskEvent {
    E::StepStarted {
        attempt_id: FIRST,
        step,
        kind: StepKind::Tool,
        name: "http_request".to_owned(),
        provider: String::new(),
        call_id: CALL,
        request: SHOWN,
        reserved_micro_usd: MicroUsd::from(5),
        has_side_effects: true,
    }
}

pub(super) fn end_step() -> TaskCommand {
    let end =
        StepEnd { outcome: Ok(SHOWN), usage: usage(), price_table: "2026-11-01".to_owned(), latency_ms: 9 };
    C::EndStep { attempt: FIRST, call: CALL, end }
}

pub(super) fn step_ended(reply: Option<ContentHash>) -> TaskEvent {
    E::StepEnded {
        attempt_id: FIRST,
        step: 1,
        call_id: CALL,
        reply,
        failure: reply.is_none().then(failure),
        usage: usage(),
        price_table: "2026-11-01".to_owned(),
        latency_ms: 9,
    }
}

pub(super) fn question(on_timeout: OnTimeout) -> Question {
    let tool = "http_request".to_owned();
    Question { approval_id: QUESTION, step: 1, tool, shown: SHOWN, expires_at: LATER, on_timeout }
}

pub(super) fn ask() -> TaskCommand {
    C::AskApproval { attempt: FIRST, question: question(OnTimeout::Fail), usage: usage() }
}

pub(super) fn asked(on_timeout: OnTimeout) -> TaskEvent {
    E::ApprovalRequested { attempt_id: FIRST, question: question(on_timeout), usage: usage() }
}

pub(super) fn waiting(on_timeout: OnTimeout) -> Vec<TaskEvent> {
    [running(), vec![asked(on_timeout)]].concat()
}

pub(super) fn decide(shown: ContentHash) -> TaskCommand {
    let reason = "ours".parse().unwrap();
    C::Decide { approval: QUESTION, shown, verdict: Verdict::Approved, reason, at: NOW }
}

pub(super) fn decided() -> TaskEvent {
    let reason = "ours".parse().unwrap();
    let answer = Answer { step: 1, shown: SHOWN, verdict: Verdict::Approved, reason };
    E::ApprovalDecided { approval_id: QUESTION, answer }
}

pub(super) fn expire(at: DateTime<Utc>) -> TaskCommand {
    C::ExpireApproval { at }
}

/// The question of [`waiting`] expires, and the task fails for it.
pub(super) fn expired() -> Vec<TaskEvent> {
    let failure = Failure {
        code: "approval.expired".to_owned(),
        message: "nobody approved the call in time".parse().unwrap(),
    };
    vec![E::ApprovalExpired { approval_id: QUESTION, step: 1 }, E::Failed { failure }]
}

pub(super) fn expire_queued(seconds: i64) -> TaskCommand {
    C::ExpireInQueue { queued_at: NOW, at: NOW + TimeDelta::seconds(seconds) }
}

pub(super) fn hand_back() -> TaskCommand {
    C::HandBack { attempt: FIRST, usage: usage(), not_before: None }
}

pub(super) fn lose(attempt: AttemptId) -> TaskCommand {
    C::LoseWorker { attempt, retry_at: LATER }
}

pub(super) fn lost(attempt_id: AttemptId, retry_at: Option<DateTime<Utc>>) -> TaskEvent {
    let message = "the worker stopped before it recorded a result".parse().unwrap();
    let failure = Failure { code: "worker.lost".to_owned(), message };
    E::AttemptFailed { attempt_id, failure, usage: Usage::default(), retry_at, is_deferral: false }
}

pub(super) fn handed_back() -> TaskEvent {
    E::HandedBack { attempt_id: FIRST, usage: usage(), not_before: None }
}
