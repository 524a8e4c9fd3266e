use crate::refusal::{Refusal, RefusalKind};

/// Why an agent refused an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgentRefusal {
    /// There is no such agent, or it was terminated.
    #[error("the agent does not exist")]
    Absent,
    /// There is one already.
    #[error("the agent exists already")]
    AlreadyExists,
    /// It takes tasks already.
    #[error("the agent is already running")]
    AlreadyRunning,
    /// It takes no tasks now.
    #[error("the agent is not running")]
    NotRunning,
    /// It is not paused.
    #[error("the agent is not paused")]
    NotPaused,
    /// It is paused: resume or stop it.
    #[error("the agent is paused")]
    Paused,
    /// It has no such schedule.
    #[error("the agent has no such schedule")]
    ScheduleUnknown,
    /// It has that schedule already.
    #[error("the schedule exists already")]
    ScheduleExists,
}

impl Refusal for AgentRefusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::Absent | Self::ScheduleUnknown => RefusalKind::NotFound,
            Self::AlreadyExists
            | Self::AlreadyRunning
            | Self::NotRunning
            | Self::NotPaused
            | Self::Paused
            | Self::ScheduleExists => RefusalKind::WrongStage,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Absent | Self::ScheduleUnknown => "not_found",
            Self::AlreadyExists => "agent.already_exists",
            Self::AlreadyRunning => "agent.already_running",
            Self::NotRunning => "agent.not_running",
            Self::NotPaused => "agent.not_paused",
            Self::Paused => "agent.paused",
            Self::ScheduleExists => "schedule.already_exists",
        }
    }
}
