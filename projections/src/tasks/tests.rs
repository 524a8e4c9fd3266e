use domain::task::{Failure, MaxAttempts, Priority, TaskEvent, TaskKind, TimeoutSeconds};
use domain::{AgentId, AttemptId, Document, MicroUsd, Recorded, StreamId, TaskId, TokenCount, Usage};
use uuid::Uuid;

use super::{Stage, TaskStatus, Tasks};
use crate::testing::{TENANT, Table, at, recorded};

const TASK: TaskId = TaskId(Uuid::from_u128(6));
const ATTEMPT: AttemptId = AttemptId(Uuid::from_u128(7));

fn events(first: i64, events: impl IntoIterator<Item = TaskEvent>) -> Vec<Recorded> {
    recorded(StreamId::task(TENANT, TASK), first, events)
}

fn created() -> TaskEvent {
    TaskEvent::Created {
        agent_id: AgentId(Uuid::from_u128(2)),
        name: "Summarise".parse().unwrap(),
        task_type: TaskKind::TextProcessing,
        input_data: Document::parse(r#"{"text":"…"}"#).unwrap(),
        priority: Priority::default(),
        timeout_seconds: TimeoutSeconds::default(),
        max_attempts: MaxAttempts::default(),
        scheduled_at: None,
        created_by: None,
    }
}

fn usage() -> Usage {
    Usage {
        input_tokens: TokenCount::from(10),
        output_tokens: TokenCount::from(5),
        cost_micro_usd: MicroUsd::from(1_200),
    }
}

fn failure() -> Failure {
    Failure { code: "provider.timeout".to_owned(), message: "no answer".parse().unwrap() }
}

fn started(number: u32) -> TaskEvent {
    TaskEvent::AttemptStarted { attempt_id: ATTEMPT, number }
}

fn attempt_failed(retry_at: Option<i64>) -> TaskEvent {
    TaskEvent::AttemptFailed {
        attempt_id: ATTEMPT,
        failure: failure(),
        usage: usage(),
        retry_at: retry_at.map(at),
    }
}

fn completed() -> TaskEvent {
    TaskEvent::Completed {
        attempt_id: ATTEMPT,
        output_data: Document::parse(r#"{"summary":"short"}"#).unwrap(),
        usage: usage(),
    }
}

const QUEUED: TaskEvent = TaskEvent::Queued { not_before: None };

#[test]
fn usage_adds_up_over_failed_attempts_and_completion_clears_the_error() {
    let table = Table::<Tasks>::new()
        .apply(&events(1, [created(), QUEUED, started(1)]))
        .apply(&events(4, [attempt_failed(Some(9))]));
    let row = table.row();
    assert_eq!((row.status, row.stage, row.not_before), (TaskStatus::Pending, Stage::Queued, Some(at(9))));
    assert_eq!((row.queued_at, row.error.as_ref().unwrap().code.as_str()), (Some(at(2)), "provider.timeout"));

    let table = table.apply(&events(5, [started(2), completed()]));
    assert_eq!(
        serde_json::to_string(table.row()).unwrap(),
        concat!(
            r#"{"id":"00000000-0000-0000-0000-000000000006","tenant_id":"00000000-0000-0000-0000-000000000001","#,
            r#""agent_id":"00000000-0000-0000-0000-000000000002","name":"Summarise","task_type":"text_processing","#,
            r#""input_data":{"text":"…"},"priority":3,"status":"completed","timeout_seconds":300,"max_attempts":3,"#,
            r#""scheduled_at":null,"queued_at":"1970-01-01T00:02:00Z","started_at":"1970-01-01T00:05:00Z","#,
            r#""finished_at":"1970-01-01T00:06:00Z","output_data":{"summary":"short"},"error":null,"#,
            r#""usage":{"input_tokens":20,"output_tokens":10,"cost_usd":"0.002400"},"attempts":2,"#,
            r#""created_by":null,"version":6,"#,
            r#""created_at":"1970-01-01T00:01:00Z","updated_at":"1970-01-01T00:06:00Z"}"#,
        )
    );
}

#[test]
fn a_retry_by_hand_queues_anew_and_clears_the_error() {
    let failed = [attempt_failed(None), TaskEvent::Failed { failure: failure() }];
    let table =
        Table::<Tasks>::new().apply(&events(1, [created(), QUEUED, started(1)])).apply(&events(4, failed));
    assert_eq!((table.row().status, table.row().finished_at), (TaskStatus::Failed, Some(at(5))));

    let table = table.apply(&events(6, [TaskEvent::Retried {}]));
    let row = table.row();
    assert_eq!((row.stage, row.queued_at, row.finished_at), (Stage::Queued, Some(at(6)), None));
    assert_eq!((row.error.as_ref(), row.attempts, row.started_at), (None, 1, None));
}

#[test]
fn an_amended_schedule_moves_a_queued_task() {
    let amended = TaskEvent::Amended {
        name: None,
        task_type: None,
        input_data: None,
        priority: Some(Priority::try_from(5).unwrap()),
        timeout_seconds: None,
        max_attempts: None,
        scheduled_at: Some(Some(at(30))),
    };
    let table = Table::<Tasks>::new().apply(&events(1, [created(), QUEUED, amended.clone()]));
    assert_eq!((table.row().priority, table.row().not_before), (5, Some(at(30))));
    let pending = Table::<Tasks>::new().apply(&events(1, [created(), amended]));
    assert_eq!((pending.row().scheduled_at, pending.row().not_before), (Some(at(30)), None));
}

#[test]
fn a_cancelled_task_has_ended_and_a_withdrawn_one_is_gone() {
    let cancelled = TaskEvent::Cancelled { reason: "no longer needed".parse().unwrap() };
    let table = Table::<Tasks>::new().apply(&events(1, [created(), QUEUED, cancelled]));
    assert_eq!((table.row().status, table.row().finished_at), (TaskStatus::Cancelled, Some(at(3))));
    assert!(table.apply(&events(4, [TaskEvent::Withdrawn {}])).0.is_empty());
}

#[test]
fn applied_twice_is_applied_once() {
    let first = events(1, [created(), QUEUED, started(1)]);
    let second = events(4, [attempt_failed(Some(9))]);
    let once = Table::<Tasks>::new().apply(&first).apply(&second);
    let twice = Table::<Tasks>::new().apply(&first).apply(&second).apply(&second).apply(&first);
    assert_eq!(serde_json::to_string(once.row()).unwrap(), serde_json::to_string(twice.row()).unwrap());
}

#[test]
fn events_of_unknown_tasks_change_nothing() {
    let table = Table::<Tasks>::new().apply(&events(3, [started(1), completed(), TaskEvent::Withdrawn {}]));
    assert!(table.0.is_empty());
}
