use chrono::{DateTime, Utc};
use domain::agent::{CatchUp, CronExpression, Overlap, Schedule, ScheduleChange, TimeZoneName};
use domain::task::{MaxAttempts, Priority, TaskKind, TimeoutSeconds};
use domain::text::Name;
use domain::{AgentId, Document};
use projections::schema::{CatchUpSchema, OverlapSchema, TaskKindSchema};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::extract::{JsonObject, Limit, SearchText, Visible, given};

/// Which schedules, and in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SchedulesQuery {
    /// How many at most.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    pub(super) limit: Limit,
    /// The `next_cursor` of the page before.
    pub(super) cursor: Option<String>,
    /// `created_at`, `updated_at` or `name`, with a `-` before it for descending order.
    #[param(example = "-created_at")]
    pub(super) sort: Option<String>,
    /// Those of this agent.
    #[param(value_type = Option<uuid::Uuid>)]
    pub(super) agent_id: Option<AgentId>,
    /// Those at work, or those that are paused.
    pub(super) enabled: Option<bool>,
    /// Those with this in their name, without regard to case.
    #[param(value_type = Option<String>, max_length = 200)]
    pub(super) q: Option<SearchText>,
}

/// What a schedule is created with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Morning report",
    "agent_id": "0199d2f0-7c7e-7d52-8d0a-3a5f2f0b8a11",
    "cron": "30 8 * * MON-FRI",
    "time_zone": "Europe/Berlin",
    "input_data": {"prompt": "What came in since yesterday?"}
}))]
pub(crate) struct CreateScheduleBody {
    /// What it is called, and its tasks.
    #[schema(value_type = String, min_length = 1, max_length = 120)]
    pub(super) name: Visible<Name>,
    /// Whose tasks.
    #[schema(value_type = uuid::Uuid)]
    pub(super) agent_id: AgentId,
    /// When: minute, hour, day of the month, month, day of the week.
    #[schema(value_type = String, min_length = 9, max_length = 120)]
    pub(super) cron: CronExpression,
    /// By the clocks of which zone of the IANA database; `UTC` if absent.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    pub(super) time_zone: Option<TimeZoneName>,
    /// The shape of its tasks; `prompt` if absent.
    #[schema(value_type = Option<TaskKindSchema>)]
    pub(super) task_type: Option<TaskKind>,
    /// What they work on; at most 256 KiB, 32 levels deep, and 1,000 items in each array.
    #[schema(value_type = Option<Object>)]
    pub(super) input_data: Option<JsonObject>,
    /// How urgent they are, 5 most; 3 if absent.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 5)]
    pub(super) priority: Option<Priority>,
    /// How long one attempt may take; 300 if absent.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 86400)]
    pub(super) timeout_seconds: Option<TimeoutSeconds>,
    /// How often a task is tried; 3 if absent.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 10)]
    pub(super) max_attempts: Option<MaxAttempts>,
    /// How long a task may wait for a worker, in seconds; as long as it takes if absent.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 86400)]
    pub(super) queue_timeout_seconds: Option<TimeoutSeconds>,
    /// What becomes of a time at which the task before is not over; `skip` if absent.
    #[schema(value_type = Option<OverlapSchema>)]
    pub(super) overlap: Option<Overlap>,
    /// What becomes of times that were missed; `once` if absent.
    #[schema(value_type = Option<CatchUpSchema>)]
    pub(super) catch_up: Option<CatchUp>,
    /// Whether it makes tasks; `true` if absent.
    pub(super) enabled: Option<bool>,
}

/// What changes of a schedule; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"enabled": false}))]
#[expect(clippy::option_option, reason = "absent and null mean different things for `queue_timeout_seconds`")]
pub(crate) struct ChangeScheduleBody {
    /// A new name.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 120)]
    pub(super) name: Option<Visible<Name>>,
    /// Other times.
    #[schema(value_type = Option<String>, min_length = 9, max_length = 120)]
    pub(super) cron: Option<CronExpression>,
    /// Another zone.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    pub(super) time_zone: Option<TimeZoneName>,
    /// Another shape.
    #[schema(value_type = Option<TaskKindSchema>)]
    pub(super) task_type: Option<TaskKind>,
    /// New input, all of it.
    #[schema(value_type = Option<Object>)]
    pub(super) input_data: Option<JsonObject>,
    /// Another urgency, 5 most.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 5)]
    pub(super) priority: Option<Priority>,
    /// How long one attempt may take.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 86400)]
    pub(super) timeout_seconds: Option<TimeoutSeconds>,
    /// How often a task is tried.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 10)]
    pub(super) max_attempts: Option<MaxAttempts>,
    /// How long a task may wait for a worker, in seconds; `null` lets it wait as long as it takes.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 86400)]
    pub(super) queue_timeout_seconds: Option<Option<TimeoutSeconds>>,
    /// What becomes of a time at which the task before is not over.
    #[schema(value_type = Option<OverlapSchema>)]
    pub(super) overlap: Option<Overlap>,
    /// What becomes of times that were missed.
    #[schema(value_type = Option<CatchUpSchema>)]
    pub(super) catch_up: Option<CatchUp>,
    /// Whether it makes tasks.
    pub(super) enabled: Option<bool>,
}

/// The times of a schedule.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"cron": "30 8 * * MON-FRI", "time_zone": "Europe/Berlin"}))]
pub(crate) struct PreviewScheduleBody {
    /// When: minute, hour, day of the month, month, day of the week.
    #[schema(value_type = String, min_length = 9, max_length = 120)]
    pub(super) cron: CronExpression,
    /// By the clocks of which zone of the IANA database.
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    pub(super) time_zone: TimeZoneName,
}

/// When a schedule would be due.
#[derive(Serialize, ToSchema)]
pub(crate) struct SchedulePreview {
    /// The next times.
    pub(super) next_runs: Vec<DateTime<Utc>>,
}

impl From<CreateScheduleBody> for Schedule {
    fn from(body: CreateScheduleBody) -> Self {
        Self {
            name: body.name.into(),
            cron: body.cron,
            time_zone: body.time_zone.unwrap_or_default(),
            task_type: body.task_type.unwrap_or_default(),
            input_data: body.input_data.map_or_else(Document::default, |json| json.0),
            priority: body.priority.unwrap_or_default(),
            timeout_seconds: body.timeout_seconds.unwrap_or_default(),
            max_attempts: body.max_attempts.unwrap_or_default(),
            queue_timeout_seconds: body.queue_timeout_seconds,
            overlap: body.overlap.unwrap_or_default(),
            catch_up: body.catch_up.unwrap_or_default(),
            enabled: body.enabled.unwrap_or(true),
            created_by: None,
        }
    }
}

impl From<ChangeScheduleBody> for ScheduleChange {
    fn from(body: ChangeScheduleBody) -> Self {
        Self {
            name: body.name.map(Visible::into),
            cron: body.cron,
            time_zone: body.time_zone,
            task_type: body.task_type,
            input_data: body.input_data.map(|json| json.0),
            priority: body.priority,
            timeout_seconds: body.timeout_seconds,
            max_attempts: body.max_attempts,
            queue_timeout_seconds: body.queue_timeout_seconds,
            overlap: body.overlap,
            catch_up: body.catch_up,
            enabled: body.enabled,
        }
    }
}
