use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::content::ContentHash;
use crate::document::Document;
use crate::event::aggregate;
use crate::id::{AgentId, AttemptId, ConversationId, UserId};
use crate::text::{Name, Reason};
use crate::usage::Usage;

use super::command::{Amendment, Counting, TaskCommand};
use super::event::TaskEvent;
use super::journal::Journal;
use super::refusal::TaskRefusal;
use super::values::{
    Answer, Failure, Fork, MaxAttempts, OnTimeout, Priority, Question, TaskKind, TimeoutSeconds, Verdict,
};

/// A piece of work for an agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "tasks are held one at a time, and nearly all are present")]
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
    /// Attempts begun since it was last queued by hand, but for those that do not count.
    attempts_of_this_run: u32,
    /// How long it may wait for a worker.
    #[serde(default)]
    pub queue_timeout: Option<TimeoutSeconds>,
    /// The conversation that it is a turn of.
    #[serde(default)]
    pub conversation: Option<ConversationId>,
    /// Where it goes another way from another task.
    #[serde(default)]
    pub fork: Option<Fork>,
    /// The configuration for this task alone, in place of the agent's.
    #[serde(default)]
    pub configuration: Option<Document>,
    /// What the present run has done so far.
    #[serde(default)]
    pub journal: Journal,
    /// Answers of persons in the present run.
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// The version of the agent's stream that the last attempt ran by.
    #[serde(default)]
    pub agent_version: Option<i64>,
    /// The question that waits for an answer.
    #[serde(default)]
    question: Option<Question>,
    /// Attempts of this run that were put off.
    #[serde(default)]
    deferrals: u32,
    /// Attempts in a row that ended with their worker.
    #[serde(default)]
    losses: u32,
}

/// How many workers in a row may be lost with a task before it is held to be the cause.
const MAX_LOSSES: u32 = 3;

/// Why an attempt ended that ended with its worker.
const WORKER_LOST: &str = "worker.lost";

/// How often an attempt is put off without being counted.
const MAX_DEFERRALS: u32 = 20;

/// Where the work stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Described, not handed to the workers.
    Pending,
    /// Waits for a worker.
    Queued,
    /// A worker is at it.
    Running(AttemptId),
    /// A person must approve a call.
    WaitingApproval,
    /// Came to a result.
    Completed,
    /// Every attempt failed.
    Failed,
    /// Was stopped.
    Cancelled,
}

aggregate!(Task, "task", TaskCommand, TaskEvent, TaskRefusal, of Task::of_agent);

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
                Stage::Running(_)
                | Stage::WaitingApproval
                | Stage::Completed
                | Stage::Failed
                | Stage::Cancelled => Err(TaskRefusal::NotPending),
            },
            TaskCommand::Queue => match stage {
                Stage::Pending => Ok(vec![TaskEvent::Queued { not_before: work.scheduled_at }]),
                Stage::Queued => Err(TaskRefusal::AlreadyQueued),
                Stage::Running(_) | Stage::WaitingApproval => Err(TaskRefusal::Running),
                Stage::Completed | Stage::Failed | Stage::Cancelled => Err(TaskRefusal::Ended),
            },
            TaskCommand::StartAttempt { attempt, agent_version } => match stage {
                Stage::Queued => Ok(vec![TaskEvent::AttemptStarted {
                    attempt_id: attempt,
                    number: work.attempts + 1,
                    agent_version: Some(agent_version),
                }]),
                _ => Err(TaskRefusal::NotQueued),
            },
            TaskCommand::StartStep { attempt, step } => {
                stage.running(attempt)?;
                work.journal.start(attempt, step, work.taken_over()).map(|event| vec![event])
            }
            TaskCommand::EndStep { attempt, call, end } => {
                stage.running(attempt)?;
                work.journal.end(attempt, call, end).map(|event| vec![event])
            }
            TaskCommand::AskApproval { attempt, question, usage } => {
                stage.running(attempt)?;
                Ok(vec![TaskEvent::ApprovalRequested { attempt_id: attempt, question, usage }])
            }
            TaskCommand::Decide { approval, shown, verdict, reason, at } => {
                let question = work.asked(*stage)?;
                question.answer(approval, shown, verdict, reason, at)
            }
            TaskCommand::ExpireApproval { at } => work.asked(*stage)?.expire(at),
            TaskCommand::HandBack { attempt, usage, not_before } => {
                stage.running(attempt)?;
                Ok(vec![TaskEvent::HandedBack { attempt_id: attempt, usage, not_before }])
            }
            TaskCommand::ExpireInQueue { queued_at, at } => match (stage, work.queue_timeout) {
                (Stage::Queued, Some(limit)) if queued_at + limit.duration() <= at => {
                    Ok(vec![TaskEvent::Failed { failure: waited_too_long(limit) }])
                }
                (Stage::Queued, _) => Err(TaskRefusal::NotDue),
                _ => Err(TaskRefusal::NotQueued),
            },
            TaskCommand::Complete { attempt, output, usage } => {
                stage.running(attempt)?;
                Ok(vec![TaskEvent::Completed { attempt_id: attempt, output_data: output, usage }])
            }
            TaskCommand::FailAttempt { attempt, failure, usage, retry_at, counting } => {
                stage.running(attempt)?;
                let is_deferral =
                    retry_at.is_some() && counting == Counting::Deferred && work.deferrals < MAX_DEFERRALS;
                let left = is_deferral || work.attempts_of_this_run < work.max_attempts.get();
                let retry_at = retry_at.filter(|_| left);
                let failed = retry_at.is_none().then(|| TaskEvent::Failed { failure: failure.clone() });
                let attempt =
                    TaskEvent::AttemptFailed { attempt_id: attempt, failure, usage, retry_at, is_deferral };
                Ok(std::iter::once(attempt).chain(failed).collect())
            }
            TaskCommand::LoseWorker { attempt, retry_at } => {
                stage.running(attempt)?;
                Ok(work.lose_worker(attempt, retry_at))
            }
            TaskCommand::Retry => match stage {
                Stage::Failed | Stage::Cancelled => Ok(vec![TaskEvent::Retried {}]),
                Stage::Pending
                | Stage::Queued
                | Stage::Running(_)
                | Stage::WaitingApproval
                | Stage::Completed => Err(TaskRefusal::NotFailed),
            },
            TaskCommand::Cancel { reason } => match stage {
                Stage::Pending | Stage::Queued | Stage::Running(_) | Stage::WaitingApproval => {
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
                queue_timeout,
                conversation,
                fork,
                configuration,
                schedule,
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
            queue_timeout_seconds: queue_timeout,
            conversation_id: conversation,
            forked_from: fork,
            configuration,
            schedule_id: schedule,
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
                    queue_timeout_seconds,
                    conversation_id,
                    forked_from,
                    configuration,
                    schedule_id: _,
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
                    queue_timeout: queue_timeout_seconds,
                    conversation: conversation_id,
                    fork: forked_from,
                    configuration,
                    journal: Journal::default(),
                    answers: vec![],
                    agent_version: None,
                    question: None,
                    deferrals: 0,
                    losses: 0,
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

    fn of_agent(&self, _: Uuid) -> Option<AgentId> {
        self.present().map(|(work, _)| work.agent)
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
    /// The attempt that runs, if one does.
    pub const fn attempt(self) -> Option<AttemptId> {
        match self {
            Self::Running(attempt) => Some(attempt),
            Self::Pending
            | Self::Queued
            | Self::WaitingApproval
            | Self::Completed
            | Self::Failed
            | Self::Cancelled => None,
        }
    }

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

    /// The same with those that were put off and so do not count: whoever is put off again and again waits longer and
    /// longer.
    pub const fn tries_of_this_run(&self) -> u32 {
        self.attempts_of_this_run.saturating_add(self.deferrals)
    }

    /// The question that waits for an answer.
    pub const fn question(&self) -> Option<&Question> {
        self.question.as_ref()
    }

    /// How many steps another task has done for it.
    fn taken_over(&self) -> u32 {
        self.fork.map_or(0, |fork| fork.at_step.saturating_sub(1))
    }

    fn asked(&self, stage: Stage) -> Result<&Question, TaskRefusal> {
        let waits = stage == Stage::WaitingApproval;
        self.question.as_ref().filter(|_| waits).ok_or(TaskRefusal::NoQuestion)
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

    /// A task that takes its workers with it is parked, whatever is left of its attempts.
    fn lose_worker(&self, attempt: AttemptId, retry_at: DateTime<Utc>) -> Vec<TaskEvent> {
        let lost =
            |message: &str| Failure { code: WORKER_LOST.to_owned(), message: Reason::from_lossy(message) };
        let failure = lost("the worker stopped before it recorded a result");
        let parked = (self.losses + 1 >= MAX_LOSSES)
            .then(|| lost("three workers in a row stopped before they recorded a result"));
        let used_up = self.attempts_of_this_run >= self.max_attempts.get();
        let failed = parked.or_else(|| used_up.then(|| failure.clone()));
        let attempt = TaskEvent::AttemptFailed {
            attempt_id: attempt,
            failure,
            usage: Usage::default(),
            retry_at: failed.is_none().then_some(retry_at),
            is_deferral: false,
        };
        std::iter::once(attempt).chain(failed.map(|failure| TaskEvent::Failed { failure })).collect()
    }

    fn evolve(&mut self, stage: Stage, event: TaskEvent) -> Stage {
        use TaskEvent as E;
        match (stage, event) {
            (Stage::Pending | Stage::Queued, amended @ E::Amended { .. }) => {
                self.take_over(amended);
                stage
            }
            (Stage::Pending, E::Queued { .. }) => Stage::Queued,
            (Stage::Queued, E::AttemptStarted { attempt_id, agent_version, .. }) => {
                self.attempts = self.attempts.saturating_add(1);
                self.attempts_of_this_run = self.attempts_of_this_run.saturating_add(1);
                self.agent_version = agent_version;
                Stage::Running(attempt_id)
            }
            (
                Stage::Running(running),
                event @ (E::StepStarted { attempt_id, .. } | E::StepEnded { attempt_id, .. }),
            ) if running == attempt_id => {
                // An answer holds for one call: where an earlier step is taken anew, what follows is asked anew.
                if let E::StepStarted { step, .. } = &event {
                    self.answers.retain(|answer| answer.step <= *step);
                }
                self.journal.evolve(&event);
                stage
            }
            (Stage::Running(running), E::ApprovalRequested { attempt_id, question, .. })
                if running == attempt_id =>
            {
                self.question = Some(question);
                self.losses = 0;
                self.uncount();
                Stage::WaitingApproval
            }
            (Stage::WaitingApproval, E::ApprovalDecided { answer, .. }) => {
                self.question = None;
                self.answers.push(answer);
                Stage::Queued
            }
            // Where the task fails for it, the `Failed` of the same commit follows.
            (Stage::WaitingApproval, E::ApprovalExpired { step, .. }) => self.expired(step),
            (Stage::Running(running), E::HandedBack { attempt_id, .. }) if running == attempt_id => {
                self.losses = 0;
                self.uncount();
                Stage::Queued
            }
            (Stage::Running(running), E::Completed { attempt_id, .. }) if running == attempt_id => {
                Stage::Completed
            }
            (
                Stage::Running(running),
                E::AttemptFailed { attempt_id, failure, retry_at, is_deferral, .. },
            ) if running == attempt_id => {
                // Without another attempt all waits for the `Failed` of the same commit.
                if retry_at.is_none() {
                    return stage;
                }
                self.losses = if failure.code == WORKER_LOST { self.losses.saturating_add(1) } else { 0 };
                if is_deferral {
                    self.deferrals = self.deferrals.saturating_add(1);
                    self.uncount();
                }
                Stage::Queued
            }
            (Stage::Running(_) | Stage::Queued | Stage::WaitingApproval, E::Failed { .. }) => Stage::Failed,
            (Stage::Failed | Stage::Cancelled, E::Retried {}) => {
                self.attempts_of_this_run = 0;
                self.deferrals = 0;
                self.losses = 0;
                self.question = None;
                self.journal = Journal::default();
                self.answers.clear();
                Stage::Queued
            }
            (
                Stage::Pending | Stage::Queued | Stage::Running(_) | Stage::WaitingApproval,
                E::Cancelled { .. },
            ) => Stage::Cancelled,
            (stage, _) => stage,
        }
    }

    /// The present attempt does not count.
    fn uncount(&mut self) {
        self.attempts_of_this_run = self.attempts_of_this_run.saturating_sub(1);
    }

    fn expired(&mut self, step: u32) -> Stage {
        match self.question.take() {
            Some(Question { shown, on_timeout: OnTimeout::Deny, .. }) => {
                let reason = Reason::from_lossy("nobody answered in time");
                self.answers.push(Answer { step, shown, verdict: Verdict::Denied, reason });
                Stage::Queued
            }
            Some(Question { on_timeout: OnTimeout::Fail, .. }) | None => Stage::WaitingApproval,
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

impl Question {
    fn answer(
        &self,
        approval: Uuid,
        shown: ContentHash,
        verdict: Verdict,
        reason: Reason,
        at: DateTime<Utc>,
    ) -> Result<Vec<TaskEvent>, TaskRefusal> {
        if self.approval_id != approval {
            return Err(TaskRefusal::NoQuestion);
        }
        if self.shown != shown {
            return Err(TaskRefusal::ShownOther);
        }
        if self.expires_at <= at {
            return Err(TaskRefusal::TooLate);
        }
        let answer = Answer { step: self.step, shown, verdict, reason };
        Ok(vec![TaskEvent::ApprovalDecided { approval_id: approval, answer }])
    }

    fn expire(&self, at: DateTime<Utc>) -> Result<Vec<TaskEvent>, TaskRefusal> {
        if at < self.expires_at {
            return Err(TaskRefusal::NotDue);
        }
        let expired = TaskEvent::ApprovalExpired { approval_id: self.approval_id, step: self.step };
        let failure = Failure {
            code: "approval.expired".to_owned(),
            message: Reason::from_lossy("nobody approved the call in time"),
        };
        Ok(match self.on_timeout {
            OnTimeout::Fail => vec![expired, TaskEvent::Failed { failure }],
            OnTimeout::Deny => vec![expired],
        })
    }
}

fn waited_too_long(limit: TimeoutSeconds) -> Failure {
    let message = format!("no worker took it within {} s", limit.get());
    Failure { code: "task.queue_timeout".to_owned(), message: Reason::from_lossy(&message) }
}
