use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::event::aggregate;
use crate::id::{AgentId, AttemptId, UserId};
use crate::text::Name;

use super::command::{Amendment, TaskCommand};
use super::event::TaskEvent;
use super::refusal::TaskRefusal;
use super::values::{MaxAttempts, Priority, TaskKind, TimeoutSeconds};

/// A piece of work for an agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Task {
    /// Not created.
    #[default]
    Absent,
    /// Created and not withdrawn.
    Present(Work, Stage),
    /// Taken off the list.
    Withdrawn,
}

/// What describes the work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// Who is to do it.
    pub agent: AgentId,
    /// What it is called.
    pub name: Name,
    /// Its shape.
    pub kind: TaskKind,
    /// What to work on.
    pub input: Document,
    /// How urgent it is.
    pub priority: Priority,
    /// How long one attempt may take.
    pub timeout: TimeoutSeconds,
    /// How often to try.
    pub max_attempts: MaxAttempts,
    /// Not to be run before.
    pub scheduled_at: Option<DateTime<Utc>>,
    /// Who created it.
    pub created_by: Option<UserId>,
    /// Attempts begun over the whole life of the task.
    attempts: u32,
    /// Attempts begun since it was last queued by hand.
    attempts_of_this_run: u32,
}

/// Where the work stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Described, not handed to the workers.
    Pending,
    /// Waits for a worker.
    Queued,
    /// A worker is at it.
    Running(AttemptId),
    /// Came to a result.
    Completed,
    /// Every attempt failed.
    Failed,
    /// Was stopped.
    Cancelled,
}

aggregate!(Task, "task", TaskCommand, TaskEvent, TaskRefusal);

impl Task {
    /// The events an order leads to, none where it changes nothing, or why it is refused.
    pub fn decide(&self, command: TaskCommand) -> Result<Vec<TaskEvent>, TaskRefusal> {
        if let TaskCommand::Create { .. } = command {
            return self.create(command);
        }
        let Self::Present(work, stage) = self else {
            return Err(TaskRefusal::Absent);
        };
        match command {
            TaskCommand::Create { .. } => Err(TaskRefusal::AlreadyExists),
            TaskCommand::Amend(amendment) => match stage {
                Stage::Pending | Stage::Queued => work.amend(amendment),
                Stage::Running(_) | Stage::Completed | Stage::Failed | Stage::Cancelled => {
                    Err(TaskRefusal::NotPending)
                }
            },
            TaskCommand::Queue => match stage {
                Stage::Pending => Ok(vec![TaskEvent::Queued { not_before: work.scheduled_at }]),
                Stage::Queued => Err(TaskRefusal::AlreadyQueued),
                Stage::Running(_) => Err(TaskRefusal::Running),
                Stage::Completed | Stage::Failed | Stage::Cancelled => Err(TaskRefusal::Ended),
            },
            TaskCommand::StartAttempt { attempt } => match stage {
                Stage::Queued => {
                    Ok(vec![TaskEvent::AttemptStarted { attempt_id: attempt, number: work.attempts + 1 }])
                }
                _ => Err(TaskRefusal::NotQueued),
            },
            TaskCommand::Complete { attempt, output, usage } => {
                stage.running(attempt)?;
                Ok(vec![TaskEvent::Completed { attempt_id: attempt, output_data: output, usage }])
            }
            TaskCommand::FailAttempt { attempt, failure, usage, retry_at } => {
                stage.running(attempt)?;
                let left = work.attempts_of_this_run < work.max_attempts.get();
                let retry_at = retry_at.filter(|_| left);
                let failed = retry_at.is_none().then(|| TaskEvent::Failed { failure: failure.clone() });
                let attempt = TaskEvent::AttemptFailed { attempt_id: attempt, failure, usage, retry_at };
                Ok(std::iter::once(attempt).chain(failed).collect())
            }
            TaskCommand::Retry => match stage {
                Stage::Failed | Stage::Cancelled => Ok(vec![TaskEvent::Retried {}]),
                Stage::Pending | Stage::Queued | Stage::Running(_) | Stage::Completed => {
                    Err(TaskRefusal::NotFailed)
                }
            },
            TaskCommand::Cancel { reason } => match stage {
                Stage::Pending | Stage::Queued | Stage::Running(_) => {
                    Ok(vec![TaskEvent::Cancelled { reason }])
                }
                Stage::Completed | Stage::Failed | Stage::Cancelled => Err(TaskRefusal::Ended),
            },
            TaskCommand::Withdraw => match stage {
                Stage::Running(_) => Err(TaskRefusal::Running),
                _ => Ok(vec![TaskEvent::Withdrawn {}]),
            },
        }
    }

    fn create(&self, command: TaskCommand) -> Result<Vec<TaskEvent>, TaskRefusal> {
        let (
            Self::Absent,
            TaskCommand::Create {
                agent,
                name,
                kind,
                input,
                priority,
                timeout,
                max_attempts,
                scheduled_at,
                created_by,
            },
        ) = (self, command)
        else {
            return Err(TaskRefusal::AlreadyExists);
        };
        Ok(vec![TaskEvent::Created {
            agent_id: agent,
            name,
            task_type: kind,
            input_data: input,
            priority,
            timeout_seconds: timeout,
            max_attempts,
            scheduled_at,
            created_by,
        }])
    }

    /// The state after an event. An event that does not fit the stage is passed over.
    pub fn evolve(&mut self, event: TaskEvent) {
        use TaskEvent as E;
        *self = match (std::mem::take(self), event) {
            (
                Self::Absent,
                E::Created {
                    agent_id,
                    name,
                    task_type,
                    input_data,
                    priority,
                    timeout_seconds,
                    max_attempts,
                    scheduled_at,
                    created_by,
                },
            ) => Self::Present(
                Work {
                    agent: agent_id,
                    name,
                    kind: task_type,
                    input: input_data,
                    priority,
                    timeout: timeout_seconds,
                    max_attempts,
                    scheduled_at,
                    created_by,
                    attempts: 0,
                    attempts_of_this_run: 0,
                },
                Stage::Pending,
            ),
            (Self::Present(_, stage), E::Withdrawn {}) if !matches!(stage, Stage::Running(_)) => {
                Self::Withdrawn
            }
            (Self::Present(mut work, stage), event) => {
                let stage = work.evolve(stage, event);
                Self::Present(work, stage)
            }
            (stage, _) => stage,
        };
    }

    /// The work and where it stands, unless there is none.
    pub const fn present(&self) -> Option<(&Work, Stage)> {
        match self {
            Self::Present(work, stage) => Some((work, *stage)),
            Self::Absent | Self::Withdrawn => None,
        }
    }
}

impl Stage {
    fn running(self, attempt: AttemptId) -> Result<(), TaskRefusal> {
        if self == Self::Running(attempt) { Ok(()) } else { Err(TaskRefusal::StaleAttempt) }
    }
}

impl Work {
    /// Attempts begun over the whole life of the task.
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Attempts begun since it was last queued by hand; what [`MaxAttempts`] bounds.
    pub const fn attempts_of_this_run(&self) -> u32 {
        self.attempts_of_this_run
    }

    fn amend(&self, new: Amendment) -> Result<Vec<TaskEvent>, TaskRefusal> {
        let name = new.name.filter(|new| *new != self.name);
        let task_type = new.kind.filter(|new| *new != self.kind);
        let input_data = new.input.filter(|new| *new != self.input);
        let priority = new.priority.filter(|new| *new != self.priority);
        let timeout_seconds = new.timeout.filter(|new| *new != self.timeout);
        let max_attempts = new.max_attempts.filter(|new| *new != self.max_attempts);
        if max_attempts.is_some_and(|new| new.get() <= self.attempts_of_this_run) {
            return Err(TaskRefusal::AttemptsUsed);
        }
        let scheduled_at = new.scheduled_at.filter(|new| *new != self.scheduled_at);
        let same = name.is_none()
            && task_type.is_none()
            && input_data.is_none()
            && priority.is_none()
            && timeout_seconds.is_none()
            && max_attempts.is_none()
            && scheduled_at.is_none();
        if same {
            return Ok(vec![]);
        }
        Ok(vec![TaskEvent::Amended {
            name,
            task_type,
            input_data,
            priority,
            timeout_seconds,
            max_attempts,
            scheduled_at,
        }])
    }

    fn evolve(&mut self, stage: Stage, event: TaskEvent) -> Stage {
        use TaskEvent as E;
        match (stage, event) {
            (Stage::Pending | Stage::Queued, amended @ E::Amended { .. }) => {
                self.take_over(amended);
                stage
            }
            (Stage::Pending, E::Queued { .. }) => Stage::Queued,
            (Stage::Queued, E::AttemptStarted { attempt_id, .. }) => {
                self.attempts = self.attempts.saturating_add(1);
                self.attempts_of_this_run = self.attempts_of_this_run.saturating_add(1);
                Stage::Running(attempt_id)
            }
            (Stage::Running(running), E::Completed { attempt_id, .. }) if running == attempt_id => {
                Stage::Completed
            }
            (Stage::Running(running), E::AttemptFailed { attempt_id, retry_at, .. })
                if running == attempt_id =>
            {
                // Without another attempt the stage waits for the `Failed` of the same commit.
                if retry_at.is_some() { Stage::Queued } else { stage }
            }
            (Stage::Running(_), E::Failed { .. }) => Stage::Failed,
            (Stage::Failed | Stage::Cancelled, E::Retried {}) => {
                self.attempts_of_this_run = 0;
                Stage::Queued
            }
            (Stage::Pending | Stage::Queued | Stage::Running(_), E::Cancelled { .. }) => Stage::Cancelled,
            (stage, _) => stage,
        }
    }

    fn take_over(&mut self, event: TaskEvent) {
        if let TaskEvent::Amended {
            name,
            task_type,
            input_data,
            priority,
            timeout_seconds,
            max_attempts,
            scheduled_at,
        } = event
        {
            self.name = name.unwrap_or_else(|| self.name.clone());
            self.kind = task_type.unwrap_or(self.kind);
            self.input = input_data.unwrap_or_else(|| self.input.clone());
            self.priority = priority.unwrap_or(self.priority);
            self.timeout = timeout_seconds.unwrap_or(self.timeout);
            self.max_attempts = max_attempts.unwrap_or(self.max_attempts);
            self.scheduled_at = scheduled_at.unwrap_or(self.scheduled_at);
        }
    }
}
