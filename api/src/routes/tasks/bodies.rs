use application::NewTask;
use domain::task::{Amendment, MaxAttempts, Priority, TaskKind, TimeoutSeconds};
use domain::text::{Name, Reason};
use domain::{AgentId, ConversationId, Document, ScheduleId};
use projections::TaskStatus;
use projections::schema::TaskKindSchema;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::extract::{JsonObject, Limit, SearchText, Timestamp, Visible, given};

/// Which tasks, and in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TasksQuery {
    /// How many at most.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    pub(super) limit: Limit,
    /// The `next_cursor` of the page before.
    pub(super) cursor: Option<String>,
    /// `created_at`, `updated_at`, `name` or `priority`, with a `-` before it for descending order.
    #[param(example = "-created_at")]
    pub(super) sort: Option<String>,
    /// Those that stand there.
    pub(super) status: Option<TaskStatus>,
    /// Those of this agent.
    #[param(value_type = Option<uuid::Uuid>)]
    pub(super) agent_id: Option<AgentId>,
    /// The turns of this conversation.
    #[param(value_type = Option<uuid::Uuid>)]
    pub(super) conversation_id: Option<ConversationId>,
    /// Those of this schedule.
    #[param(value_type = Option<uuid::Uuid>)]
    pub(super) schedule_id: Option<ScheduleId>,
    /// Those that urgent.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 5)]
    pub(super) priority: Option<Priority>,
    /// Those of this shape.
    #[param(value_type = Option<TaskKindSchema>)]
    pub(super) task_type: Option<TaskKind>,
    /// Those with this in their name, without regard to case.
    #[param(value_type = Option<String>, max_length = 200)]
    pub(super) q: Option<SearchText>,
}

/// What a task is created with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Sort today's mail",
    "agent_id": "0199d2f0-7c7e-7d52-8d0a-3a5f2f0b8a11",
    "task_type": "prompt",
    "input_data": {"prompt": "Which of these are urgent?"},
    "priority": 4
}))]
pub(crate) struct CreateTaskBody {
    /// What it is called.
    #[schema(value_type = String, min_length = 1, max_length = 120)]
    pub(super) name: Visible<Name>,
    /// Who is to do it.
    #[schema(value_type = uuid::Uuid)]
    pub(super) agent_id: AgentId,
    /// Its shape; `prompt` if absent.
    #[schema(value_type = Option<TaskKindSchema>)]
    pub(super) task_type: Option<TaskKind>,
    /// What to work on; at most 256 KiB, 32 levels deep, and 1,000 items in each array.
    #[schema(value_type = Option<Object>)]
    pub(super) input_data: Option<JsonObject>,
    /// How urgent it is, 5 most; 3 if absent.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 5)]
    pub(super) priority: Option<Priority>,
    /// How long one attempt may take; 300 if absent.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 86400)]
    pub(super) timeout_seconds: Option<TimeoutSeconds>,
    /// How often it is tried; 3 if absent.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 10)]
    pub(super) max_attempts: Option<MaxAttempts>,
    /// Not to be run before.
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub(super) scheduled_at: Option<Timestamp>,
    /// How long it may wait for a worker, in seconds; as long as it takes if absent.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 86400)]
    pub(super) queue_timeout_seconds: Option<TimeoutSeconds>,
}

/// What changes of a task that has not run; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"priority": 5, "scheduled_at": null}))]
#[expect(clippy::option_option, reason = "absent and null mean different things for `scheduled_at`")]
pub(crate) struct AmendTaskBody {
    /// A new name.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 120)]
    pub(super) name: Option<Visible<Name>>,
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
    /// How often it is tried.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 10)]
    pub(super) max_attempts: Option<MaxAttempts>,
    /// Not to be run before; `null` lets it run at any time.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub(super) scheduled_at: Option<Option<Timestamp>>,
}

/// Why a task is cancelled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "The mail was sorted by hand."}))]
pub(crate) struct CancelTaskBody {
    /// For people.
    #[schema(value_type = Option<String>, max_length = 2000)]
    pub(super) reason: Option<Reason>,
}

impl From<CreateTaskBody> for NewTask {
    fn from(body: CreateTaskBody) -> Self {
        Self {
            agent: body.agent_id,
            name: body.name.into(),
            kind: body.task_type.unwrap_or_default(),
            input: body.input_data.map_or_else(Document::default, |json| json.0),
            priority: body.priority.unwrap_or_default(),
            timeout: body.timeout_seconds.unwrap_or_default(),
            max_attempts: body.max_attempts.unwrap_or_default(),
            scheduled_at: body.scheduled_at.map(|time| time.0),
            queue_timeout: body.queue_timeout_seconds,
        }
    }
}

impl From<AmendTaskBody> for Amendment {
    fn from(body: AmendTaskBody) -> Self {
        Self {
            name: body.name.map(Visible::into),
            kind: body.task_type,
            input: body.input_data.map(|json| json.0),
            priority: body.priority,
            timeout: body.timeout_seconds,
            max_attempts: body.max_attempts,
            scheduled_at: body.scheduled_at.map(|time| time.map(|time| time.0)),
        }
    }
}
