use crate::refusal::{Refusal, RefusalKind};

/// Why a task refused an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaskRefusal {
    /// There is no such task, or it was withdrawn.
    #[error("the task does not exist")]
    Absent,
    /// There is one already.
    #[error("the task exists already")]
    AlreadyExists,
    /// It runs, or has come to an end, so it cannot be changed.
    #[error("the task is no longer pending")]
    NotPending,
    /// It waits for a worker already.
    #[error("the task is already queued")]
    AlreadyQueued,
    /// It does not wait for a worker.
    #[error("the task is not queued")]
    NotQueued,
    /// The attempt is not the running one: it was cancelled, or another worker took over.
    #[error("the attempt is not the running one")]
    StaleAttempt,
    /// It has come to an end.
    #[error("the task has come to an end")]
    Ended,
    /// Only what failed or was cancelled can be tried again.
    #[error("the task has not failed")]
    NotFailed,
    /// It runs: cancel it first.
    #[error("the task is running")]
    Running,
    /// A step begins or ends out of its order.
    #[error("the step is out of its order")]
    StepOutOfOrder,
    /// The question is not the open one, or is answered already.
    #[error("no such question is open")]
    NoQuestion,
    /// The person was shown something else than what would be done.
    #[error("what was shown is not what is asked")]
    ShownOther,
    /// It is too late to answer.
    #[error("it is too late to answer")]
    TooLate,
    /// It is not late enough.
    #[error("the time is not up")]
    NotDue,
    /// It has not come to a result.
    #[error("the task has not come to a result")]
    NotCompleted,
    /// It waits or runs still.
    #[error("the task has not come to an end")]
    NotEnded,
    /// As many attempts as the amendment allows have been made already.
    #[error("as many attempts have been made already")]
    AttemptsUsed,
    /// The conversation waits for the answer of this turn.
    #[error("the turn before has not come to an end")]
    TurnOpen,
    /// The conversation has gone on after this turn.
    #[error("the conversation has gone on since")]
    TurnFollowed,
}

impl Refusal for TaskRefusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::Absent => RefusalKind::NotFound,
            Self::AlreadyExists
            | Self::NotPending
            | Self::AlreadyQueued
            | Self::NotQueued
            | Self::StaleAttempt
            | Self::Ended
            | Self::NotFailed
            | Self::Running
            | Self::StepOutOfOrder
            | Self::NoQuestion
            | Self::ShownOther
            | Self::TooLate
            | Self::NotDue
            | Self::NotCompleted
            | Self::NotEnded
            | Self::AttemptsUsed
            | Self::TurnOpen
            | Self::TurnFollowed => RefusalKind::WrongStage,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Absent => "not_found",
            Self::AlreadyExists => "task.already_exists",
            Self::NotPending => "task.not_pending",
            Self::AlreadyQueued => "task.already_queued",
            Self::NotQueued => "task.not_queued",
            Self::StaleAttempt => "task.stale_attempt",
            Self::Ended => "task.ended",
            Self::NotFailed => "task.not_failed",
            Self::Running => "task.running",
            Self::StepOutOfOrder => "task.step_out_of_order",
            Self::NoQuestion => "approval.not_open",
            Self::ShownOther => "approval.shown_other",
            Self::TooLate => "approval.too_late",
            Self::NotDue => "task.not_due",
            Self::NotCompleted => "task.not_completed",
            Self::NotEnded => "task.not_ended",
            Self::AttemptsUsed => "task.attempts_used",
            Self::TurnOpen => "conversation.busy",
            Self::TurnFollowed => "conversation.moved_on",
        }
    }
}
