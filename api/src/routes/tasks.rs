use application::{Caller, Done, NewTask};
use axum::extract::State;
use domain::task::{Amendment, MaxAttempts, Priority, TaskKind, TimeoutSeconds};
use domain::text::{Name, Reason};
use domain::{AgentId, Document, TaskId};
use projections::schema::TaskKindSchema;
use projections::{Page, PageRequest, TaskFilter, TaskRow, TaskStatus};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::page_schema;
use crate::ApiState;
use crate::answer::{Answer, Emptied};
use crate::extract::{Authed, JsonBody, JsonObject, Limit, Parameters, PathId, SearchText, Timestamp, given};
use crate::problem::Problem;

page_schema!(TaskPage, TaskRow, "tasks");

/// Which tasks, and in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TasksQuery {
    /// How many at most.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// `created_at`, `updated_at`, `name` or `priority`, with a `-` before it for descending order.
    #[param(example = "-created_at")]
    sort: Option<String>,
    /// Those that stand there.
    status: Option<TaskStatus>,
    /// Those of this agent.
    #[param(value_type = Option<uuid::Uuid>)]
    agent_id: Option<AgentId>,
    /// Those that urgent.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 5)]
    priority: Option<Priority>,
    /// Those of this shape.
    #[param(value_type = Option<TaskKindSchema>)]
    task_type: Option<TaskKind>,
    /// Those with this in their name, without regard to case.
    #[param(value_type = Option<String>, max_length = 200)]
    q: Option<SearchText>,
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
    name: Name,
    /// Who is to do it.
    #[schema(value_type = uuid::Uuid)]
    agent_id: AgentId,
    /// Its shape; `prompt` if absent.
    #[schema(value_type = Option<TaskKindSchema>)]
    task_type: Option<TaskKind>,
    /// What to work on; at most 256 KiB and 32 levels deep.
    #[schema(value_type = Option<Object>)]
    input_data: Option<JsonObject>,
    /// How urgent it is, 5 most; 3 if absent.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 5)]
    priority: Option<Priority>,
    /// How long one attempt may take; 300 if absent.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 86400)]
    timeout_seconds: Option<TimeoutSeconds>,
    /// How often it is tried; 3 if absent.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 10)]
    max_attempts: Option<MaxAttempts>,
    /// Not to be run before.
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    scheduled_at: Option<Timestamp>,
}

/// What changes of a task that has not run; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"priority": 5, "scheduled_at": null}))]
#[expect(clippy::option_option, reason = "absent and null mean different things for `scheduled_at`")]
pub(crate) struct AmendTaskBody {
    /// A new name.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 120)]
    name: Option<Name>,
    /// Another shape.
    #[schema(value_type = Option<TaskKindSchema>)]
    task_type: Option<TaskKind>,
    /// New input, all of it.
    #[schema(value_type = Option<Object>)]
    input_data: Option<JsonObject>,
    /// Another urgency, 5 most.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 5)]
    priority: Option<Priority>,
    /// How long one attempt may take.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 86400)]
    timeout_seconds: Option<TimeoutSeconds>,
    /// How often it is tried.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 10)]
    max_attempts: Option<MaxAttempts>,
    /// Not to be run before; `null` lets it run at any time.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    scheduled_at: Option<Option<Timestamp>>,
}

/// Why a task is cancelled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "The mail was sorted by hand."}))]
pub(crate) struct CancelTaskBody {
    /// For people.
    #[schema(value_type = Option<String>, max_length = 2000)]
    reason: Option<Reason>,
}

impl From<CreateTaskBody> for NewTask {
    fn from(body: CreateTaskBody) -> Self {
        Self {
            agent: body.agent_id,
            name: body.name,
            kind: body.task_type.unwrap_or_default(),
            input: body.input_data.map_or_else(Document::default, |json| json.0),
            priority: body.priority.unwrap_or_default(),
            timeout: body.timeout_seconds.unwrap_or_default(),
            max_attempts: body.max_attempts.unwrap_or_default(),
            scheduled_at: body.scheduled_at.map(|time| time.0),
        }
    }
}

impl From<AmendTaskBody> for Amendment {
    fn from(body: AmendTaskBody) -> Self {
        Self {
            name: body.name,
            kind: body.task_type,
            input: body.input_data.map(|json| json.0),
            priority: body.priority,
            timeout: body.timeout_seconds,
            max_attempts: body.max_attempts,
            scheduled_at: body.scheduled_at.map(|time| time.map(|time| time.0)),
        }
    }
}

/// List tasks
///
/// Deleted ones are not among them.
#[utoipa::path(get, path = "/tasks", tag = "tasks", security(("bearer" = [])), params(TasksQuery),
    responses((status = 200, description = "A page of tasks", body = TaskPage)))]
pub(crate) async fn list_tasks(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    Parameters(query): Parameters<TasksQuery>,
) -> Result<Answer<Page<TaskRow>>, Problem> {
    let filter = TaskFilter {
        status: query.status,
        agent_id: query.agent_id,
        priority: query.priority.and_then(|priority| i32::try_from(priority.get()).ok()),
        task_type: query.task_type,
        q: query.q.map(|text| text.0),
    };
    let page = PageRequest { limit: query.limit.0, cursor: query.cursor, sort: query.sort };
    Ok(Answer::ok(api.views.list_tasks(&caller, &filter, &page).await?))
}

/// Create a task
///
/// It is pending until it is executed. Counts against the plan's limit of tasks a month.
#[utoipa::path(post, path = "/tasks", tag = "tasks", security(("bearer" = [])),
    request_body = CreateTaskBody,
    responses((status = 201, description = "The new task", body = TaskRow,
        headers(("ETag", description = "Its version"), ("Location", description = "Where it is")))))]
pub(crate) async fn create_task(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    JsonBody(body): JsonBody<CreateTaskBody>,
) -> Result<Answer<TaskRow>, Problem> {
    let done = api.app.create_task(&caller, body.into()).await?;
    let task = api.views.get_task(&caller, TaskId(done.resource)).await?;
    let (version, location) = (task.version, format!("/api/v1/tasks/{}", task.id));
    let position = api.position(caller.tenant, done).await?;
    Ok(Answer::created(location, task).version(version).position(position))
}

/// Get a task
#[utoipa::path(get, path = "/tasks/{id}", tag = "tasks", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The task's id")),
    responses((status = 200, description = "The task", body = TaskRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn get_task(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(task): PathId<TaskId>,
) -> Result<Answer<TaskRow>, Problem> {
    let task = api.views.get_task(&caller, task).await?;
    let version = task.version;
    Ok(Answer::ok(task).version(version))
}

/// Change a task
///
/// Only while it is pending. One's own; anybody's as an administrator.
#[utoipa::path(put, path = "/tasks/{id}", tag = "tasks", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The task's id")),
    request_body = AmendTaskBody,
    responses((status = 200, description = "The task as it is now", body = TaskRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn amend_task(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(task): PathId<TaskId>,
    JsonBody(body): JsonBody<AmendTaskBody>,
) -> Result<Answer<TaskRow>, Problem> {
    let done = api.app.amend_task(&caller, task, body.into()).await?;
    after(&api, &caller, done, Answer::ok).await
}

/// Delete a task
///
/// It is gone from every list; its history stays. A running one is cancelled first. One's own; anybody's as an
/// administrator.
#[utoipa::path(delete, path = "/tasks/{id}", tag = "tasks", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The task's id")),
    responses((status = 204, description = "It is deleted")))]
pub(crate) async fn withdraw_task(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(task): PathId<TaskId>,
) -> Result<Emptied, Problem> {
    let done = api.app.withdraw_task(&caller, task).await?;
    Ok(Emptied::at(api.position(caller.tenant, done).await?))
}

/// Execute a task
///
/// Queues it for a worker. Its agent must be running.
#[utoipa::path(post, path = "/tasks/{id}/execute", tag = "tasks", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The task's id")),
    responses((status = 202, description = "The task, queued", body = TaskRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn execute_task(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(task): PathId<TaskId>,
) -> Result<Answer<TaskRow>, Problem> {
    let done = api.app.execute_task(&caller, task).await?;
    after(&api, &caller, done, Answer::accepted).await
}

/// Cancel a task
///
/// Whether it waits or runs. One's own; anybody's as an administrator.
#[utoipa::path(post, path = "/tasks/{id}/cancel", tag = "tasks", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The task's id")),
    request_body = Option<CancelTaskBody>,
    responses((status = 200, description = "The task, cancelled", body = TaskRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn cancel_task(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(task): PathId<TaskId>,
    body: Option<JsonBody<CancelTaskBody>>,
) -> Result<Answer<TaskRow>, Problem> {
    let reason = body.and_then(|JsonBody(body)| body.reason);
    let reason = reason.unwrap_or_else(|| Reason::from_lossy(""));
    let done = api.app.cancel_task(&caller, task, reason).await?;
    after(&api, &caller, done, Answer::ok).await
}

/// Retry a task
///
/// Queues a failed or cancelled task again, with a new allowance of attempts. Its agent must be running.
#[utoipa::path(post, path = "/tasks/{id}/retry", tag = "tasks", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The task's id")),
    responses((status = 202, description = "The task, queued", body = TaskRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn retry_task(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(task): PathId<TaskId>,
) -> Result<Answer<TaskRow>, Problem> {
    let done = api.app.retry_task(&caller, task).await?;
    after(&api, &caller, done, Answer::accepted).await
}

/// The task as a command left it.
async fn after(
    api: &ApiState,
    caller: &Caller,
    done: Done,
    answer: fn(TaskRow) -> Answer<TaskRow>,
) -> Result<Answer<TaskRow>, Problem> {
    let task = api.views.get_task(caller, TaskId(done.resource)).await?;
    let (version, position) = (task.version, api.position(caller.tenant, done).await?);
    Ok(answer(task).version(version).position(position))
}
