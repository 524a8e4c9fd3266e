use application::{Caller, KeyOrder, MadeApiKey};
use axum::extract::State;
use domain::text::Name;
use projections::schema::PermissionSchema;
use projections::{ApiKeyFilter, ApiKeyRow, ApiKeyStatus, Page, PageRequest};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::page_schema;
use crate::ApiState;
use crate::answer::{Answer, Emptied};
use crate::extract::{
    Authed, BoundAgents, JsonBody, LifeInDays, Limit, OverlapInHours, Parameters, PathId, Scopes, SearchText,
    readmit_if_stale,
};
use crate::problem::Problem;

page_schema!(ApiKeyPage, ApiKeyRow, "API keys");

/// Which API keys, and in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ApiKeysQuery {
    /// How many at most.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// `created_at`, `updated_at`, `expires_at` or `name`, with a `-` before it for descending order.
    #[param(example = "-created_at")]
    sort: Option<String>,
    /// Those that stand there.
    status: Option<ApiKeyStatus>,
    /// Those with this in their name, without regard to case.
    #[param(value_type = Option<String>, max_length = 200)]
    q: Option<SearchText>,
}

/// What an API key is made with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Nightly import", "scopes": ["read_agents", "create_tasks"], "expires_in_days": 30}))]
pub(crate) struct CreateApiKeyBody {
    /// What it is called.
    #[schema(value_type = String, min_length = 1, max_length = 120)]
    name: Name,
    /// What it may do; nothing that one may not do oneself. To change something brings along to see it.
    #[schema(value_type = Vec<PermissionSchema>, min_items = 1)]
    scopes: Scopes,
    /// The agents that it is bound to, each once: it sees and does nothing but what is theirs, and other agents, tasks,
    /// conversations and schedules do not exist for it. Then it has scopes only that are about single agents
    /// (`is_of_single_agents` in `GET /roles`). All agents of the organisation if absent or null.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>, min_items = 1, max_items = 100)]
    agent_ids: Option<BoundAgents>,
    /// How long it lives; 90 days if absent.
    #[serde(default)]
    #[schema(value_type = i64, minimum = 1, maximum = 365, default = 90, required = false)]
    expires_in_days: LifeInDays,
}

/// How an API key is rotated.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"overlap_hours": 1}))]
pub(crate) struct RotateApiKeyBody {
    /// How long the old key goes on working; 24 hours if absent.
    #[serde(default)]
    #[schema(value_type = i64, minimum = 0, maximum = 24, default = 24, required = false)]
    overlap_hours: OverlapInHours,
    /// How long the new key lives; 90 days if absent.
    #[serde(default)]
    #[schema(value_type = i64, minimum = 1, maximum = 365, default = 90, required = false)]
    expires_in_days: LifeInDays,
}

/// A new API key. This answer alone holds the key itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedApiKey {
    #[serde(flatten)]
    key: ApiKeyRow,
    /// What the program sends as its bearer token. It is shown once and stored nowhere.
    #[schema(pattern = "^ac_live_[0-9A-Za-z]{36}$")]
    secret: String,
}

/// List API keys
///
/// Ended ones are among them. As an administrator or auditor.
#[utoipa::path(get, path = "/api-keys", tag = "keys", security(("bearer" = [])), params(ApiKeysQuery),
    responses((status = 200, description = "A page of API keys", body = ApiKeyPage)))]
pub(crate) async fn list_api_keys(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    Parameters(query): Parameters<ApiKeysQuery>,
) -> Result<Answer<Page<ApiKeyRow>>, Problem> {
    let filter = ApiKeyFilter { status: query.status, q: query.q.map(|text| text.0) };
    let page = PageRequest { limit: query.limit.0, cursor: query.cursor, sort: query.sort };
    Ok(Answer::ok(api.views.list_api_keys(&caller, &filter, &page).await?))
}

/// Create an API key
///
/// As an administrator. A program sends it as `Authorization: Bearer ac_live_…`, and nowhere else. It acts for who made
/// it: it may do what its scopes name, as far as that user's role allows at the time, and ends with that user's access. It
/// may be bound to agents.
#[utoipa::path(post, path = "/api-keys", tag = "keys", security(("bearer" = [])),
    request_body = CreateApiKeyBody,
    responses((status = 201, description = "The new key, shown this once", body = CreatedApiKey,
        headers(("ETag", description = "Its version"), ("Location", description = "Where it is")))))]
pub(crate) async fn create_api_key(
    State(api): State<ApiState>,
    Authed(mut caller): Authed,
    JsonBody(body): JsonBody<CreateApiKeyBody>,
) -> Result<Answer<CreatedApiKey>, Problem> {
    readmit_if_stale(&api, &mut caller).await?;
    let order = KeyOrder {
        name: body.name,
        scopes: body.scopes.0,
        agents: body.agent_ids.map(|agents| agents.0).into(),
        life: body.expires_in_days.0,
    };
    let made = api.app.create_api_key(&caller, order).await?;
    show_once(&api, &caller, made).await
}

/// Get an API key
///
/// As an administrator or auditor. The key itself is not shown again.
#[utoipa::path(get, path = "/api-keys/{id}", tag = "keys", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The key's id")),
    responses((status = 200, description = "The API key", body = ApiKeyRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn get_api_key(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(key): PathId<Uuid>,
) -> Result<Answer<ApiKeyRow>, Problem> {
    let key = api.views.get_api_key(&caller, key).await?;
    let version = key.version;
    Ok(Answer::ok(key).version(version))
}

/// Revoke an API key
///
/// As an administrator. It is refused within five seconds, for good.
#[utoipa::path(delete, path = "/api-keys/{id}", tag = "keys", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The key's id")),
    responses((status = 204, description = "The key does not work any more")))]
pub(crate) async fn revoke_api_key(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(key): PathId<Uuid>,
) -> Result<Emptied, Problem> {
    let done = api.app.revoke_api_key(&caller, key).await?;
    api.api_keys.forget(caller.tenant).await;
    Ok(Emptied::at(api.position(caller.tenant, done).await?))
}

/// Rotate an API key
///
/// As an administrator who holds its scopes. Makes a key of the same name, scopes and agents, which acts for who
/// rotates; the old one goes on working for a while.
#[utoipa::path(post, path = "/api-keys/{id}/rotate", tag = "keys", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The key's id")),
    request_body(content = Option<RotateApiKeyBody>),
    responses((status = 201, description = "The new key, shown this once", body = CreatedApiKey,
        headers(("ETag", description = "Its version"), ("Location", description = "Where it is")))))]
pub(crate) async fn rotate_api_key(
    State(api): State<ApiState>,
    Authed(mut caller): Authed,
    PathId(key): PathId<Uuid>,
    body: Option<JsonBody<RotateApiKeyBody>>,
) -> Result<Answer<CreatedApiKey>, Problem> {
    readmit_if_stale(&api, &mut caller).await?;
    let body = body.map(|JsonBody(body)| body).unwrap_or_default();
    let made = api.app.rotate_api_key(&caller, key, body.expires_in_days.0, body.overlap_hours.0).await?;
    api.api_keys.forget(caller.tenant).await;
    show_once(&api, &caller, made).await
}

async fn show_once(
    api: &ApiState,
    caller: &Caller,
    made: MadeApiKey,
) -> Result<Answer<CreatedApiKey>, Problem> {
    let key = api.views.find_api_key(caller.tenant, made.done.resource).await?;
    let key = key.ok_or_else(Problem::not_found)?;
    let (version, location) = (key.version, format!("/api/v1/api-keys/{}", key.id));
    let position = api.position(caller.tenant, made.done).await?;
    let created = CreatedApiKey { key, secret: made.text.expose_secret().to_owned() };
    Ok(Answer::created(location, created).version(version).position(position))
}

#[cfg(test)]
mod tests {
    use infrastructure::crypto::API_KEY_PATTERN;

    #[test]
    fn the_published_pattern_is_the_one_of_the_keys() {
        let document = serde_json::to_value(crate::openapi()).unwrap();
        let created = document["components"]["schemas"]["CreatedApiKey"].to_string();
        assert!(created.contains(&format!("\"pattern\":\"{API_KEY_PATTERN}\"")), "{created}");
    }
}
