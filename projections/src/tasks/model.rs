//! How events become tasks.

use chrono::{DateTime, Utc};
use domain::task::{Failure, Question, TaskEvent, TaskKind};
use domain::{
    AgentId, ConversationId, Event, MicroUsd, Recorded, ScheduleId, TaskId, TenantId, TokenCount, Usage,
    UserId,
};
use serde_json::value::RawValue;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::{Stage, TaskApproval, TaskError, TaskRow, TaskStatus};
use crate::columns::{Column, Fields, SaveQuery, array, column, document_column, integer, shown};
use crate::fold::Model;

/// The read model.
pub(crate) struct Tasks;

impl Model for Tasks {
    const TABLE: &'static str = "tasks";
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const COLUMNS: &'static [Column] = &[
        column("tenant_id", "uuid"),
        column("id", "uuid"),
        column("agent_id", "uuid"),
        column("name", "text"),
        column("task_type", "text"),
        document_column("input_data"),
        column("priority", "integer"),
        column("stage", "text"),
        column("timeout_seconds", "integer"),
        column("max_attempts", "integer"),
        column("scheduled_at", "timestamptz"),
        column("queued_at", "timestamptz"),
        column("not_before", "timestamptz"),
        column("started_at", "timestamptz"),
        column("finished_at", "timestamptz"),
        document_column("output_data"),
        column("error_code", "text"),
        column("error_message", "text"),
        column("input_tokens", "bigint"),
        column("output_tokens", "bigint"),
        column("cost_micro_usd", "bigint"),
        column("attempts", "integer"),
        column("queue_timeout_seconds", "integer"),
        column("conversation_id", "uuid"),
        column("forked_from", "uuid"),
        column("fork_at_step", "integer"),
        document_column("configuration"),
        column("approval", "text"),
        column("attempt_steps", "integer"),
        column("schedule_id", "uuid"),
        column("created_by", "uuid"),
        column("version", "bigint"),
        column("created_at", "timestamptz"),
        column("updated_at", "timestamptz"),
    ];
    type Event = TaskEvent;
    type Row = TaskRow;

    fn own(event: &Event) -> Option<&TaskEvent> {
        match event {
            Event::Task(event) => Some(event),
            Event::Tenant(_) | Event::User(_) | Event::Agent(_) => None,
        }
    }

    fn fold(row: &mut Option<TaskRow>, event: &TaskEvent, recorded: &Recorded) {
        match (row.as_mut(), event) {
            (None, TaskEvent::Created { .. }) => *row = created(event, recorded),
            (Some(_), TaskEvent::Withdrawn {}) => *row = None,
            (Some(task), _) => task.fold(event, recorded.recorded_at),
            (None, _) => {}
        }
    }

    fn version(row: &TaskRow) -> i64 {
        row.version
    }

    fn stamp(row: &mut TaskRow, version: i64, at: DateTime<Utc>) {
        row.version = version;
        row.updated_at = at;
    }

    fn decode(row: &PgRow) -> Result<TaskRow, sqlx::Error> {
        let mut fields = Fields::of(row);
        let (tenant_id, id) = (TenantId(fields.next()?), TaskId(fields.next()?));
        let (agent_id, name) = (AgentId(fields.next()?), fields.next()?);
        let task_type =
            fields.next_of(|text| TaskKind::ALL.into_iter().find(|kind| kind.as_str() == text))?;
        let (input_data, priority) = (fields.next_document()?, fields.next()?);
        let stage = fields.next_of(Stage::find)?;
        Ok(TaskRow {
            id,
            tenant_id,
            agent_id,
            name,
            task_type,
            input_data,
            priority,
            status: stage.status(),
            stage,
            timeout_seconds: fields.next()?,
            max_attempts: fields.next()?,
            scheduled_at: fields.next()?,
            queued_at: fields.next()?,
            not_before: fields.next()?,
            started_at: fields.next()?,
            finished_at: fields.next()?,
            output_data: fields.next_document_or_null()?,
            error: error(fields.next()?, fields.next()?),
            usage: Usage {
                input_tokens: TokenCount::from(count(fields.next()?)),
                output_tokens: TokenCount::from(count(fields.next()?)),
                cost_micro_usd: MicroUsd::from(count(fields.next()?)),
            },
            attempts: fields.next()?,
            queue_timeout_seconds: fields.next()?,
            conversation_id: fields.next::<Option<Uuid>>()?.map(ConversationId),
            forked_from: fields.next::<Option<Uuid>>()?.map(TaskId),
            fork_at_step: fields.next()?,
            configuration: fields.next_document_or_null()?,
            approval: approval(fields.next()?)?,
            attempt_steps: fields.next()?,
            schedule_id: fields.next::<Option<Uuid>>()?.map(ScheduleId),
            created_by: fields.next::<Option<Uuid>>()?.map(UserId),
            version: fields.next()?,
            created_at: fields.next()?,
            updated_at: fields.next()?,
        })
    }

    fn bind<'q>(query: SaveQuery<'q>, rows: &'q [TaskRow]) -> SaveQuery<'q> {
        query
            .bind(array(rows, |row| row.tenant_id.0))
            .bind(array(rows, |row| row.id.0))
            .bind(array(rows, |row| row.agent_id.0))
            .bind(array(rows, |row| row.name.as_str()))
            .bind(array(rows, |row| row.task_type.as_str()))
            .bind(array(rows, |row| row.input_data.get()))
            .bind(array(rows, |row| row.priority))
            .bind(array(rows, |row| row.stage.as_str()))
            .bind(array(rows, |row| row.timeout_seconds))
            .bind(array(rows, |row| row.max_attempts))
            .bind(array(rows, |row| row.scheduled_at))
            .bind(array(rows, |row| row.queued_at))
            .bind(array(rows, |row| row.not_before))
            .bind(array(rows, |row| row.started_at))
            .bind(array(rows, |row| row.finished_at))
            .bind(array(rows, |row| row.output_data.as_deref().map(RawValue::get)))
            .bind(array(rows, |row| row.error.as_ref().map(|error| error.code.as_str())))
            .bind(array(rows, |row| row.error.as_ref().map(|error| error.message.as_str())))
            .bind(array(rows, |row| stored(row.usage.input_tokens.get())))
            .bind(array(rows, |row| stored(row.usage.output_tokens.get())))
            .bind(array(rows, |row| stored(row.usage.cost_micro_usd.get())))
            .bind(array(rows, |row| row.attempts))
            .bind(array(rows, |row| row.queue_timeout_seconds))
            .bind(array(rows, |row| row.conversation_id.map(|conversation| conversation.0)))
            .bind(array(rows, |row| row.forked_from.map(|task| task.0)))
            .bind(array(rows, |row| row.fork_at_step))
            .bind(array(rows, |row| row.configuration.as_deref().map(RawValue::get)))
            .bind(array(rows, |row| row.approval.as_ref().map(approval_text)))
            .bind(array(rows, |row| row.attempt_steps))
            .bind(array(rows, |row| row.schedule_id.map(|schedule| schedule.0)))
            .bind(array(rows, |row| row.created_by.map(|user| user.0)))
            .bind(array(rows, |row| row.version))
            .bind(array(rows, |row| row.created_at))
            .bind(array(rows, |row| row.updated_at))
    }
}

fn created(event: &TaskEvent, recorded: &Recorded) -> Option<TaskRow> {
    let TaskEvent::Created {
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
        schedule_id,
    } = event
    else {
        return None;
    };
    Some(TaskRow {
        id: TaskId(recorded.stream.id),
        tenant_id: recorded.stream.tenant,
        agent_id: *agent_id,
        name: name.to_string(),
        task_type: *task_type,
        input_data: shown(input_data),
        priority: integer(priority.get()),
        status: TaskStatus::Pending,
        stage: Stage::Pending,
        timeout_seconds: integer(timeout_seconds.get()),
        max_attempts: integer(max_attempts.get()),
        scheduled_at: *scheduled_at,
        queued_at: None,
        not_before: None,
        started_at: None,
        finished_at: None,
        output_data: None,
        error: None,
        usage: Usage::default(),
        attempts: 0,
        queue_timeout_seconds: queue_timeout_seconds.map(|limit| integer(limit.get())),
        conversation_id: *conversation_id,
        forked_from: forked_from.map(|fork| fork.task_id),
        fork_at_step: forked_from.map(|fork| integer(fork.at_step)),
        configuration: configuration.as_ref().map(shown),
        approval: None,
        attempt_steps: 0,
        schedule_id: *schedule_id,
        created_by: *created_by,
        version: recorded.sequence,
        created_at: recorded.recorded_at,
        updated_at: recorded.recorded_at,
    })
}

impl TaskRow {
    fn fold(&mut self, event: &TaskEvent, at: DateTime<Utc>) {
        match event {
            TaskEvent::Amended { .. } => self.amend(event),
            TaskEvent::Queued { not_before } => self.queue(at, *not_before),
            TaskEvent::AttemptStarted { number, .. } => {
                self.stand(Stage::Running);
                self.attempts = integer(*number);
                self.started_at = Some(at);
                self.not_before = None;
                self.attempt_steps = 0;
            }
            TaskEvent::StepEnded { usage, .. } => {
                self.usage = self.usage.plus(*usage);
                self.attempt_steps = self.attempt_steps.saturating_add(1);
            }
            TaskEvent::ApprovalRequested { question, usage, .. } => {
                self.book(*usage);
                self.stand(Stage::WaitingApproval);
                self.approval = Some(question.into());
            }
            // Where the task fails for the expiry, the `Failed` of the same commit follows.
            TaskEvent::ApprovalDecided { .. } | TaskEvent::ApprovalExpired { .. } => self.queue(at, None),
            TaskEvent::HandedBack { usage, not_before, .. } => {
                self.book(*usage);
                self.queue(at, *not_before);
            }
            TaskEvent::Completed { output_data, usage, .. } => {
                self.end(Stage::Completed, at);
                self.output_data = Some(shown(output_data));
                self.book(*usage);
                self.error = None;
            }
            TaskEvent::AttemptFailed { failure, usage, retry_at, .. } => {
                self.book(*usage);
                self.error = Some(failure.into());
                // Without another attempt the `Failed` of the same commit follows.
                if retry_at.is_some() {
                    self.stand(Stage::Queued);
                    self.not_before = *retry_at;
                }
            }
            TaskEvent::Failed { failure } => {
                self.end(Stage::Failed, at);
                self.error = Some(failure.into());
            }
            TaskEvent::Retried {} => {
                self.queue(at, None);
                (self.started_at, self.finished_at, self.error) = (None, None, None);
            }
            TaskEvent::Cancelled { .. } => self.end(Stage::Cancelled, at),
            TaskEvent::Created { .. } | TaskEvent::StepStarted { .. } | TaskEvent::Withdrawn {} => {}
        }
    }

    fn amend(&mut self, event: &TaskEvent) {
        let TaskEvent::Amended {
            name,
            task_type,
            input_data,
            priority,
            timeout_seconds,
            max_attempts,
            scheduled_at,
        } = event
        else {
            return;
        };
        if let Some(name) = name {
            self.name = name.to_string();
        }
        if let Some(task_type) = task_type {
            self.task_type = *task_type;
        }
        if let Some(input_data) = input_data {
            self.input_data = shown(input_data);
        }
        if let Some(priority) = priority {
            self.priority = integer(priority.get());
        }
        if let Some(timeout_seconds) = timeout_seconds {
            self.timeout_seconds = integer(timeout_seconds.get());
        }
        if let Some(max_attempts) = max_attempts {
            self.max_attempts = integer(max_attempts.get());
        }
        if let Some(scheduled_at) = scheduled_at {
            self.scheduled_at = *scheduled_at;
            if self.stage == Stage::Queued {
                self.not_before = *scheduled_at;
            }
        }
    }

    fn queue(&mut self, at: DateTime<Utc>, not_before: Option<DateTime<Utc>>) {
        self.stand(Stage::Queued);
        self.queued_at = Some(at);
        self.not_before = not_before;
    }

    fn end(&mut self, stage: Stage, at: DateTime<Utc>) {
        self.stand(stage);
        self.finished_at = Some(at);
        self.not_before = None;
    }

    /// Books what an attempt consumed, unless its steps did.
    fn book(&mut self, usage: Usage) {
        if self.attempt_steps == 0 {
            self.usage = self.usage.plus(usage);
        }
    }

    fn stand(&mut self, stage: Stage) {
        self.approval = None;
        self.stage = stage;
        self.status = stage.status();
    }
}

impl From<&Failure> for TaskError {
    fn from(failure: &Failure) -> Self {
        Self { code: failure.code.clone(), message: failure.message.to_string() }
    }
}

impl From<&Question> for TaskApproval {
    fn from(question: &Question) -> Self {
        Self {
            id: question.approval_id,
            step: question.step,
            tool: question.tool.clone(),
            shown_hash: question.shown,
            expires_at: question.expires_at,
        }
    }
}

fn approval(stored: Option<&str>) -> Result<Option<TaskApproval>, sqlx::Error> {
    let parsed = stored.map(serde_json::from_str).transpose();
    parsed.map_err(|error| sqlx::Error::Decode(error.into()))
}

fn approval_text(approval: &TaskApproval) -> String {
    serde_json::to_string(approval).expect("texts and numbers serialise")
}

fn error(code: Option<String>, message: Option<String>) -> Option<TaskError> {
    Some(TaskError { code: code?, message: message? })
}

fn count(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
