//! Where a task stands for whoever watches it: a fold over its own events.

use domain::task::{StepKind, TaskEvent};
use uuid::Uuid;

/// Where a task stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// Whether it has come to its end: nothing more happens by itself.
    pub is_over: bool,
    /// The call of a model that is under way.
    pub call: Option<OpenCall>,
}

/// A call of a model that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenCall {
    /// The call, as it is named to the outside.
    pub id: Uuid,
    /// The place of its step in the run, from 1.
    pub step: u32,
}

impl Course {
    /// Takes over what happened next.
    pub fn follow(&mut self, event: &TaskEvent) {
        match event {
            TaskEvent::StepStarted { kind, call_id, step, .. } => {
                self.call = (*kind == StepKind::Model).then_some(OpenCall { id: *call_id, step: *step });
            }
            TaskEvent::Completed { .. }
            | TaskEvent::Failed { .. }
            | TaskEvent::Cancelled { .. }
            | TaskEvent::Withdrawn {} => *self = Self { is_over: true, call: None },
            TaskEvent::Queued { .. } | TaskEvent::Retried {} => *self = Self::default(),
            TaskEvent::StepEnded { .. }
            | TaskEvent::AttemptStarted { .. }
            | TaskEvent::AttemptFailed { .. }
            | TaskEvent::HandedBack { .. }
            | TaskEvent::ApprovalRequested { .. } => self.call = None,
            TaskEvent::Created { .. }
            | TaskEvent::Amended { .. }
            | TaskEvent::ApprovalDecided { .. }
            | TaskEvent::ApprovalExpired { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::task::Failure;
    use domain::{AttemptId, ContentHash, Document, MicroUsd, Usage};

    use super::*;

    const ATTEMPT: AttemptId = AttemptId(Uuid::nil());

    fn started(kind: StepKind) -> TaskEvent {
        TaskEvent::StepStarted {
            attempt_id: ATTEMPT,
            step: 2,
            kind,
            name: "echo".to_owned(),
            provider: String::new(),
            call_id: Uuid::from_u128(1),
            request: ContentHash([1; 32]),
            reserved_micro_usd: MicroUsd::default(),
            has_side_effects: false,
        }
    }

    fn failure() -> Failure {
        Failure { code: "worker.lost".to_owned(), message: "".parse().unwrap() }
    }

    fn after(events: &[TaskEvent]) -> Course {
        let mut course = Course::default();
        for event in events {
            course.follow(event);
        }
        course
    }

    #[test]
    fn a_call_is_under_way_from_its_beginning_to_its_end_or_that_of_its_attempt() {
        let call = Some(OpenCall { id: Uuid::from_u128(1), step: 2 });
        assert_eq!(after(&[started(StepKind::Model)]).call, call);
        assert_eq!(after(&[started(StepKind::Tool)]).call, None);
        let lost = TaskEvent::AttemptFailed {
            attempt_id: ATTEMPT,
            failure: failure(),
            usage: Usage::default(),
            retry_at: None,
            is_deferral: false,
        };
        assert_eq!(after(&[started(StepKind::Model), lost]), Course::default());
    }

    #[test]
    fn a_task_is_over_until_it_is_queued_again() {
        let completed = TaskEvent::Completed {
            attempt_id: ATTEMPT,
            output_data: Document::default(),
            usage: Usage::default(),
        };
        let ends = [
            completed,
            TaskEvent::Failed { failure: failure() },
            TaskEvent::Cancelled { reason: "".parse().unwrap() },
            TaskEvent::Withdrawn {},
        ];
        for end in ends {
            assert!(after(&[started(StepKind::Model), end.clone()]).is_over);
            assert!(!after(&[end, TaskEvent::Retried {}]).is_over);
        }
    }
}
