use axum::extract::State;
use domain::text::Reason;
use projections::{StoppedWork, TenantRow};
use serde::Deserialize;
use utoipa::ToSchema;

use super::tenants;
use crate::ApiState;
use crate::answer::Answer;
use crate::extract::{Authed, JsonBody};
use crate::problem::Problem;

/// Why all work is stopped.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Mails go to the wrong customers."}))]
pub(crate) struct StopAllWorkBody {
    /// For people; it stays in the log.
    #[schema(value_type = String, max_length = 2000)]
    reason: Reason,
}

/// Stop all work of the organisation
///
/// As an owner; without the password being given again, as it must be quick. From then on no task is given to a
/// worker, and nothing is recorded of an attempt that began before, whoever is at it. The answer tells what was under
/// way, each with the last event that was accepted. People go on: they may read, change and cancel.
#[utoipa::path(post, path = "/tenants/current/stop-all", tag = "tenants", security(("bearer" = [])),
    request_body = StopAllWorkBody,
    responses((status = 200, description = "What was under way", body = StoppedWork)))]
pub(crate) async fn stop_all_work(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    JsonBody(body): JsonBody<StopAllWorkBody>,
) -> Result<Answer<StoppedWork>, Problem> {
    let done = api.app.stop_all_work(&caller, body.reason).await?;
    let position = api.position(caller.tenant, done).await?;
    let stopped = api.views.stopped_work(&caller, position).await?;
    Ok(Answer::ok(stopped).position(position))
}

/// Let the work of the organisation go on
///
/// As an owner whose password was given in the last five minutes. Tasks that ran when it was stopped are tried again,
/// which uses up none of their attempts.
#[utoipa::path(post, path = "/tenants/current/reopen", tag = "tenants", security(("bearer" = [])),
    responses((status = 200, description = "The organisation as it is now", body = TenantRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn reopen_work(
    State(api): State<ApiState>,
    Authed(caller): Authed,
) -> Result<Answer<TenantRow>, Problem> {
    let done = api.app.reopen_work(&caller).await?;
    tenants::after(&api, &caller, done).await
}
