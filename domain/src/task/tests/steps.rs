//! Steps, questions to people, and attempts that do not count.

use uuid::Uuid;

use crate::content::ContentHash;
use crate::id::TaskId;
use crate::task::TaskCommand as C;
use crate::task::TaskEvent as E;
use crate::task::TaskRefusal as R;
use crate::task::{
    Amendment, Answer, Counting, Failure, Fork, MAX_STEPS, MaxAttempts, OnTimeout, Stage, Task, TaskEvent,
    TimeoutSeconds, Verdict,
};

use super::samples::*;

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
        C::HandBack { attempt: OTHER, usage: usage(), not_before: None },
        lose(OTHER),
    ] {
        task(open.clone()).when(order).then_expect_error(R::StaleAttempt);
    }
    let before = state(&open);
    for event in [
        E::HandedBack { attempt_id: OTHER, usage: usage(), not_before: None },
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
    for put_off in 1..=20 {
        let events = task(history.clone()).when(deferred.clone()).inspect_result().unwrap();
        assert!(matches!(events[..], [E::AttemptFailed { is_deferral: true, .. }]), "{events:?}");
        history.extend(events);
        assert_eq!(used(&history), 0);
        assert_eq!(state(&history).present().unwrap().0.tries_of_this_run(), put_off);
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
