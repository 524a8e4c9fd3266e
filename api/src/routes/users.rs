use application::UserChange;
use axum::extract::State;
use domain::text::FullName;
use domain::{Role, UserId};
use projections::schema::RoleSchema;
use projections::{Page, PageRequest, UserFilter, UserRow, UserStatus};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::page_schema;
use crate::ApiState;
use crate::answer::{Answer, Emptied};
use crate::extract::{Authed, JsonBody, Limit, Parameters, PathId, SearchText, Visible, readmit_if_stale};
use crate::problem::Problem;

page_schema!(UserPage, UserRow, "users");

/// Which users, and in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsersQuery {
    /// How many at most.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// A field, with a `-` before it for descending order.
    #[param(example = "-created_at")]
    sort: Option<String>,
    /// Those with this role.
    #[param(value_type = Option<RoleSchema>)]
    role: Option<Role>,
    /// Those that stand there.
    status: Option<UserStatus>,
    /// Those with this in their name or address, without regard to case.
    #[param(value_type = Option<String>, max_length = 200)]
    q: Option<SearchText>,
}

/// What changes of a user; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"role": "admin"}))]
pub(crate) struct ChangeUserBody {
    /// Another role; none above one's own.
    #[schema(value_type = Option<RoleSchema>)]
    role: Option<Role>,
    /// With or without access.
    is_active: Option<bool>,
    /// Another name.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 120)]
    full_name: Option<Visible<FullName>>,
}

/// List users
#[utoipa::path(get, path = "/tenants/users", tag = "tenants", security(("bearer" = [])), params(UsersQuery),
    responses((status = 200, description = "A page of users", body = UserPage)))]
pub(crate) async fn list_users(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    Parameters(query): Parameters<UsersQuery>,
) -> Result<Answer<Page<UserRow>>, Problem> {
    let filter = UserFilter { role: query.role, status: query.status, q: query.q.map(|text| text.0) };
    let page = PageRequest { limit: query.limit.0, cursor: query.cursor, sort: query.sort };
    Ok(Answer::ok(api.views.list_users(&caller, &filter, &page).await?))
}

/// Get a user
#[utoipa::path(get, path = "/tenants/users/{id}", tag = "tenants", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The user's id")),
    responses((status = 200, description = "The user", body = UserRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn get_user(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(user): PathId<UserId>,
) -> Result<Answer<UserRow>, Problem> {
    let user = api.views.get_user(&caller, user).await?;
    let version = user.version;
    Ok(Answer::ok(user).version(version))
}

/// Change a user
///
/// As an administrator. One owner always remains.
#[utoipa::path(put, path = "/tenants/users/{id}", tag = "tenants", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The user's id")),
    request_body = ChangeUserBody,
    responses((status = 200, description = "The user as it is now", body = UserRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn change_user(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(user): PathId<UserId>,
    JsonBody(body): JsonBody<ChangeUserBody>,
) -> Result<Answer<UserRow>, Problem> {
    let change = UserChange {
        role: body.role,
        is_active: body.is_active,
        full_name: body.full_name.map(Visible::into),
    };
    let done = api.app.change_user(&caller, user, change).await?;
    api.sessions.forget(caller.tenant).await;
    api.api_keys.forget(caller.tenant).await;
    let user = api.views.get_user(&caller, user).await?;
    let (version, position) = (user.version, api.position(caller.tenant, done).await?);
    Ok(Answer::ok(user).version(version).position(position))
}

/// Take a user's access away
///
/// As an administrator who gave the password in the last five minutes. Sessions end at once; an open invitation is taken
/// back; the history stays.
#[utoipa::path(delete, path = "/tenants/users/{id}", tag = "tenants", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The user's id")),
    responses((status = 204, description = "The user has no access any more")))]
pub(crate) async fn deactivate_user(
    State(api): State<ApiState>,
    Authed(mut caller): Authed,
    PathId(user): PathId<UserId>,
) -> Result<Emptied, Problem> {
    readmit_if_stale(&api, &mut caller).await?;
    let done = api.app.deactivate_user(&caller, user).await?;
    api.sessions.forget(caller.tenant).await;
    api.api_keys.forget(caller.tenant).await;
    Ok(Emptied::at(api.position(caller.tenant, done).await?))
}
