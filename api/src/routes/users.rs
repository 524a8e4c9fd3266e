use application::UserChange;
use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::text::FullName;
use domain::{Email, Role, UserId};
use projections::schema::RoleSchema;
use projections::{Page, PageRequest, UserFilter, UserRow, UserStatus};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::page_schema;
use crate::ApiState;
use crate::answer::{Answer, Emptied};
use crate::extract::{Authed, JsonBody, Limit, Parameters, PathId, SearchText};
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

/// Whom to ask to join.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "grace@acme.example", "role": "member", "full_name": "Grace Hopper"}))]
pub(crate) struct InviteUserBody {
    /// Where the invitation goes.
    #[schema(value_type = String, format = "email", max_length = 254)]
    email: Email,
    /// The role offered; none above one's own.
    #[schema(value_type = RoleSchema)]
    role: Role,
    /// The person's name, if known.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 120)]
    full_name: Option<FullName>,
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
    full_name: Option<FullName>,
}

/// An open invitation.
#[derive(Serialize, ToSchema)]
pub(crate) struct InviteAnswer {
    /// The invited user.
    user: UserRow,
    /// What the person registers with; null where it was sent by mail.
    #[schema(required = true)]
    invitation_token: Option<String>,
    /// Until when.
    expires_at: DateTime<Utc>,
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

/// Invite a user
///
/// As an administrator. The invitation is open for seven days.
#[utoipa::path(post, path = "/tenants/users/invite", tag = "tenants", security(("bearer" = [])),
    request_body = InviteUserBody,
    responses((status = 201, description = "The open invitation", body = InviteAnswer,
        headers(("ETag", description = "The user's version"), ("Location", description = "Where the user is")))))]
pub(crate) async fn invite_user(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    JsonBody(body): JsonBody<InviteUserBody>,
) -> Result<Answer<InviteAnswer>, Problem> {
    let invitation = api.app.invite_user(&caller, body.email, body.full_name, body.role).await?;
    let user = api.views.get_user(&caller, UserId(invitation.done.resource)).await?;
    let (version, location) = (user.version, format!("/api/v1/tenants/users/{}", user.id));
    let position = api.position(caller.tenant, invitation.done).await?;
    let token = (!api.http.mail_configured).then(|| invitation.token.expose_secret().to_owned());
    let answer = InviteAnswer { user, invitation_token: token, expires_at: invitation.expires_at };
    Ok(Answer::created(location, answer).version(version).position(position))
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
    let change = UserChange { role: body.role, is_active: body.is_active, full_name: body.full_name };
    let done = api.app.change_user(&caller, user, change).await?;
    api.sessions.forget(caller.tenant).await;
    let user = api.views.get_user(&caller, user).await?;
    let (version, position) = (user.version, api.position(caller.tenant, done).await?);
    Ok(Answer::ok(user).version(version).position(position))
}

/// Take a user's access away
///
/// As an administrator. Sessions end at once; an open invitation is taken back; the history stays.
#[utoipa::path(delete, path = "/tenants/users/{id}", tag = "tenants", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The user's id")),
    responses((status = 204, description = "The user has no access any more")))]
pub(crate) async fn deactivate_user(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(user): PathId<UserId>,
) -> Result<Emptied, Problem> {
    let done = api.app.deactivate_user(&caller, user).await?;
    api.sessions.forget(caller.tenant).await;
    Ok(Emptied::at(api.position(caller.tenant, done).await?))
}
