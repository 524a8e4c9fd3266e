mod bodies;

use application::{Caller, Done, no_calendar};
use axum::extract::State;
use domain::ScheduleId;
use domain::agent::Calendar;
use projections::{Page, PageRequest, ScheduleFilter, ScheduleRow};

use super::page_schema;
use crate::ApiState;
use crate::answer::{Answer, Emptied};
use crate::extract::{Authed, JsonBody, Parameters, PathId};
use crate::problem::Problem;
use bodies::{ChangeScheduleBody, CreateScheduleBody, PreviewScheduleBody, SchedulePreview, SchedulesQuery};

page_schema!(SchedulePage, ScheduleRow, "schedules");

/// How many times a preview shows.
const PREVIEWED: usize = 10;

/// List schedules
#[utoipa::path(get, path = "/schedules", tag = "schedules", security(("bearer" = [])), params(SchedulesQuery),
    responses((status = 200, description = "A page of schedules", body = SchedulePage)))]
pub(crate) async fn list_schedules(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    Parameters(query): Parameters<SchedulesQuery>,
) -> Result<Answer<Page<ScheduleRow>>, Problem> {
    let filter =
        ScheduleFilter { agent_id: query.agent_id, enabled: query.enabled, q: query.q.map(|text| text.0) };
    let page = PageRequest { limit: query.limit.0, cursor: query.cursor, sort: query.sort };
    Ok(Answer::ok(api.views.list_schedules(&caller, &filter, &page).await?))
}

/// Create a schedule
///
/// Its agent is given a task at each of its times, made and executed as the schedule says. Where the clocks go forward, a time
/// that does not exist is due right after the gap; where they go back, a time that exists twice is due the first time. An
/// organisation has at most 100 schedules.
#[utoipa::path(post, path = "/schedules", tag = "schedules", security(("bearer" = [])),
    request_body = CreateScheduleBody,
    responses((status = 201, description = "The new schedule", body = ScheduleRow,
        headers(("ETag", description = "Its version"), ("Location", description = "Where it is")))))]
pub(crate) async fn create_schedule(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    JsonBody(body): JsonBody<CreateScheduleBody>,
) -> Result<Answer<ScheduleRow>, Problem> {
    let done = api.app.create_schedule(&caller, body.agent_id, body.into()).await?;
    let schedule = api.views.get_schedule(&caller, ScheduleId(done.resource)).await?;
    let (version, location) = (schedule.version, format!("/api/v1/schedules/{}", schedule.id));
    let position = api.position(caller.tenant, done).await?;
    Ok(Answer::created(location, schedule).version(version).position(position))
}

/// Preview the times of a schedule
///
/// Nothing is made: this tells when such a schedule would be due.
#[utoipa::path(post, path = "/schedules/preview", tag = "schedules", security(("bearer" = [])),
    request_body = PreviewScheduleBody,
    responses((status = 200, description = "The next times", body = SchedulePreview)))]
pub(crate) async fn preview_schedule(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    JsonBody(body): JsonBody<PreviewScheduleBody>,
) -> Result<Answer<SchedulePreview>, Problem> {
    caller.require(domain::Permission::ReadTasks)?;
    let now = api.app.clock.now();
    let calendar = Calendar::of(&body.cron, &body.time_zone, now).map_err(no_calendar)?;
    Ok(Answer::ok(SchedulePreview { next_runs: calendar.following(now, PREVIEWED) }))
}

/// Get a schedule
#[utoipa::path(get, path = "/schedules/{id}", tag = "schedules", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The schedule's id")),
    responses((status = 200, description = "The schedule", body = ScheduleRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn get_schedule(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(schedule): PathId<ScheduleId>,
) -> Result<Answer<ScheduleRow>, Problem> {
    let schedule = api.views.get_schedule(&caller, schedule).await?;
    let version = schedule.version;
    Ok(Answer::ok(schedule).version(version))
}

/// Change a schedule
///
/// With `enabled` it is paused and goes on: times that pass while it is paused lead to no tasks. One's own; anybody's as an
/// administrator.
#[utoipa::path(put, path = "/schedules/{id}", tag = "schedules", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The schedule's id")),
    request_body = ChangeScheduleBody,
    responses((status = 200, description = "The schedule as it is now", body = ScheduleRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn change_schedule(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(schedule): PathId<ScheduleId>,
    JsonBody(body): JsonBody<ChangeScheduleBody>,
) -> Result<Answer<ScheduleRow>, Problem> {
    let agent = api.views.get_schedule(&caller, schedule).await?.agent_id;
    let done = api.app.change_schedule(&caller, agent, schedule, body.into()).await?;
    after(&api, &caller, schedule, done).await
}

/// Delete a schedule
///
/// The tasks that it made stay. One's own; anybody's as an administrator.
#[utoipa::path(delete, path = "/schedules/{id}", tag = "schedules", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The schedule's id")),
    responses((status = 204, description = "It is gone")))]
pub(crate) async fn remove_schedule(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(schedule): PathId<ScheduleId>,
) -> Result<Emptied, Problem> {
    let agent = api.views.get_schedule(&caller, schedule).await?.agent_id;
    let done = api.app.remove_schedule(&caller, agent, schedule).await?;
    Ok(Emptied::at(api.position(caller.tenant, done).await?))
}

/// The schedule as a command left it.
async fn after(
    api: &ApiState,
    caller: &Caller,
    schedule: ScheduleId,
    done: Done,
) -> Result<Answer<ScheduleRow>, Problem> {
    let schedule = api.views.get_schedule(caller, schedule).await?;
    let (version, position) = (schedule.version, api.position(caller.tenant, done).await?);
    Ok(Answer::ok(schedule).version(version).position(position))
}
