use domain::task::{
    Answer, Failure, Fork, MaxAttempts, OnTimeout, Priority, Question, TaskEvent, TaskKind, TimeoutSeconds,
    Verdict,
};
use domain::{
    AgentId, AttemptId, ContentHash, ConversationId, Document, MicroUsd, Recorded, StreamId, TaskId,
    TokenCount, Usage,
};
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
        queue_timeout_seconds: Some(TimeoutSeconds::default()),
        conversation_id: None,
        forked_from: None,
        configuration: None,
        schedule_id: None,
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
    TaskEvent::AttemptStarted { attempt_id: ATTEMPT, number, agent_version: Some(1) }
}

fn attempt_failed(retry_at: Option<i64>) -> TaskEvent {
    TaskEvent::AttemptFailed {
        attempt_id: ATTEMPT,
        failure: failure(),
        usage: usage(),
        retry_at: retry_at.map(at),
        is_deferral: false,
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
            r#""usage":{"input_tokens":20,"output_tokens":10,"cost_usd":"0.002400"},"attempts":2,"next_attempt_at":null,"#,
            r#""queue_timeout_seconds":300,"conversation_id":null,"forked_from":null,"fork_at_step":null,"#,
            r#""configuration":null,"approval":null,"#,
            r#""schedule_id":null,"created_by":null,"version":6,"#,
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

fn step_ended() -> TaskEvent {
    TaskEvent::StepEnded {
        attempt_id: ATTEMPT,
        step: 1,
        call_id: Uuid::from_u128(8),
        reply: Some(ContentHash([1; 32])),
        failure: None,
        usage: usage(),
        price_table: String::new(),
        latency_ms: 3,
    }
}

#[test]
fn what_steps_consumed_is_booked_once() {
    let table = Table::<Tasks>::new()
        .apply(&events(1, [created(), QUEUED, started(1), step_ended(), step_ended()]))
        .apply(&events(6, [attempt_failed(Some(9)), started(2), step_ended(), completed()]));
    assert_eq!(table.row().usage.input_tokens, TokenCount::from(30));
}

#[test]
fn what_an_attempt_consumed_is_booked_whole_where_no_step_was() {
    let back = TaskEvent::HandedBack { attempt_id: ATTEMPT, usage: usage(), not_before: None };
    let table = Table::<Tasks>::new()
        .apply(&events(1, [created(), QUEUED, started(1), step_ended(), back.clone()]))
        .apply(&events(6, [started(2), back]));
    assert_eq!(table.row().usage.input_tokens, TokenCount::from(20));
}

fn asked() -> TaskEvent {
    let question = Question {
        approval_id: Uuid::from_u128(9),
        step: 2,
        tool: "http_request".to_owned(),
        shown: ContentHash([2; 32]),
        expires_at: at(500),
        on_timeout: OnTimeout::Fail,
    };
    TaskEvent::ApprovalRequested { attempt_id: ATTEMPT, question, usage: usage() }
}

#[test]
fn a_task_that_waits_for_a_person_says_for_what_and_until_when() {
    let table = Table::<Tasks>::new().apply(&events(1, [created(), QUEUED, started(1), asked()]));
    let row = table.row();
    assert_eq!((row.status, row.stage), (TaskStatus::WaitingApproval, Stage::WaitingApproval));
    let approval = row.approval.as_ref().unwrap();
    assert_eq!(
        serde_json::to_string(approval).unwrap(),
        format!(
            r#"{{"id":"{}","step":2,"tool":"http_request","shown_hash":"{}","expires_at":"1970-01-01T08:20:00Z"}}"#,
            Uuid::from_u128(9),
            "02".repeat(32),
        )
    );
}

#[test]
fn an_answered_question_is_gone_and_the_task_waits_for_a_worker() {
    let (approval_id, reason) = (Uuid::from_u128(9), "ours".parse().unwrap());
    let answer = Answer { step: 2, shown: ContentHash([2; 32]), verdict: Verdict::Approved, reason };
    let expired = TaskEvent::ApprovalExpired { approval_id, step: 2 };
    for end in [TaskEvent::ApprovalDecided { approval_id, answer }, expired.clone()] {
        let table = Table::<Tasks>::new().apply(&events(1, [created(), QUEUED, started(1), asked(), end]));
        let row = table.row();
        assert_eq!((row.stage, row.queued_at, &row.approval), (Stage::Queued, Some(at(5)), &None));
    }
    let failed = TaskEvent::Failed { failure: failure() };
    let all = [created(), QUEUED, started(1), asked(), expired, failed];
    let table = Table::<Tasks>::new().apply(&events(1, all));
    let row = table.row();
    assert_eq!((row.status, &row.approval, row.finished_at), (TaskStatus::Failed, &None, Some(at(6))));
    assert_eq!(row.error.as_ref().unwrap().code, "provider.timeout");
}

#[test]
fn a_task_that_waited_too_long_for_a_worker_has_failed_and_says_why() {
    let failed = TaskEvent::Failed { failure: failure() };
    let table = Table::<Tasks>::new().apply(&events(1, [created(), QUEUED, failed]));
    let row = table.row();
    assert_eq!(
        (row.status, row.error.as_ref().unwrap().code.as_str()),
        (TaskStatus::Failed, "provider.timeout")
    );
}

#[test]
fn a_task_with_every_option_shows_them() {
    let mut with_options = created();
    if let TaskEvent::Created { conversation_id, forked_from, configuration, .. } = &mut with_options {
        *conversation_id = Some(ConversationId(Uuid::from_u128(10)));
        *forked_from = Some(Fork { task_id: TaskId(Uuid::from_u128(11)), at_step: 3 });
        *configuration = Some(Document::parse(r#"{"model":"m", "n":1.50}"#).unwrap());
    }
    let json = serde_json::to_string(Table::<Tasks>::new().apply(&events(1, [with_options])).row()).unwrap();
    let shown = format!(
        r#""queue_timeout_seconds":300,"conversation_id":"{}","forked_from":"{}","fork_at_step":3,"configuration":{{"model":"m", "n":1.50}},"approval":null"#,
        Uuid::from_u128(10),
        Uuid::from_u128(11),
    );
    assert!(json.contains(&shown), "{json}");
}

#[test]
fn steps_and_questions_applied_twice_are_applied_once() {
    let first = events(1, [created(), QUEUED, started(1), step_ended()]);
    let second = events(5, [asked()]);
    let once = Table::<Tasks>::new().apply(&first).apply(&second);
    let twice = Table::<Tasks>::new().apply(&first).apply(&first).apply(&second).apply(&second).apply(&first);
    assert_eq!(format!("{:?}", once.row()), format!("{:?}", twice.row()));
}
