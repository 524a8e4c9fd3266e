use axum::extract::State;
use domain::tenant::Provider;
use projections::{Page, PageRequest, ProviderKeyRow};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::page_schema;
use crate::ApiState;
use crate::answer::{Answer, Emptied};
use crate::extract::{Authed, JsonBody, Limit, Parameters, PathText, ProviderSecret, readmit_if_stale};
use crate::problem::Problem;

page_schema!(ProviderKeyPage, ProviderKeyRow, "provider keys");

/// Which part of the list, and in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProviderKeysQuery {
    /// How many at most.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// `created_at`, `updated_at` or `provider`, with a `-` before it for descending order.
    #[param(example = "-created_at")]
    sort: Option<String>,
}

/// A key of a model provider.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"provider": "openai", "key": "sk-proj-…"}))]
pub(crate) struct SetProviderKeyBody {
    /// Whose models it opens: `a-z`, `0-9` and dashes.
    #[schema(value_type = String, min_length = 1, max_length = 40, pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
    provider: Provider,
    /// The key. It is kept sealed and never shown again.
    #[schema(value_type = String, format = Password, write_only, min_length = 8, max_length = 512)]
    key: ProviderSecret,
}

/// List provider keys
///
/// Which are set, never the keys themselves. As an administrator or auditor.
#[utoipa::path(get, path = "/provider-keys", tag = "keys", security(("bearer" = [])), params(ProviderKeysQuery),
    responses((status = 200, description = "A page of provider keys", body = ProviderKeyPage)))]
pub(crate) async fn list_provider_keys(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    Parameters(query): Parameters<ProviderKeysQuery>,
) -> Result<Answer<Page<ProviderKeyRow>>, Problem> {
    let page = PageRequest { limit: query.limit.0, cursor: query.cursor, sort: query.sort };
    Ok(Answer::ok(api.views.list_provider_keys(&caller, &page).await?))
}

/// Set a provider key
///
/// As an administrator. Takes the place of the one before. Agents of that provider are run with it.
#[utoipa::path(post, path = "/provider-keys", tag = "keys", security(("bearer" = [])),
    request_body = SetProviderKeyBody,
    responses((status = 201, description = "What is shown of it", body = ProviderKeyRow,
        headers(("ETag", description = "Its version"), ("Location", description = "Where it is")))))]
pub(crate) async fn set_provider_key(
    State(api): State<ApiState>,
    Authed(mut caller): Authed,
    JsonBody(body): JsonBody<SetProviderKeyBody>,
) -> Result<Answer<ProviderKeyRow>, Problem> {
    readmit_if_stale(&api, &mut caller).await?;
    let done = api.app.set_provider_key(&caller, &body.provider, &body.key.0).await?;
    let key = api.views.find_provider_key(caller.tenant, &body.provider).await?;
    let (version, location) = (key.version, format!("/api/v1/provider-keys/{}", key.provider));
    let position = api.position(caller.tenant, done).await?;
    Ok(Answer::created(location, key).version(version).position(position))
}

/// Get a provider key
///
/// That it is set, never the key itself. As an administrator or auditor.
#[utoipa::path(get, path = "/provider-keys/{provider}", tag = "keys", security(("bearer" = [])),
    params(("provider" = String, Path, description = "The provider")),
    responses((status = 200, description = "What is shown of it", body = ProviderKeyRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn get_provider_key(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathText(provider): PathText<Provider>,
) -> Result<Answer<ProviderKeyRow>, Problem> {
    let key = api.views.get_provider_key(&caller, &provider).await?;
    let version = key.version;
    Ok(Answer::ok(key).version(version))
}

/// Remove a provider key
///
/// As an administrator. The key is forgotten.
#[utoipa::path(delete, path = "/provider-keys/{provider}", tag = "keys", security(("bearer" = [])),
    params(("provider" = String, Path, description = "The provider")),
    responses((status = 204, description = "The key is gone")))]
pub(crate) async fn remove_provider_key(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathText(provider): PathText<Provider>,
) -> Result<Emptied, Problem> {
    let done = api.app.remove_provider_key(&caller, &provider).await?;
    Ok(Emptied::at(api.position(caller.tenant, done).await?))
}
