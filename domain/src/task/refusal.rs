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
    /// As many attempts as the amendment allows have been made already.
    #[error("as many attempts have been made already")]
    AttemptsUsed,
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
            | Self::AttemptsUsed => RefusalKind::WrongStage,
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
            Self::AttemptsUsed => "task.attempts_used",
        }
    }
}
