use application::{AgentChange, Caller, Done, NewAgent};
use axum::extract::State;
use domain::agent::{AgentKind, PauseMode};
use domain::text::{Capabilities, Description, Name};
use domain::{AgentId, Document};
use projections::schema::PauseModeSchema;
use projections::{AgentFilter, AgentRow, AgentStatus, Page, PageRequest};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::page_schema;
use crate::ApiState;
use crate::answer::{Answer, Emptied};
use crate::extract::{Authed, JsonBody, JsonObject, Limit, Parameters, PathId, SearchText, Visible};
use crate::problem::Problem;

page_schema!(AgentPage, AgentRow, "agents");

/// Which agents, and in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AgentsQuery {
    /// How many at most.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// `created_at`, `updated_at` or `name`, with a `-` before it for descending order.
    #[param(example = "-created_at")]
    sort: Option<String>,
    /// Those that stand there.
    status: Option<AgentStatus>,
    /// Those run by exactly this.
    #[param(value_type = Option<String>)]
    agent_type: Option<AgentKind>,
    /// Those with this in their name, without regard to case.
    #[param(value_type = Option<String>, max_length = 200)]
    q: Option<SearchText>,
}

/// What an agent is created with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Support triage",
    "description": "Sorts incoming mail",
    "agent_type": "openai/gpt-4o",
    "configuration": {"temperature": 0.2, "system_prompt": "Sort the mail."},
    "capabilities": ["mail"]
}))]
pub(crate) struct CreateAgentBody {
    /// What it is called.
    #[schema(value_type = String, min_length = 1, max_length = 120)]
    name: Visible<Name>,
    /// What it is for.
    #[schema(value_type = Option<String>, max_length = 4000)]
    description: Option<Description>,
    /// What runs it: `gpt-4`, `claude`, `custom`, `echo`, `scripted` or `provider/model`.
    #[schema(value_type = String, min_length = 1, max_length = 120)]
    agent_type: AgentKind,
    /// How it is set up; at most 256 KiB, 32 levels deep, and 1,000 items in each array.
    #[schema(value_type = Option<Object>)]
    configuration: Option<JsonObject>,
    /// What it may use.
    #[schema(value_type = Option<Vec<String>>, max_items = 50)]
    capabilities: Option<Capabilities>,
}

/// What changes of an agent; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Support triage", "capabilities": ["mail", "calendar"]}))]
pub(crate) struct ChangeAgentBody {
    /// A new name.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 120)]
    name: Option<Visible<Name>>,
    /// A new description.
    #[schema(value_type = Option<String>, max_length = 4000)]
    description: Option<Description>,
    /// Another thing to run it.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 120)]
    agent_type: Option<AgentKind>,
    /// A new configuration, all of it.
    #[schema(value_type = Option<Object>)]
    configuration: Option<JsonObject>,
    /// New capabilities, all of them.
    #[schema(value_type = Option<Vec<String>>, max_items = 50)]
    capabilities: Option<Capabilities>,
}

/// How an agent is paused.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"mode": "cancel"}))]
pub(crate) struct PauseAgentBody {
    /// What becomes of the tasks that it is at: `drain` lets them come to their end, which is what happens without it.
    #[schema(value_type = Option<PauseModeSchema>)]
    mode: Option<PauseMode>,
}

impl From<CreateAgentBody> for NewAgent {
    fn from(body: CreateAgentBody) -> Self {
        Self {
            name: body.name.into(),
            description: body.description.unwrap_or_default(),
            kind: body.agent_type,
            configuration: body.configuration.map_or_else(Document::default, |json| json.0),
            capabilities: body.capabilities.unwrap_or_default(),
        }
    }
}

/// List agents
///
/// Terminated ones are not among them.
#[utoipa::path(get, path = "/agents", tag = "agents", security(("bearer" = [])), params(AgentsQuery),
    responses((status = 200, description = "A page of agents", body = AgentPage)))]
pub(crate) async fn list_agents(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    Parameters(query): Parameters<AgentsQuery>,
) -> Result<Answer<Page<AgentRow>>, Problem> {
    let filter = AgentFilter {
        status: query.status,
        agent_type: query.agent_type.map(String::from),
        q: query.q.map(|text| text.0),
    };
    let page = PageRequest { limit: query.limit.0, cursor: query.cursor, sort: query.sort };
    Ok(Answer::ok(api.views.list_agents(&caller, &filter, &page).await?))
}

/// Create an agent
///
/// It is idle until it is started. Counts against the plan's limit of agents.
#[utoipa::path(post, path = "/agents", tag = "agents", security(("bearer" = [])),
    request_body = CreateAgentBody,
    responses((status = 201, description = "The new agent", body = AgentRow,
        headers(("ETag", description = "Its version"), ("Location", description = "Where it is")))))]
pub(crate) async fn create_agent(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    JsonBody(body): JsonBody<CreateAgentBody>,
) -> Result<Answer<AgentRow>, Problem> {
    let done = api.app.create_agent(&caller, body.into()).await?;
    let agent = api.views.get_agent(&caller, AgentId(done.resource)).await?;
    let (version, location) = (agent.version, format!("/api/v1/agents/{}", agent.id));
    let position = api.position(caller.tenant, done).await?;
    Ok(Answer::created(location, agent).version(version).position(position))
}

/// Get an agent
#[utoipa::path(get, path = "/agents/{id}", tag = "agents", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The agent's id")),
    responses((status = 200, description = "The agent", body = AgentRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn get_agent(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(agent): PathId<AgentId>,
) -> Result<Answer<AgentRow>, Problem> {
    let agent = api.views.get_agent(&caller, agent).await?;
    let version = agent.version;
    Ok(Answer::ok(agent).version(version))
}

/// Change an agent
///
/// One's own; anybody's as an administrator.
#[utoipa::path(put, path = "/agents/{id}", tag = "agents", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The agent's id")),
    request_body = ChangeAgentBody,
    responses((status = 200, description = "The agent as it is now", body = AgentRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn change_agent(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(agent): PathId<AgentId>,
    JsonBody(body): JsonBody<ChangeAgentBody>,
) -> Result<Answer<AgentRow>, Problem> {
    let change = AgentChange {
        name: body.name.map(Visible::into),
        description: body.description,
        kind: body.agent_type,
        configuration: body.configuration.map(|json| json.0),
        capabilities: body.capabilities,
    };
    let done = api.app.change_agent(&caller, agent, change).await?;
    after(&api, &caller, done).await
}

/// Terminate an agent
///
/// It is gone from every list; its history stays. Tasks that it is at are cancelled. One's own; anybody's as an
/// administrator.
#[utoipa::path(delete, path = "/agents/{id}", tag = "agents", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The agent's id")),
    responses((status = 204, description = "It is terminated")))]
pub(crate) async fn terminate_agent(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(agent): PathId<AgentId>,
) -> Result<Emptied, Problem> {
    let done = api.app.terminate_agent(&caller, agent).await?;
    Ok(Emptied::at(api.position(caller.tenant, done).await?))
}

/// Start an agent
///
/// From now on it takes tasks.
#[utoipa::path(post, path = "/agents/{id}/start", tag = "agents", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The agent's id")),
    responses((status = 200, description = "The agent as it is now", body = AgentRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn start_agent(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(agent): PathId<AgentId>,
) -> Result<Answer<AgentRow>, Problem> {
    let done = api.app.start_agent(&caller, agent).await?;
    after(&api, &caller, done).await
}

/// Stop an agent
///
/// It takes no more tasks, and those that it is at are cancelled.
#[utoipa::path(post, path = "/agents/{id}/stop", tag = "agents", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The agent's id")),
    responses((status = 200, description = "The agent as it is now", body = AgentRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn stop_agent(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(agent): PathId<AgentId>,
) -> Result<Answer<AgentRow>, Problem> {
    let done = api.app.stop_agent(&caller, agent).await?;
    after(&api, &caller, done).await
}

/// Pause an agent
///
/// It takes no tasks until it is resumed. Those that it is at come to their own end, or with `"mode": "cancel"` are
/// cancelled.
#[utoipa::path(post, path = "/agents/{id}/pause", tag = "agents", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The agent's id")),
    request_body = Option<PauseAgentBody>,
    responses((status = 200, description = "The agent as it is now", body = AgentRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn pause_agent(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(agent): PathId<AgentId>,
    body: Option<JsonBody<PauseAgentBody>>,
) -> Result<Answer<AgentRow>, Problem> {
    let mode = body.and_then(|JsonBody(body)| body.mode).unwrap_or_default();
    let done = api.app.pause_agent(&caller, agent, mode).await?;
    after(&api, &caller, done).await
}

/// Resume a paused agent
#[utoipa::path(post, path = "/agents/{id}/resume", tag = "agents", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The agent's id")),
    responses((status = 200, description = "The agent as it is now", body = AgentRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn resume_agent(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(agent): PathId<AgentId>,
) -> Result<Answer<AgentRow>, Problem> {
    let done = api.app.resume_agent(&caller, agent).await?;
    after(&api, &caller, done).await
}

/// The agent as a command left it.
async fn after(api: &ApiState, caller: &Caller, done: Done) -> Result<Answer<AgentRow>, Problem> {
    let agent = api.views.get_agent(caller, AgentId(done.resource)).await?;
    let (version, position) = (agent.version, api.position(caller.tenant, done).await?);
    Ok(Answer::ok(agent).version(version).position(position))
}
