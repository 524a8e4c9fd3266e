use application::OtherSessions;
use axum::extract::State;
use domain::tenant::Subdomain;
use domain::{Email, Permission, UserId};
use serde::{Deserialize, Serialize};
use tracing::Instrument as _;
use utoipa::ToSchema;

use crate::ApiState;
use crate::answer::{Answer, Emptied};
use crate::extract::{
    Authed, JsonBody, Password, PathId, PresentedPassword, RequestOrigin, TenantHint, Token,
};
use crate::limits::Throttle;
use crate::problem::{Problem, ProblemBody};

/// A new password in exchange for the present one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "current_password": "correct horse battery staple",
    "new_password": "seven violins on a pier"
}))]
pub(crate) struct ChangePasswordBody {
    /// The present one.
    #[schema(value_type = String, format = "password", max_length = 256)]
    current_password: PresentedPassword,
    /// The one to sign in with from now on; not one that is easy to guess.
    #[schema(value_type = String, format = "password", min_length = 15, max_length = 256)]
    new_password: Password,
    /// Whether one's other sessions go on; otherwise they end.
    #[serde(default)]
    keep_other_sessions: bool,
}

/// Whose password is forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "ada@acme.example"}))]
pub(crate) struct RequestPasswordResetBody {
    /// The address to sign in with.
    #[schema(value_type = String, format = "email", max_length = 254)]
    email: Email,
    /// In which organisation; without it in all that the address has access to.
    #[schema(value_type = Option<String>)]
    tenant_subdomain: Option<Subdomain>,
}

/// A new password in exchange for the token of a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmPasswordResetBody {
    /// Out of the newest link; works once, for 30 minutes.
    #[schema(value_type = String)]
    token: Token,
    /// The one to sign in with from now on; not one that is easy to guess.
    #[schema(value_type = String, format = "password", min_length = 15, max_length = 256)]
    new_password: Password,
}

/// Nothing to tell: whether there is such a user is not for everyone to know.
#[derive(Serialize, ToSchema)]
pub(crate) struct PasswordResetRequested {}

/// Change one's password
///
/// One's other sessions end, unless `keep_other_sessions` says otherwise.
#[utoipa::path(put, path = "/auth/password", tag = "auth", security(("bearer" = [])),
    request_body = ChangePasswordBody,
    responses((status = 204, description = "The new password is in force"),
        (status = 403, description = "`wrong_password`: the present one is another.", body = ProblemBody,
            content_type = "application/problem+json")))]
pub(crate) async fn change_password(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    throttle: Throttle,
    JsonBody(body): JsonBody<ChangePasswordBody>,
) -> Result<Emptied, Problem> {
    throttle.present_password(caller.user).await?;
    let others = if body.keep_other_sessions { OtherSessions::Keep } else { OtherSessions::End };
    let done = api.app.change_password(&caller, body.current_password.0, body.new_password.0, others).await?;
    throttle.present_password_was_right(caller.user).await;
    api.sessions.forget(caller.tenant).await;
    Ok(Emptied::at(api.position(caller.tenant, done).await?))
}

/// Ask for a link to reset a password
///
/// It is sent to the address, one for each organisation. The answer is the same for an address that nobody signs in
/// with.
#[utoipa::path(post, path = "/auth/password-reset", tag = "auth", request_body = RequestPasswordResetBody,
    responses((status = 202, description = "If there is such a user, a link is on its way",
        body = PasswordResetRequested),
        (status = 404, description = "Body, host and `X-Tenant` do not name the same organisation.", body = ProblemBody,
            content_type = "application/problem+json")))]
pub(crate) async fn request_password_reset(
    State(api): State<ApiState>,
    RequestOrigin(mut origin): RequestOrigin,
    throttle: Throttle,
    hint: TenantHint,
    JsonBody(body): JsonBody<RequestPasswordResetBody>,
) -> Result<Answer<PasswordResetRequested>, Problem> {
    throttle.reset(&body.email).await?;
    let subdomain = hint.with(body.tenant_subdomain)?;
    // A key is for one commit; here there may be several or none, and repeating the request does no harm.
    origin.idempotency = None;
    // The answer does not wait: how long it takes would tell whether there is such a user.
    let asking = async move {
        let asked = api.app.request_password_reset(&origin, &body.email, subdomain.as_ref()).await;
        if let Err(error) = asked {
            tracing::error!(%error, "a password reset was asked for in vain");
        }
    };
    tokio::spawn(asking.in_current_span());
    Ok(Answer::accepted(PasswordResetRequested {}))
}

/// Reset a forgotten password
///
/// With the token of the newest link. All of the user's sessions end.
#[utoipa::path(post, path = "/auth/password-reset/confirm", tag = "auth",
    request_body = ConfirmPasswordResetBody,
    responses((status = 204, description = "The new password is in force"),
        (status = 403, description = "`reset_invalid`: the link is unknown, used, replaced or expired.",
            body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn confirm_password_reset(
    State(api): State<ApiState>,
    RequestOrigin(origin): RequestOrigin,
    throttle: Throttle,
    JsonBody(body): JsonBody<ConfirmPasswordResetBody>,
) -> Result<Emptied, Problem> {
    throttle.mailed_token().await?;
    let (tenant, done) = api.app.confirm_password_reset(&origin, &body.token.0, body.new_password.0).await?;
    throttle.mailed_token_was_good().await;
    api.sessions.forget(tenant).await;
    Ok(Emptied::at(api.position(tenant, done).await?))
}

/// Send a user a link to reset the password
///
/// As an administrator, who never learns it. The present password stays good until another is chosen.
#[utoipa::path(post, path = "/tenants/users/{id}/password-reset", tag = "tenants", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The user's id")),
    responses((status = 202, description = "A link is on its way", body = PasswordResetRequested)))]
pub(crate) async fn reset_user_password(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    throttle: Throttle,
    PathId(user): PathId<UserId>,
) -> Result<Answer<PasswordResetRequested>, Problem> {
    caller.require(Permission::ManageUsers)?;
    throttle.reset_for(user).await?;
    let done = api.app.reset_user_password(&caller, user).await?;
    Ok(Answer::accepted(PasswordResetRequested {}).position(api.position(caller.tenant, done).await?))
}
