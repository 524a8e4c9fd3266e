use application::{AppError, Registration, SignIn};
use axum::extract::State;
use axum::http::HeaderMap;
use domain::tenant::Subdomain;
use domain::text::FullName;
use domain::{Email, Permission, TenantId, UserId};
use projections::schema::PermissionSchema;
use projections::{TenantRow, UserRow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::sessions::{RefreshAnswer, RefreshTokenIn, hand_out};
use crate::ApiState;
use crate::answer::Answer;
use crate::extract::{
    Address, Authed, JsonBody, JsonObject, Password, PresentedPassword, RequestOrigin, TenantHint, Token,
    Visible, note_session,
};
use crate::limits::Throttle;
use crate::problem::{Problem, ProblemBody, TenantChoice};

/// What someone registers with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "email": "ada@acme.example",
    "password": "correct horse battery staple",
    "full_name": "Ada Lovelace",
    "tenant_subdomain": "acme"
}))]
pub(crate) struct RegisterBody {
    /// The address to sign in with.
    #[schema(value_type = String, format = "email", max_length = 254)]
    email: Address,
    /// The password to sign in with; not one that is easy to guess.
    #[schema(value_type = String, format = "password", min_length = 15, max_length = 256)]
    password: Password,
    /// The person's name.
    #[schema(value_type = String, min_length = 1, max_length = 120)]
    full_name: Visible<FullName>,
    /// In which organisation; an invitation knows by itself, and so does a `Host` that names one.
    #[schema(value_type = Option<String>)]
    tenant_subdomain: Option<Subdomain>,
    /// Lets the first owner in whatever the address.
    #[schema(value_type = Option<String>)]
    setup_token: Option<Token>,
    /// Lets everybody else in.
    #[schema(value_type = Option<String>)]
    invitation_token: Option<Token>,
}

/// What someone signs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "email": "ada@acme.example",
    "password": "correct horse battery staple",
    "tenant_subdomain": "acme"
}))]
pub(crate) struct LoginBody {
    /// The address.
    #[schema(value_type = String, format = "email", max_length = 254)]
    email: Email,
    /// The password.
    #[schema(value_type = String, format = "password", max_length = 256)]
    password: PresentedPassword,
    /// In which organisation; needed only where both fit in several.
    #[schema(value_type = Option<String>)]
    tenant_subdomain: Option<Subdomain>,
    /// Where the refresh token goes; `body` if absent.
    #[serde(default)]
    refresh_token_in: RefreshTokenIn,
}

/// What changes of oneself; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"full_name": "Ada King", "preferences": {"theme": "dark"}}))]
pub(crate) struct ChangeProfileBody {
    /// A new name.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 120)]
    full_name: Option<Visible<FullName>>,
    /// New preferences, all of them.
    #[schema(value_type = Option<Object>)]
    preferences: Option<JsonObject>,
}

/// A session that is open now.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoginAnswer {
    #[serde(flatten)]
    tokens: RefreshAnswer,
    /// Who signed in.
    user: UserRow,
    /// In which organisation.
    tenant: TenantRow,
}

/// Oneself.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    /// Who is signed in.
    user: UserRow,
    /// In which organisation.
    tenant: TenantRow,
    /// What the role allows.
    #[schema(value_type = Vec<PermissionSchema>)]
    permissions: Vec<&'static str>,
}

/// Register
///
/// The first user of an organisation becomes its owner and needs its contact address or its `setup_token`;
/// everybody else needs an `invitation_token`.
#[utoipa::path(post, path = "/auth/register", tag = "auth", request_body = RegisterBody,
    responses((status = 201, description = "The new user", body = UserRow,
        headers(("ETag", description = "Its version"), ("Location", description = "Where it is"))),
        (status = 404, description = "No organisation has that subdomain, or host and `X-Tenant` name another.", body = ProblemBody,
            content_type = "application/problem+json")))]
pub(crate) async fn register(
    State(api): State<ApiState>,
    RequestOrigin(origin): RequestOrigin,
    throttle: Throttle,
    hint: TenantHint,
    JsonBody(body): JsonBody<RegisterBody>,
) -> Result<Answer<UserRow>, Problem> {
    throttle.register().await?;
    let is_invited = body.invitation_token.is_some();
    let new = Registration {
        email: body.email.0,
        password: body.password.0,
        full_name: body.full_name.into(),
        subdomain: hint.with(body.tenant_subdomain)?,
        setup_token: body.setup_token.map(|token| token.0),
        invitation_token: body.invitation_token.map(|token| token.0),
    };
    let (tenant, done) = api.app.register(&origin, new).await?;
    if is_invited {
        throttle.registered_by_invitation().await;
    }
    let user = api.views.find_user(tenant, UserId(done.resource)).await?;
    let (version, location) = (user.version, format!("/api/v1/tenants/users/{}", user.id));
    let position = api.position(tenant, done).await?;
    Ok(Answer::created(location, user).version(version).position(position))
}

/// Sign in
///
/// Where address and password fit in several organisations, the answer is 409 `tenant_required` with the choices.
#[utoipa::path(post, path = "/auth/login", tag = "auth", request_body = LoginBody,
    responses((status = 200, description = "The open session", body = LoginAnswer),
        (status = 401, description = "The credentials are not right.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 404, description = "Body, host and `X-Tenant` do not name the same organisation.", body = ProblemBody,
            content_type = "application/problem+json")))]
pub(crate) async fn log_in(
    State(api): State<ApiState>,
    RequestOrigin(origin): RequestOrigin,
    throttle: Throttle,
    hint: TenantHint,
    JsonBody(body): JsonBody<LoginBody>,
) -> Result<(HeaderMap, Answer<LoginAnswer>), Problem> {
    let email = body.email.clone();
    throttle.sign_in(&email).await?;
    let sign_in =
        SignIn { email: body.email, password: body.password.0, subdomain: hint.with(body.tenant_subdomain)? };
    let signed_in = match api.app.log_in(&origin, sign_in).await {
        Err(AppError::TenantRequired(tenants)) => return Err(choices(&api, tenants).await?),
        result => result?,
    };
    note_session(signed_in.tenant, signed_in.user, "password");
    throttle.signed_in(&email).await;
    let user = api.views.find_user(signed_in.tenant, signed_in.user).await?;
    let tenant = api.views.find_tenant(signed_in.tenant).await?;
    let position = signed_in.position;
    let (headers, tokens) = hand_out(&signed_in, body.refresh_token_in);
    let answer = Answer::ok(LoginAnswer { tokens, user, tenant });
    let answer = match position {
        Some(position) => answer.position(position),
        None => answer,
    };
    Ok((headers, answer))
}

/// Get oneself
#[utoipa::path(get, path = "/auth/me", tag = "auth", security(("bearer" = [])),
    responses((status = 200, description = "Who is signed in, where, and what they may do", body = Me,
        headers(("ETag", description = "The user's version")))))]
pub(crate) async fn get_me(
    State(api): State<ApiState>,
    Authed(caller): Authed,
) -> Result<Answer<Me>, Problem> {
    // Whoever is known may know who they are, whatever a key was made for.
    let user = api.views.find_user(caller.tenant, caller.user).await?;
    let tenant = api.views.find_tenant(caller.tenant).await?;
    let version = user.version;
    let granted = Permission::ALL.into_iter().filter(|permission| {
        caller.may(*permission) && (caller.reach.is_all() || permission.is_of_single_agents())
    });
    let me = Me { user, tenant, permissions: granted.map(Permission::as_str).collect() };
    Ok(Answer::ok(me).version(version))
}

/// Change one's profile
#[utoipa::path(put, path = "/auth/profile", tag = "auth", security(("bearer" = [])),
    request_body = ChangeProfileBody,
    responses((status = 200, description = "Oneself as one is now", body = UserRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn change_profile(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    JsonBody(body): JsonBody<ChangeProfileBody>,
) -> Result<Answer<UserRow>, Problem> {
    let preferences = body.preferences.map(|json| json.0);
    let done = api.app.change_profile(&caller, body.full_name.map(Visible::into), preferences).await?;
    let user = api.views.get_user(&caller, caller.user).await?;
    let (version, position) = (user.version, api.position(caller.tenant, done).await?);
    Ok(Answer::ok(user).version(version).position(position))
}

/// The problem that lets someone choose among the organisations that their credentials fit.
async fn choices(api: &ApiState, tenants: Vec<TenantId>) -> Result<Problem, Problem> {
    let mut choices = Vec::with_capacity(tenants.len());
    for tenant in &tenants {
        let row = api.views.find_tenant(*tenant).await?;
        choices.push(TenantChoice { subdomain: row.subdomain, name: row.name });
    }
    Ok(Problem::from(AppError::TenantRequired(tenants)).tenant_required(choices))
}
