//! From its description to its end.

use crate::document::Document;
use crate::refusal::{Refusal, RefusalKind};
use crate::task::TaskCommand as C;
use crate::task::TaskEvent as E;
use crate::task::TaskRefusal as R;
use crate::task::{Amendment, OnTimeout, Priority, Stage, Task, TaskEvent, TaskKind, TimeoutSeconds};

use super::samples::*;

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
