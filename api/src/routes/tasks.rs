mod bodies;

use application::{Caller, Done};
use axum::extract::State;
use domain::TaskId;
use domain::text::Reason;
use projections::{Page, PageRequest, TaskFilter, TaskRow};

use super::page_schema;
use crate::ApiState;
use crate::answer::{Answer, Emptied};
use crate::extract::{Authed, JsonBody, Parameters, PathId};
use crate::problem::Problem;
use bodies::{AmendTaskBody, CancelTaskBody, CreateTaskBody, TasksQuery};

page_schema!(TaskPage, TaskRow, "tasks");

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
        conversation_id: query.conversation_id,
        schedule_id: query.schedule_id,
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
pub(super) async fn after(
    api: &ApiState,
    caller: &Caller,
    done: Done,
    answer: fn(TaskRow) -> Answer<TaskRow>,
) -> Result<Answer<TaskRow>, Problem> {
    let task = api.views.get_task(caller, TaskId(done.resource)).await?;
    let (version, position) = (task.version, api.position(caller.tenant, done).await?);
    Ok(answer(task).version(version).position(position))
}
