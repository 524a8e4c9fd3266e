use application::Done;
use axum::extract::State;
use domain::AgentId;
use projections::BudgetRow;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::ApiState;
use crate::answer::Answer;
use crate::extract::{Authed, JsonBody, PathId, Usd, or_null};
use crate::problem::Problem;

/// What may be spent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"limit_usd": "25.00"}))]
pub(crate) struct SetBudgetBody {
    /// US dollars a calendar month, UTC, with up to six decimals; null is as much as it takes.
    #[serde(deserialize_with = "or_null")]
    #[schema(required, value_type = Option<String>, format = "decimal")]
    limit_usd: Option<Usd>,
}

/// Get the organisation's budget
///
/// What all agents together may spend on model calls in the present month, what is spent, and what is set aside for
/// calls under way. No call begins that could cost more than is left.
#[utoipa::path(get, path = "/tenants/current/budget", tag = "tenants", security(("bearer" = [])),
    responses((status = 200, description = "The budget", body = BudgetRow,
        headers(("ETag", description = "The organisation's version")))))]
pub(crate) async fn get_tenant_budget(
    State(api): State<ApiState>,
    Authed(caller): Authed,
) -> Result<Answer<BudgetRow>, Problem> {
    let budget = api.views.tenant_budget(&caller, api.app.clock.now()).await?;
    Ok(shown(budget))
}

/// Set the organisation's budget
///
/// Calls under way may still cost what was set aside for them.
#[utoipa::path(put, path = "/tenants/current/budget", tag = "tenants", security(("bearer" = [])),
    request_body = SetBudgetBody,
    responses((status = 200, description = "The budget as it is now", body = BudgetRow,
        headers(("ETag", description = "The organisation's version")))))]
pub(crate) async fn set_tenant_budget(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    JsonBody(body): JsonBody<SetBudgetBody>,
) -> Result<Answer<BudgetRow>, Problem> {
    let done: Done = api.app.set_tenant_budget(&caller, body.limit_usd.map(|usd| usd.0)).await?;
    let budget = api.views.tenant_budget(&caller, api.app.clock.now()).await?;
    Ok(shown(budget).position(api.position(caller.tenant, done).await?))
}

/// Get an agent's budget
///
/// What it may spend on model calls in the present month, within the organisation's budget.
#[utoipa::path(get, path = "/agents/{id}/budget", tag = "agents", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The agent's id")),
    responses((status = 200, description = "The budget", body = BudgetRow,
        headers(("ETag", description = "The agent's version")))))]
pub(crate) async fn get_agent_budget(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(agent): PathId<AgentId>,
) -> Result<Answer<BudgetRow>, Problem> {
    let budget = api.views.agent_budget(&caller, agent, api.app.clock.now()).await?;
    Ok(shown(budget))
}

/// Set an agent's budget
///
/// Calls under way may still cost what was set aside for them.
#[utoipa::path(put, path = "/agents/{id}/budget", tag = "agents", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The agent's id")),
    request_body = SetBudgetBody,
    responses((status = 200, description = "The budget as it is now", body = BudgetRow,
        headers(("ETag", description = "The agent's version")))))]
pub(crate) async fn set_agent_budget(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(agent): PathId<AgentId>,
    JsonBody(body): JsonBody<SetBudgetBody>,
) -> Result<Answer<BudgetRow>, Problem> {
    let done: Done = api.app.set_agent_budget(&caller, agent, body.limit_usd.map(|usd| usd.0)).await?;
    let budget = api.views.agent_budget(&caller, agent, api.app.clock.now()).await?;
    Ok(shown(budget).position(api.position(caller.tenant, done).await?))
}

fn shown(budget: BudgetRow) -> Answer<BudgetRow> {
    let version = budget.version;
    Answer::ok(budget).version(version)
}
