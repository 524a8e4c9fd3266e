use application::{Done, NewFork, Replayed};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::text::Name;
use domain::{ContentHash, TaskId};
use projections::{TaskError, TaskRow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::ApiState;
use crate::answer::Answer;
use crate::extract::{Authed, JsonBody, JsonObject, Parameters, PathId, Position, Visible};
use crate::problem::Problem;

/// Whether to go another way, and from where.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReplayQuery {
    /// Makes a new task instead, of which this step, from 1, is the first that is done anew.
    #[param(value_type = Option<i64>, minimum = 0)]
    fork_at_step: Option<Position>,
}

/// What is other in the new task; only with `fork_at_step`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"configuration": {"temperature": 0}}))]
pub(crate) struct ForkBody {
    /// What it is called; like the other task if absent.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 120)]
    name: Option<Visible<Name>>,
    /// Its configuration, in place of the agent's.
    #[schema(value_type = Option<Object>)]
    configuration: Option<JsonObject>,
}

/// What running a task again from its records came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Replay {
    /// The task.
    #[schema(value_type = uuid::Uuid)]
    task_id: TaskId,
    /// Whether the records lead to the very result that was recorded.
    is_identical: bool,
    /// The SHA-256 of the recorded `output_data`, in hexadecimal.
    #[schema(value_type = String)]
    recorded_output_hash: ContentHash,
    /// The SHA-256 of what the records lead to; null where they lead to no result.
    #[schema(required, value_type = Option<String>)]
    output_hash: Option<ContentHash>,
    /// How many steps were read from the records.
    steps: u32,
    /// The first step that would be asked something else today than was asked then.
    #[schema(required)]
    diverged_at_step: Option<u32>,
    /// Why the records lead to no result.
    #[schema(required)]
    error: Option<TaskError>,
}

/// Replay a task
///
/// Runs a completed task again from its records: no model and no tool is asked, and nothing is recorded. With
/// `fork_at_step` a new task is made and executed instead, which takes over the steps before that one from an ended task
/// and goes on live. Its agent must be running then.
#[utoipa::path(post, path = "/tasks/{id}/replay", tag = "tasks", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The task's id"), ReplayQuery),
    request_body = Option<ForkBody>,
    responses(
        (status = 200, description = "What the records lead to", body = Replay),
        (status = 201, description = "The new task, queued", body = TaskRow,
            headers(("ETag", description = "Its version"), ("Location", description = "Where it is")))))]
pub(crate) async fn replay_task(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(task): PathId<TaskId>,
    Parameters(query): Parameters<ReplayQuery>,
    body: Option<JsonBody<ForkBody>>,
) -> Result<Response, Problem> {
    let body = body.map(|JsonBody(body)| body);
    let Some(Position(at_step)) = query.fork_at_step else {
        if body.is_some_and(|body| body.name.is_some() || body.configuration.is_some()) {
            return Err(Problem::invalid_field("/fork_at_step", "missing", "must be given with a body"));
        }
        let replayed = api.app.replay_task(&caller, task).await?;
        let nothing_new = Done { resource: task.0, position: None };
        let position = api.position(caller.tenant, nothing_new).await?;
        return Ok(Answer::ok(Replay::of(task, &replayed)).position(position).into_response());
    };
    let (name, configuration) = body.map_or((None, None), |body| (body.name, body.configuration));
    let new = NewFork {
        at_step: u32::try_from(at_step).unwrap_or(u32::MAX),
        name: name.map(Visible::into),
        configuration: configuration.map(|json| json.0),
    };
    let done: Done = api.app.fork_task(&caller, task, new).await?;
    let fork = api.views.get_task(&caller, TaskId(done.resource)).await?;
    let (version, location) = (fork.version, format!("/api/v1/tasks/{}", fork.id));
    let position = api.position(caller.tenant, done).await?;
    Ok(Answer::created(location, fork).version(version).position(position).into_response())
}

impl Replay {
    fn of(task_id: TaskId, replayed: &Replayed) -> Self {
        Self {
            task_id,
            is_identical: replayed.output == Some(replayed.recorded),
            recorded_output_hash: replayed.recorded,
            output_hash: replayed.output,
            steps: replayed.steps,
            diverged_at_step: replayed.diverged_at,
            error: replayed.failure.as_ref().map(TaskError::from),
        }
    }
}
