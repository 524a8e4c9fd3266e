//! Given events, when a command, then events or a refusal.

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use uuid::Uuid;

use super::TaskCommand as C;
use super::TaskEvent as E;
use super::TaskRefusal as R;
use super::{
    Amendment, Answer, Counting, Failure, Fork, MAX_STEPS, MaxAttempts, NewStep, OnTimeout, Priority,
    Question, Stage, StepEnd, StepKind, Task, TaskCommand, TaskEvent, TaskKind, TimeoutSeconds, Verdict,
};
use crate::content::ContentHash;
use crate::document::Document;
use crate::id::{AgentId, AttemptId, TaskId};
use crate::refusal::{Refusal, RefusalKind};
use crate::usage::{MicroUsd, TokenCount, Usage};

const FIRST: AttemptId = AttemptId(Uuid::from_u128(1));
const OTHER: AttemptId = AttemptId(Uuid::from_u128(2));
const LATER: DateTime<Utc> = DateTime::from_timestamp_nanos(1_900_000_000_000_000_000);

#[test]
fn every_order_is_answered_in_every_stage() {
    let no = |refusal| Err::<Vec<TaskEvent>, _>(refusal);
    let yes = |event| Ok(vec![event]);
    let gone = || Ok(vec![E::Withdrawn {}]);
    let given_up = Ok(vec![attempt_failed(None), failed()]);
    #[rustfmt::skip]
    let table = [
        //                 absent           pending              queued               running              waiting              completed            failed               cancelled            withdrawn
        (create(),         [yes(created()), no(R::AlreadyExists), no(R::AlreadyExists), no(R::AlreadyExists), no(R::AlreadyExists), no(R::AlreadyExists), no(R::AlreadyExists), no(R::AlreadyExists), no(R::AlreadyExists)]),
        (rename("B"),      [no(R::Absent), yes(renamed("B")), yes(renamed("B")), no(R::NotPending), no(R::NotPending), no(R::NotPending), no(R::NotPending), no(R::NotPending), no(R::Absent)]),
        (C::Queue,         [no(R::Absent), yes(queued()), no(R::AlreadyQueued), no(R::Running), no(R::Running), no(R::Ended), no(R::Ended), no(R::Ended), no(R::Absent)]),
        (start(FIRST),     [no(R::Absent), no(R::NotQueued), yes(started(1)), no(R::NotQueued), no(R::NotQueued), no(R::NotQueued), no(R::NotQueued), no(R::NotQueued), no(R::Absent)]),
        (complete(FIRST),  [no(R::Absent), no(R::StaleAttempt), no(R::StaleAttempt), yes(completed()), no(R::StaleAttempt), no(R::StaleAttempt), no(R::StaleAttempt), no(R::StaleAttempt), no(R::Absent)]),
        (fail(FIRST, None),[no(R::Absent), no(R::StaleAttempt), no(R::StaleAttempt), given_up, no(R::StaleAttempt), no(R::StaleAttempt), no(R::StaleAttempt), no(R::StaleAttempt), no(R::Absent)]),
        (C::Retry,         [no(R::Absent), no(R::NotFailed), no(R::NotFailed), no(R::NotFailed), no(R::NotFailed), no(R::NotFailed), yes(E::Retried {}), yes(E::Retried {}), no(R::Absent)]),
        (cancel(),         [no(R::Absent), yes(cancelled()), yes(cancelled()), yes(cancelled()), yes(cancelled()), no(R::Ended), no(R::Ended), no(R::Ended), no(R::Absent)]),
        (C::Withdraw,      [no(R::Absent), gone(), gone(), no(R::Running), gone(), gone(), gone(), gone(), no(R::Absent)]),
        (start_step(1),    [no(R::Absent), no(R::StaleAttempt), no(R::StaleAttempt), yes(step_started(1)), no(R::StaleAttempt), no(R::StaleAttempt), no(R::StaleAttempt), no(R::StaleAttempt), no(R::Absent)]),
        (end_step(),       [no(R::Absent), no(R::StaleAttempt), no(R::StaleAttempt), no(R::StepOutOfOrder), no(R::StaleAttempt), no(R::StaleAttempt), no(R::StaleAttempt), no(R::StaleAttempt), no(R::Absent)]),
        (ask(),            [no(R::Absent), no(R::StaleAttempt), no(R::StaleAttempt), yes(asked(OnTimeout::Fail)), no(R::StaleAttempt), no(R::StaleAttempt), no(R::StaleAttempt), no(R::StaleAttempt), no(R::Absent)]),
        (decide(SHOWN),    [no(R::Absent), no(R::NoQuestion), no(R::NoQuestion), no(R::NoQuestion), yes(decided()), no(R::NoQuestion), no(R::NoQuestion), no(R::NoQuestion), no(R::Absent)]),
        (hand_back(),      [no(R::Absent), no(R::StaleAttempt), no(R::StaleAttempt), yes(handed_back()), no(R::StaleAttempt), no(R::StaleAttempt), no(R::StaleAttempt), no(R::StaleAttempt), no(R::Absent)]),
        (lose(FIRST),      [no(R::Absent), no(R::StaleAttempt), no(R::StaleAttempt), yes(lost(FIRST, Some(LATER))), no(R::StaleAttempt), no(R::StaleAttempt), no(R::StaleAttempt), no(R::StaleAttempt), no(R::Absent)]),
        (expire(LATER),    [no(R::Absent), no(R::NoQuestion), no(R::NoQuestion), no(R::NoQuestion), Ok(expired()), no(R::NoQuestion), no(R::NoQuestion), no(R::NoQuestion), no(R::Absent)]),
        (expire_queued(0), [no(R::Absent), no(R::NotQueued), no(R::NotDue), no(R::NotQueued), no(R::NotQueued), no(R::NotQueued), no(R::NotQueued), no(R::NotQueued), no(R::Absent)]),
    ];
    for (order, answers) in table {
        for (history, answer) in histories().into_iter().zip(answers) {
            let given = format!("given {history:?}, when {order:?}");
            assert_eq!(task(history).when(order.clone()).inspect_result(), answer, "{given}");
        }
    }
}

#[test]
fn a_scheduled_task_is_queued_for_its_time() {
    let amendment = Amendment { scheduled_at: Some(Some(LATER)), ..Amendment::default() };
    let scheduled = amended(&amendment);
    task(vec![created()]).when(C::Amend(amendment)).then_expect_events(vec![scheduled.clone()]);
    task(vec![created(), scheduled])
        .when(C::Queue)
        .then_expect_events(vec![E::Queued { not_before: Some(LATER) }]);
}

#[test]
fn the_schedule_of_a_task_can_be_taken_away() {
    let scheduled = |at| Amendment { scheduled_at: Some(at), ..Amendment::default() };
    task(vec![created(), amended(&scheduled(Some(LATER)))])
        .when(C::Amend(scheduled(None)))
        .then_expect_events(vec![amended(&scheduled(None))]);
}

#[test]
fn amending_to_what_it_is_already_changes_nothing() {
    for history in [vec![created()], vec![created(), queued()]] {
        for amendment in [
            Amendment::default(),
            Amendment {
                name: Some("Count".parse().unwrap()),
                kind: Some(TaskKind::Prompt),
                input: Some(Document::default()),
                priority: Some(Priority::default()),
                timeout: Some(TimeoutSeconds::default()),
                max_attempts: Some(attempts(2)),
                scheduled_at: Some(None),
            },
        ] {
            task(history.clone()).when(C::Amend(amendment)).then_expect_events(vec![]);
        }
    }
}

#[test]
fn an_amendment_is_remembered_whole() {
    let amendment = Amendment {
        name: Some("Other".parse().unwrap()),
        kind: Some(TaskKind::Workflow),
        input: Some(Document::parse(r#"{"a":1}"#).unwrap()),
        priority: Some(Priority::try_from(5).unwrap()),
        timeout: Some(TimeoutSeconds::try_from(1).unwrap()),
        max_attempts: Some(attempts(10)),
        scheduled_at: Some(Some(LATER)),
    };
    for history in [vec![created()], vec![created(), queued()]] {
        task(history)
            .and(vec![amended(&amendment)])
            .when(C::Amend(amendment.clone()))
            .then_expect_events(vec![]);
    }
}

#[test]
fn a_failed_attempt_with_attempts_left_is_queued_again() {
    task(running()).when(fail(FIRST, Some(LATER))).then_expect_events(vec![attempt_failed(Some(LATER))]);
    assert_eq!(stage(&[running(), vec![attempt_failed(Some(LATER))]].concat()), Some(Stage::Queued));
}

#[test]
fn the_last_attempt_fails_the_task_however_much_a_retry_was_wished() {
    let last = [running(), vec![attempt_failed(Some(LATER)), started(2)]].concat();
    task(last).when(fail(FIRST, Some(LATER))).then_expect_events(vec![attempt_failed(None), failed()]);
}

#[test]
fn a_failure_that_no_retry_can_mend_fails_the_task_at_once() {
    let history = [running(), vec![attempt_failed(None)]].concat();
    assert_eq!(stage(&history), Some(Stage::Running(FIRST)), "until the same commit's failed");
    assert_eq!(stage(&[history, vec![failed()]].concat()), Some(Stage::Failed));
}

#[test]
fn attempts_are_numbered_over_the_whole_life_and_allowed_anew_by_a_retry() {
    let history = [running(), vec![attempt_failed(None), failed(), E::Retried {}]].concat();
    let Task::Present(work, Stage::Queued) = state(&history) else { panic!("a retried task is queued") };
    assert_eq!((work.attempts(), work.attempts_of_this_run()), (1, 0));
    task(history).when(start(FIRST)).then_expect_events(vec![started(2)]);
}

#[test]
fn an_attempt_that_is_not_the_running_one_can_write_nothing() {
    for order in [complete(OTHER), fail(OTHER, None), fail(OTHER, Some(LATER))] {
        task(running()).when(order).then_expect_error(R::StaleAttempt);
    }
}

#[test]
fn an_attempt_cancelled_meanwhile_can_write_nothing() {
    task([running(), vec![cancelled()]].concat()).when(complete(FIRST)).then_expect_error(R::StaleAttempt);
}

#[test]
fn the_attempts_allowed_cannot_be_lowered_to_those_already_made() {
    let between_attempts = [running(), vec![attempt_failed(Some(LATER))]].concat();
    let allow = |number| C::Amend(Amendment { max_attempts: Some(attempts(number)), ..Amendment::default() });
    task(between_attempts.clone()).when(allow(1)).then_expect_error(R::AttemptsUsed);
    assert!(task(between_attempts).when(allow(3)).inspect_result().is_ok());
    assert!(task(vec![created(), queued()]).when(allow(1)).inspect_result().is_ok());
}

#[test]
fn an_event_that_does_not_fit_the_stage_is_passed_over() {
    for (history, event) in [
        (vec![], queued()),
        (vec![created()], created()),
        (vec![created()], started(1)),
        (running(), renamed("B")),
        (running(), E::Withdrawn {}),
        ([running(), vec![completed()]].concat(), cancelled()),
        (vec![created(), E::Withdrawn {}], created()),
    ] {
        let mut task = state(&history);
        let before = task.clone();
        task.evolve(event);
        assert_eq!(task, before);
    }
}

#[test]
fn every_refusal_has_its_kind_and_code() {
    assert_eq!((R::Absent.kind(), R::Absent.code()), (RefusalKind::NotFound, "not_found"));
    for (refusal, code) in [
        (R::AlreadyExists, "task.already_exists"),
        (R::NotPending, "task.not_pending"),
        (R::AlreadyQueued, "task.already_queued"),
        (R::NotQueued, "task.not_queued"),
        (R::StaleAttempt, "task.stale_attempt"),
        (R::Ended, "task.ended"),
        (R::NotFailed, "task.not_failed"),
        (R::Running, "task.running"),
        (R::AttemptsUsed, "task.attempts_used"),
        (R::StepOutOfOrder, "task.step_out_of_order"),
        (R::NoQuestion, "approval.not_open"),
        (R::ShownOther, "approval.shown_other"),
        (R::TooLate, "approval.too_late"),
        (R::NotDue, "task.not_due"),
    ] {
        assert_eq!((refusal.kind(), refusal.code()), (RefusalKind::WrongStage, code));
    }
}

fn task(history: Vec<TaskEvent>) -> AggregateTestExecutor<Task> {
    TestFramework::with(()).given(history)
}

fn state(history: &[TaskEvent]) -> Task {
    let mut task = Task::default();
    for event in history {
        task.evolve(event.clone());
    }
    task
}

fn stage(history: &[TaskEvent]) -> Option<Stage> {
    state(history).present().map(|(_, stage)| stage)
}

/// How a task comes to be absent, pending, queued, running, waiting for approval, completed, failed, cancelled, withdrawn.
fn histories() -> [Vec<TaskEvent>; 9] {
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

fn running() -> Vec<TaskEvent> {
    vec![created(), queued(), started(1)]
}

fn attempts(number: i64) -> MaxAttempts {
    MaxAttempts::try_from(number).unwrap()
}

fn usage() -> Usage {
    Usage {
        input_tokens: TokenCount::from(12),
        output_tokens: TokenCount::from(34),
        cost_micro_usd: MicroUsd::from(56),
    }
}

fn failure() -> Failure {
    Failure { code: "provider.timeout".to_owned(), message: "no answer".parse().unwrap() }
}

fn create() -> TaskCommand {
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

fn created() -> TaskEvent {
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

fn rename(name: &str) -> TaskCommand {
    C::Amend(Amendment { name: Some(name.parse().unwrap()), ..Amendment::default() })
}

fn renamed(name: &str) -> TaskEvent {
    amended(&Amendment { name: Some(name.parse().unwrap()), ..Amendment::default() })
}

fn amended(amendment: &Amendment) -> TaskEvent {
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

fn queued() -> TaskEvent {
    E::Queued { not_before: None }
}

fn start(attempt: AttemptId) -> TaskCommand {
    C::StartAttempt { attempt, agent_version: 7 }
}

fn started(number: u32) -> TaskEvent {
    E::AttemptStarted { attempt_id: FIRST, number, agent_version: Some(7) }
}

fn complete(attempt: AttemptId) -> TaskCommand {
    C::Complete { attempt, output: Document::default(), usage: usage() }
}

fn completed() -> TaskEvent {
    E::Completed { attempt_id: FIRST, output_data: Document::default(), usage: usage() }
}

fn fail(attempt: AttemptId, retry_at: Option<DateTime<Utc>>) -> TaskCommand {
    C::FailAttempt { attempt, failure: failure(), usage: usage(), retry_at, counting: Counting::Counts }
}

fn attempt_failed(retry_at: Option<DateTime<Utc>>) -> TaskEvent {
    E::AttemptFailed { attempt_id: FIRST, failure: failure(), usage: usage(), retry_at, is_deferral: false }
}

fn failed() -> TaskEvent {
    E::Failed { failure: failure() }
}

fn cancel() -> TaskCommand {
    C::Cancel { reason: "not needed".parse().unwrap() }
}

fn cancelled() -> TaskEvent {
    E::Cancelled { reason: "not needed".parse().unwrap() }
}

const SHOWN: ContentHash = ContentHash([7; 32]);
const CALL: Uuid = Uuid::from_u128(20);
const QUESTION: Uuid = Uuid::from_u128(21);
/// Before [`LATER`], when questions expire.
const NOW: DateTime<Utc> = DateTime::from_timestamp_nanos(1_800_000_000_000_000_000);

#[test]
fn a_step_is_recorded_before_and_after_and_taken_over_by_the_next_attempt() {
    let history = [running(), vec![step_started(1), step_ended(Some(SHOWN))]].concat();
    let journal = |task: &Task| task.present().unwrap().0.journal.clone();
    let taken: Vec<_> = journal(&state(&history)).done().iter().map(|done| (done.step, done.reply)).collect();
    assert_eq!(taken, [(1, SHOWN)]);
    let next = [history, vec![attempt_failed(Some(LATER)), started(2)]].concat();
    assert_eq!(journal(&state(&next)).done().len(), 1);
    task(next.clone()).when(start_step(2)).then_expect_events(vec![step_started(2)]);
    task(next.clone()).when(start_step(1)).then_expect_events(vec![step_started(1)]);
    task(next).when(start_step(3)).then_expect_error(R::StepOutOfOrder);
}

#[test]
fn a_step_taken_anew_makes_what_followed_it_void() {
    let two = vec![step_started(1), step_ended(Some(SHOWN)), step_started(2), step_ended(Some(SHOWN))];
    let task = state(&[running(), two, vec![step_started(1)]].concat());
    let (work, _) = task.present().unwrap();
    assert_eq!((work.journal.done().len(), work.journal.open().unwrap().step), (0, 1));
}

#[test]
fn an_attempt_takes_one_step_at_a_time_and_may_take_a_lost_one_anew() {
    let open = [running(), vec![step_started(1)]].concat();
    task(open.clone()).when(start_step(1)).then_expect_error(R::StepOutOfOrder);
    let lost = [open, vec![attempt_failed(Some(LATER)), started_by(OTHER, 2)]].concat();
    let mut again = step_started(1);
    if let E::StepStarted { attempt_id, .. } = &mut again {
        *attempt_id = OTHER;
    }
    let C::StartStep { step, .. } = start_step(1) else { unreachable!() };
    task(lost.clone()).when(C::StartStep { attempt: OTHER, step }).then_expect_events(vec![again]);
    let C::EndStep { call, end, .. } = end_step() else { unreachable!() };
    task(lost).when(C::EndStep { attempt: OTHER, call, end }).then_expect_error(R::StepOutOfOrder);
}

#[test]
fn a_run_has_no_more_steps_than_the_most() {
    let steps = |last: u32| {
        (1..=last).flat_map(|step| {
            let mut ended = step_ended(Some(SHOWN));
            if let E::StepEnded { step: of, .. } = &mut ended {
                *of = step;
            }
            [step_started(step), ended]
        })
    };
    let history = |last| running().into_iter().chain(steps(last)).collect::<Vec<_>>();
    task(history(MAX_STEPS - 1))
        .when(start_step(MAX_STEPS))
        .then_expect_events(vec![step_started(MAX_STEPS)]);
    task(history(MAX_STEPS)).when(start_step(MAX_STEPS + 1)).then_expect_error(R::StepOutOfOrder);
    task(history(MAX_STEPS)).when(start_step(0)).then_expect_error(R::StepOutOfOrder);
}

#[test]
fn an_attempt_that_is_not_the_running_one_can_take_no_step_ask_nothing_and_give_nothing_back() {
    let (C::StartStep { step, .. }, C::EndStep { call, end, .. }) = (start_step(1), end_step()) else {
        unreachable!()
    };
    let open = [running(), vec![step_started(1)]].concat();
    for order in [
        C::StartStep { attempt: OTHER, step },
        C::EndStep { attempt: OTHER, call, end },
        C::AskApproval { attempt: OTHER, question: question(OnTimeout::Fail), usage: usage() },
        C::HandBack { attempt: OTHER, usage: usage() },
        lose(OTHER),
    ] {
        task(open.clone()).when(order).then_expect_error(R::StaleAttempt);
    }
    let before = state(&open);
    for event in [
        E::HandedBack { attempt_id: OTHER, usage: usage() },
        E::ApprovalRequested { attempt_id: OTHER, question: question(OnTimeout::Fail), usage: usage() },
    ] {
        let mut after = before.clone();
        after.evolve(event);
        assert_eq!(after, before);
    }
}

#[test]
fn a_task_that_three_workers_in_a_row_are_lost_with_is_parked() {
    let ten = Amendment { max_attempts: Some(MaxAttempts::try_from(10).unwrap()), ..Amendment::default() };
    let begun = |number| E::AttemptStarted { attempt_id: FIRST, number, agent_version: Some(7) };
    let loss = |number| vec![begun(number), lost(FIRST, Some(LATER))];
    let twice = [vec![created(), amended(&ten), queued()], loss(1), loss(2)].concat();
    let parked = || {
        let message = "three workers in a row stopped before they recorded a result".parse().unwrap();
        E::Failed { failure: Failure { code: "worker.lost".to_owned(), message } }
    };
    task([twice.clone(), vec![begun(3)]].concat())
        .when(lose(FIRST))
        .then_expect_events(vec![lost(FIRST, None), parked()]);
    // Whatever else an attempt ends with, the row is broken.
    for end in [handed_back(), attempt_failed(Some(LATER))] {
        task([twice.clone(), vec![begun(3), end, begun(4)]].concat())
            .when(lose(FIRST))
            .then_expect_events(vec![lost(FIRST, Some(LATER))]);
    }
    // Somebody lets it try again.
    task([twice, vec![begun(3), lost(FIRST, None), parked(), E::Retried {}, begun(4)]].concat())
        .when(lose(FIRST))
        .then_expect_events(vec![lost(FIRST, Some(LATER))]);
}

#[test]
fn a_lost_worker_uses_an_attempt_up() {
    let one = Amendment { max_attempts: Some(MaxAttempts::try_from(1).unwrap()), ..Amendment::default() };
    let E::AttemptFailed { failure, .. } = lost(FIRST, None) else { unreachable!() };
    task(vec![created(), amended(&one), queued(), started(1)])
        .when(lose(FIRST))
        .then_expect_events(vec![lost(FIRST, None), E::Failed { failure }]);
}

#[test]
fn a_step_ends_by_the_call_that_began_it() {
    let open = [running(), vec![step_started(1)]].concat();
    task(open.clone()).when(end_step()).then_expect_events(vec![step_ended(Some(SHOWN))]);
    let C::EndStep { attempt, end, .. } = end_step() else { unreachable!() };
    task(open).when(C::EndStep { attempt, call: QUESTION, end }).then_expect_error(R::StepOutOfOrder);
}

#[test]
fn a_failed_step_is_not_taken_over() {
    let history = [running(), vec![step_started(1), step_ended(None)]].concat();
    assert_eq!(state(&history).present().unwrap().0.journal.done(), []);
}

#[test]
fn a_fork_begins_at_its_step() {
    let mut forked = created();
    if let E::Created { forked_from, .. } = &mut forked {
        *forked_from = Some(Fork { task_id: TaskId(Uuid::from_u128(30)), at_step: 3 });
    }
    let history = vec![forked, queued(), started(1)];
    task(history.clone()).when(start_step(2)).then_expect_error(R::StepOutOfOrder);
    task(history).when(start_step(3)).then_expect_events(vec![step_started(3)]);
}

#[test]
fn an_answer_is_for_the_question_that_was_shown_and_comes_in_time() {
    let waits = || task(waiting(OnTimeout::Fail));
    waits().when(decide(ContentHash([8; 32]))).then_expect_error(R::ShownOther);
    let C::Decide { shown, verdict, reason, .. } = decide(SHOWN) else { unreachable!() };
    let late = C::Decide { approval: QUESTION, shown, verdict, reason: reason.clone(), at: LATER };
    waits().when(late).then_expect_error(R::TooLate);
    let other = C::Decide { approval: CALL, shown, verdict, reason, at: NOW };
    waits().when(other).then_expect_error(R::NoQuestion);
    assert_eq!(stage(&[waiting(OnTimeout::Fail), vec![decided()]].concat()), Some(Stage::Queued));
}

#[test]
fn a_question_that_nobody_answers_fails_the_task() {
    task(waiting(OnTimeout::Fail)).when(expire(NOW)).then_expect_error(R::NotDue);
    task(waiting(OnTimeout::Fail)).when(expire(LATER)).then_expect_events(expired());
    assert_eq!(stage(&[waiting(OnTimeout::Fail), expired()].concat()), Some(Stage::Failed));
}

#[test]
fn or_counts_as_a_no_where_that_was_asked_for() {
    let expired = vec![expired().remove(0)];
    task(waiting(OnTimeout::Deny)).when(expire(NOW)).then_expect_error(R::NotDue);
    task(waiting(OnTimeout::Deny)).when(expire(LATER)).then_expect_events(expired.clone());
    let denied = state(&[waiting(OnTimeout::Deny), expired].concat());
    let (work, stage) = denied.present().unwrap();
    let reason = "nobody answered in time".parse().unwrap();
    let no = Answer { step: 1, shown: SHOWN, verdict: Verdict::Denied, reason };
    assert_eq!((stage, &work.answers[..], work.question()), (Stage::Queued, &[no][..], None));
}

#[test]
fn an_answer_holds_for_its_call_and_not_for_one_that_comes_after_steps_taken_anew() {
    let answers = |history: &[TaskEvent]| state(history).present().unwrap().0.answers.len();
    let one = vec![step_started(1), step_ended(Some(SHOWN))];
    let mut at_two = question(OnTimeout::Fail);
    at_two.step = 2;
    let asked = E::ApprovalRequested { attempt_id: FIRST, question: at_two, usage: usage() };
    let answer = Answer { step: 2, shown: SHOWN, verdict: Verdict::Approved, reason: "".parse().unwrap() };
    let decided = E::ApprovalDecided { approval_id: QUESTION, answer };
    let history = [running(), one, vec![asked, decided, started(2)]].concat();
    assert_eq!(answers(&history), 1);
    assert_eq!(answers(&[history.clone(), vec![step_started(2)]].concat()), 1);
    assert_eq!(answers(&[history, vec![step_started(1)]].concat()), 0);
}

#[test]
fn neither_a_question_nor_a_hand_back_nor_a_deferral_uses_up_an_attempt() {
    let used = |history: &[TaskEvent]| state(history).present().unwrap().0.attempts_of_this_run();
    assert_eq!(used(&running()), 1);
    assert_eq!(used(&waiting(OnTimeout::Fail)), 0);
    assert_eq!(used(&[running(), vec![handed_back()]].concat()), 0);
    let deferred = C::FailAttempt {
        attempt: FIRST,
        failure: failure(),
        usage: usage(),
        retry_at: Some(LATER),
        counting: Counting::Deferred,
    };
    let mut history = running();
    for _ in 0..20 {
        let events = task(history.clone()).when(deferred.clone()).inspect_result().unwrap();
        assert!(matches!(events[..], [E::AttemptFailed { is_deferral: true, .. }]), "{events:?}");
        history.extend(events);
        assert_eq!(used(&history), 0);
        history.push(started(2));
    }
    let events = task(history).when(deferred).inspect_result().unwrap();
    assert!(matches!(events[..], [E::AttemptFailed { is_deferral: false, .. }]), "{events:?}");
}

#[test]
fn a_task_that_waits_too_long_for_a_worker_fails() {
    let mut limited = created();
    if let E::Created { queue_timeout_seconds, .. } = &mut limited {
        *queue_timeout_seconds = Some(TimeoutSeconds::try_from(60).unwrap());
    }
    let expire = expire_queued;
    task(vec![limited.clone(), queued()]).when(expire(59)).then_expect_error(R::NotDue);
    let events = task(vec![limited.clone(), queued()]).when(expire(60)).inspect_result().unwrap();
    let [E::Failed { failure }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(failure.code, "task.queue_timeout");
    task(vec![limited]).when(expire(60)).then_expect_error(R::NotQueued);
    task(vec![created(), queued()]).when(expire(86_400)).then_expect_error(R::NotDue);
}

#[test]
fn trying_again_by_hand_begins_from_nothing() {
    let steps = vec![started(2), step_started(1), step_ended(Some(SHOWN))];
    let done = [waiting(OnTimeout::Fail), vec![decided()], steps].concat();
    let held = |history: &[TaskEvent]| {
        let task = state(history);
        let (work, _) = task.present().unwrap();
        (work.journal.done().len(), work.answers.len())
    };
    assert_eq!(held(&done), (1, 1));
    assert_eq!(held(&[done, vec![cancelled(), E::Retried {}]].concat()), (0, 0));
}

fn started_by(attempt_id: AttemptId, number: u32) -> TaskEvent {
    E::AttemptStarted { attempt_id, number, agent_version: Some(7) }
}

fn start_step(step: u32) -> TaskCommand {
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

fn step_started(step: u32) -> TaskEvent {
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

fn end_step() -> TaskCommand {
    let end =
        StepEnd { outcome: Ok(SHOWN), usage: usage(), price_table: "2026-11-01".to_owned(), latency_ms: 9 };
    C::EndStep { attempt: FIRST, call: CALL, end }
}

fn step_ended(reply: Option<ContentHash>) -> TaskEvent {
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

fn question(on_timeout: OnTimeout) -> Question {
    let tool = "http_request".to_owned();
    Question { approval_id: QUESTION, step: 1, tool, shown: SHOWN, expires_at: LATER, on_timeout }
}

fn ask() -> TaskCommand {
    C::AskApproval { attempt: FIRST, question: question(OnTimeout::Fail), usage: usage() }
}

fn asked(on_timeout: OnTimeout) -> TaskEvent {
    E::ApprovalRequested { attempt_id: FIRST, question: question(on_timeout), usage: usage() }
}

fn waiting(on_timeout: OnTimeout) -> Vec<TaskEvent> {
    [running(), vec![asked(on_timeout)]].concat()
}

fn decide(shown: ContentHash) -> TaskCommand {
    let reason = "ours".parse().unwrap();
    C::Decide { approval: QUESTION, shown, verdict: Verdict::Approved, reason, at: NOW }
}

fn decided() -> TaskEvent {
    let reason = "ours".parse().unwrap();
    let answer = Answer { step: 1, shown: SHOWN, verdict: Verdict::Approved, reason };
    E::ApprovalDecided { approval_id: QUESTION, answer }
}

fn expire(at: DateTime<Utc>) -> TaskCommand {
    C::ExpireApproval { at }
}

/// The question of [`waiting`] expires, and the task fails for it.
fn expired() -> Vec<TaskEvent> {
    let failure = Failure {
        code: "approval.expired".to_owned(),
        message: "nobody approved the call in time".parse().unwrap(),
    };
    vec![E::ApprovalExpired { approval_id: QUESTION, step: 1 }, E::Failed { failure }]
}

fn expire_queued(seconds: i64) -> TaskCommand {
    C::ExpireInQueue { queued_at: NOW, at: NOW + TimeDelta::seconds(seconds) }
}

fn hand_back() -> TaskCommand {
    C::HandBack { attempt: FIRST, usage: usage() }
}

fn lose(attempt: AttemptId) -> TaskCommand {
    C::LoseWorker { attempt, retry_at: LATER }
}

fn lost(attempt_id: AttemptId, retry_at: Option<DateTime<Utc>>) -> TaskEvent {
    let message = "the worker stopped before it recorded a result".parse().unwrap();
    let failure = Failure { code: "worker.lost".to_owned(), message };
    E::AttemptFailed { attempt_id, failure, usage: Usage::default(), retry_at, is_deferral: false }
}

fn handed_back() -> TaskEvent {
    E::HandedBack { attempt_id: FIRST, usage: usage() }
}
