//! Schedules by which an agent is given tasks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::id::{ScheduleId, UserId};
use crate::task::{MaxAttempts, Priority, TaskKind, TimeoutSeconds};
use crate::text::{Lines, Name, TextError, bounded, text_type};

use super::event::AgentEvent;
use super::refusal::AgentRefusal;

text_type! {
    /// When, by five fields of a cron expression: minute, hour, day of the month, month, day of the week. Whether it
    /// ever comes is for [`Calendar`](super::Calendar) to say.
    CronExpression, checked_cron
}

fn checked_cron(text: &str) -> Result<String, TextError> {
    const FORM: TextError =
        TextError::Malformed("must have five fields: minute, hour, day of the month, month, day of the week");
    let text = bounded(text, 1, 120, Lines::One)?;
    let fields: Vec<&str> = text.split_whitespace().collect();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"*,-/?#+".contains(&b);
    if fields.len() != 5 || !fields.iter().all(|field| field.bytes().all(plain)) {
        return Err(FORM);
    }
    Ok(fields.join(" "))
}

text_type! {
    /// The name of a time zone in the IANA database, such as `Europe/Berlin`.
    TimeZoneName, |text| bounded(text, 1, 64, Lines::One)
}

impl Default for TimeZoneName {
    fn default() -> Self {
        Self("UTC".to_owned())
    }
}

/// What is to be done if a task of the schedule has not come to its end when the next is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// The next is left out.
    #[default]
    Skip,
    /// The next is made all the same, and waits in the queue like any other.
    Queue,
}

/// What is to be done about times that passed while nobody could make tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// One task is made, for the last of them.
    #[default]
    Once,
    /// None is.
    Skip,
}

impl Overlap {
    /// Every value.
    pub const ALL: [Self; 2] = [Self::Skip, Self::Queue];

    /// The text stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Queue => "queue",
        }
    }
}

impl CatchUp {
    /// Every value.
    pub const ALL: [Self; 2] = [Self::Once, Self::Skip];

    /// The text stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Skip => "skip",
        }
    }
}

/// When an agent is given which task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// What it is called, and its tasks.
    pub name: Name,
    /// When.
    pub cron: CronExpression,
    /// By the clocks of which zone.
    pub time_zone: TimeZoneName,
    /// The shape of its tasks.
    pub task_type: TaskKind,
    /// What they work on.
    pub input_data: Document,
    /// How urgent they are.
    pub priority: Priority,
    /// How long one attempt may take.
    pub timeout_seconds: TimeoutSeconds,
    /// How often to try.
    pub max_attempts: MaxAttempts,
    /// How long they may wait for a worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_timeout_seconds: Option<TimeoutSeconds>,
    /// What becomes of a time at which the task before is not over.
    pub overlap: Overlap,
    /// What becomes of times that were missed.
    pub catch_up: CatchUp,
    /// Whether it makes tasks.
    pub enabled: bool,
    /// Who created it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<UserId>,
}

/// What changes of a schedule; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScheduleChange {
    /// A new name.
    pub name: Option<Name>,
    /// Other times.
    pub cron: Option<CronExpression>,
    /// Another zone.
    pub time_zone: Option<TimeZoneName>,
    /// Another shape.
    pub task_type: Option<TaskKind>,
    /// New input, all of it.
    pub input_data: Option<Document>,
    /// Another urgency.
    pub priority: Option<Priority>,
    /// Another time limit.
    pub timeout_seconds: Option<TimeoutSeconds>,
    /// Another number of attempts.
    pub max_attempts: Option<MaxAttempts>,
    /// Another limit to waiting; the inner `None` takes it away.
    pub queue_timeout_seconds: Option<Option<TimeoutSeconds>>,
    /// Another rule for overlaps.
    pub overlap: Option<Overlap>,
    /// Another rule for missed times.
    pub catch_up: Option<CatchUp>,
    /// Paused or at work.
    pub enabled: Option<bool>,
}

impl Schedule {
    /// The schedule after a change.
    #[must_use]
    pub fn with(&self, change: &ScheduleChange) -> Self {
        let held = self.clone();
        let new = change.clone();
        Self {
            name: new.name.unwrap_or(held.name),
            cron: new.cron.unwrap_or(held.cron),
            time_zone: new.time_zone.unwrap_or(held.time_zone),
            task_type: new.task_type.unwrap_or(held.task_type),
            input_data: new.input_data.unwrap_or(held.input_data),
            priority: new.priority.unwrap_or(held.priority),
            timeout_seconds: new.timeout_seconds.unwrap_or(held.timeout_seconds),
            max_attempts: new.max_attempts.unwrap_or(held.max_attempts),
            queue_timeout_seconds: new.queue_timeout_seconds.unwrap_or(held.queue_timeout_seconds),
            overlap: new.overlap.unwrap_or(held.overlap),
            catch_up: new.catch_up.unwrap_or(held.catch_up),
            enabled: new.enabled.unwrap_or(held.enabled),
            created_by: held.created_by,
        }
    }
}

/// A schedule of an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldSchedule {
    /// What it says.
    pub schedule: Schedule,
    /// Counts its changes, from 1.
    pub version: i64,
}

/// An agent's schedules.
pub(super) type Schedules = BTreeMap<ScheduleId, HeldSchedule>;

pub(super) fn add(
    held: &Schedules,
    id: ScheduleId,
    schedule: Box<Schedule>,
) -> Result<Vec<AgentEvent>, AgentRefusal> {
    if held.contains_key(&id) {
        return Err(AgentRefusal::ScheduleExists);
    }
    Ok(vec![AgentEvent::ScheduleCreated { schedule_id: id, schedule }])
}

pub(super) fn change(
    held: &Schedules,
    id: ScheduleId,
    change: &ScheduleChange,
) -> Result<Vec<AgentEvent>, AgentRefusal> {
    let before = &held.get(&id).ok_or(AgentRefusal::ScheduleUnknown)?.schedule;
    let after = before.with(change);
    if after == *before {
        return Ok(vec![]);
    }
    Ok(vec![AgentEvent::ScheduleChanged { schedule_id: id, schedule: Box::new(after) }])
}

pub(super) fn remove(held: &Schedules, id: ScheduleId) -> Result<Vec<AgentEvent>, AgentRefusal> {
    held.get(&id).ok_or(AgentRefusal::ScheduleUnknown)?;
    Ok(vec![AgentEvent::ScheduleRemoved { schedule_id: id }])
}

pub(super) fn set(held: &mut Schedules, id: ScheduleId, schedule: Schedule) {
    let version = held.get(&id).map_or(0, |before| before.version) + 1;
    held.insert(id, HeldSchedule { schedule, version });
}
