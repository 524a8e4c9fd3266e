use application::{Presented, SignedIn};
use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{SessionId, UserId};
use projections::{Page, PageRequest, SessionRow};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::page_schema;
use crate::ApiState;
use crate::answer::{Answer, Emptied};
use crate::extract::{
    Authed, JsonBody, Limit, Parameters, PathId, PresentedPassword, RequestOrigin, Token, cookie,
    note_session,
};
use crate::limits::Throttle;
use crate::problem::{Problem, ProblemBody};

page_schema!(SessionPage, SessionRow, "one's open sessions");

/// Makes a browser forget what it holds of the site. "cache" is not in it: no answer of the API may be cached (they say
/// no-store), and Chromium takes seconds to search its whole cache before it goes on.
const CLEAR_SITE_DATA: (HeaderName, HeaderValue) =
    (HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cookies\", \"storage\""));

/// Where the refresh token of an answer goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefreshTokenIn {
    /// In the answer, for programs.
    #[default]
    Body,
    /// In a cookie that no script can read, for browsers.
    Cookie,
}

/// What a session goes on with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshBody {
    /// The newest one; each works once. Without one the cookie's is used.
    #[schema(value_type = Option<String>)]
    refresh_token: Option<Token>,
}

/// The password again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"password": "correct horse battery staple"}))]
pub(crate) struct ReauthenticateBody {
    /// One's present password.
    #[schema(value_type = String, format = "password", max_length = 256)]
    password: PresentedPassword,
}

/// The tokens of a session.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefreshAnswer {
    /// For requests: `Authorization: Bearer …`.
    access_token: String,
    /// For the next access token; works once. Null where the cookie holds it.
    #[schema(required = true)]
    refresh_token: Option<String>,
    /// Always `Bearer`.
    token_type: &'static str,
    /// How many seconds the access token lives.
    expires_in: i64,
}

/// Which sessions, and in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SessionsQuery {
    /// How many at most.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// A field, with a `-` before it for descending order.
    #[param(example = "-last_used_at")]
    sort: Option<String>,
}

/// The public keys of access tokens (RFC 7517).
#[derive(Serialize, ToSchema)]
pub(crate) struct KeySet {
    /// The present one first; none where access tokens are signed with a shared secret.
    keys: Vec<PublicJwk>,
}

/// A public key (RFC 8037).
#[derive(Serialize, ToSchema)]
pub(crate) struct PublicJwk {
    /// Always `OKP`.
    kty: &'static str,
    /// Always `Ed25519`.
    crv: &'static str,
    /// Always `EdDSA`.
    alg: &'static str,
    /// Always `sig`.
    #[serde(rename = "use")]
    purpose: &'static str,
    /// What tokens call it by.
    kid: String,
    /// The key, in base64url.
    x: String,
}

/// Refresh the access token
///
/// Each refresh token works once. One that was exchanged before is exchanged again as long as nothing of the first answer
/// was used: that answer was lost. Once it was used, the session is ended, for two hold its token. A token from the cookie
/// is answered with 409 `refresh_superseded` for three seconds after its exchange, which another tab made: ask again.
#[utoipa::path(post, path = "/auth/refresh", tag = "auth", request_body = Option<RefreshBody>,
    responses((status = 200, description = "The new tokens", body = RefreshAnswer),
        (status = 401, description = "The token is unknown, used or expired.", body = ProblemBody,
            content_type = "application/problem+json")))]
pub(crate) async fn refresh(
    State(api): State<ApiState>,
    RequestOrigin(origin): RequestOrigin,
    headers: HeaderMap,
    uri: Uri,
    body: Option<JsonBody<RefreshBody>>,
) -> Result<(HeaderMap, Answer<RefreshAnswer>), Problem> {
    let given = body.and_then(|JsonBody(body)| body.refresh_token);
    let (token, presented, to) = if let Some(token) = &given {
        (token.0.as_str(), Presented::InBody, RefreshTokenIn::Body)
    } else {
        let token = cookie::read(&headers).ok_or(application::AppError::BadCredentials)?;
        cookie::require_same_origin(&headers, &uri)?;
        (token, Presented::InCookie, RefreshTokenIn::Cookie)
    };
    let signed_in = api.app.refresh(&origin, token, presented).await?;
    note_session(signed_in.tenant, signed_in.user, "refresh_token");
    let (headers, tokens) = hand_out(&signed_in, to);
    Ok((headers, Answer::ok(tokens)))
}

/// Sign out
///
/// Ends the session, also for access tokens already out, and makes a browser forget what it holds.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", security(("bearer" = [])),
    responses((status = 204, description = "The session is ended")))]
pub(crate) async fn log_out(
    State(api): State<ApiState>,
    Authed(caller): Authed,
) -> Result<(HeaderMap, Emptied), Problem> {
    let done = api.app.log_out(&caller).await?;
    api.sessions.forget(caller.tenant).await;
    let headers = HeaderMap::from_iter([(SET_COOKIE, cookie::clear()), CLEAR_SITE_DATA]);
    Ok((headers, Emptied::at(api.position(caller.tenant, done).await?)))
}

/// Give the password again
///
/// For five minutes the session may do what asks for it: without, that is answered with 403 `reauthentication_required`.
#[utoipa::path(post, path = "/auth/reauthenticate", tag = "auth", security(("bearer" = [])),
    request_body = ReauthenticateBody,
    responses((status = 204, description = "The password is right")))]
pub(crate) async fn reauthenticate(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    throttle: Throttle,
    JsonBody(body): JsonBody<ReauthenticateBody>,
) -> Result<StatusCode, Problem> {
    throttle.present_password(caller.user).await?;
    api.app.reauthenticate(&caller, body.password.0).await?;
    throttle.present_password_was_right(caller.user).await;
    api.sessions.forget(caller.tenant).await;
    Ok(StatusCode::NO_CONTENT)
}

/// List one's open sessions
#[utoipa::path(get, path = "/auth/sessions", tag = "auth", security(("bearer" = [])), params(SessionsQuery),
    responses((status = 200, description = "A page of sessions", body = SessionPage)))]
pub(crate) async fn list_sessions(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    Parameters(query): Parameters<SessionsQuery>,
) -> Result<Answer<Page<SessionRow>>, Problem> {
    let page = PageRequest { limit: query.limit.0, cursor: query.cursor, sort: query.sort };
    Ok(Answer::ok(api.views.list_sessions(&caller, &page).await?))
}

/// End one of one's sessions
///
/// Ended at once, also for access tokens already out.
#[utoipa::path(delete, path = "/auth/sessions/{id}", tag = "auth", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The session's id")),
    responses((status = 204, description = "The session is ended")))]
pub(crate) async fn end_session(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(session): PathId<SessionId>,
) -> Result<Emptied, Problem> {
    let done = api.app.end_session(&caller, session).await?;
    api.sessions.forget(caller.tenant).await;
    Ok(Emptied::at(api.position(caller.tenant, done).await?))
}

/// End one's other sessions
///
/// All but the one that asks.
#[utoipa::path(delete, path = "/auth/sessions", tag = "auth", security(("bearer" = [])),
    responses((status = 204, description = "The others are ended")))]
pub(crate) async fn end_other_sessions(
    State(api): State<ApiState>,
    Authed(caller): Authed,
) -> Result<Emptied, Problem> {
    let done = api.app.end_other_sessions(&caller).await?;
    api.sessions.forget(caller.tenant).await;
    Ok(Emptied::at(api.position(caller.tenant, done).await?))
}

/// End a user's sessions
///
/// As an administrator. The user may sign in again.
#[utoipa::path(delete, path = "/tenants/users/{id}/sessions", tag = "tenants", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The user's id")),
    responses((status = 204, description = "The user has no open session")))]
pub(crate) async fn end_sessions_of_user(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(user): PathId<UserId>,
) -> Result<Emptied, Problem> {
    let done = api.app.end_sessions_of(&caller, user).await?;
    api.sessions.forget(caller.tenant).await;
    Ok(Emptied::at(api.position(caller.tenant, done).await?))
}

/// Get the public keys of access tokens
///
/// Empty unless the service signs with EdDSA. While keys change, the one before is there too.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "auth",
    responses((status = 200, description = "The keys", body = KeySet)))]
pub(crate) async fn get_public_keys(State(api): State<ApiState>) -> Json<KeySet> {
    let keys = api.app.tokens.public_keys().into_iter().map(|key| PublicJwk {
        kty: "OKP",
        crv: "Ed25519",
        alg: "EdDSA",
        purpose: "sig",
        kid: key.id,
        x: URL_SAFE_NO_PAD.encode(key.bytes),
    });
    Json(KeySet { keys: keys.collect() })
}

/// The tokens for the answer's body, and the headers that go with them.
pub(super) fn hand_out(signed_in: &SignedIn, to: RefreshTokenIn) -> (HeaderMap, RefreshAnswer) {
    let refresh_token = signed_in.refresh_token.expose_secret();
    let in_cookie = to == RefreshTokenIn::Cookie;
    let kept = in_cookie.then(|| cookie::keep(refresh_token, signed_in.refresh_expires_in)).flatten();
    let tokens = RefreshAnswer {
        access_token: signed_in.access_token.expose_secret().to_owned(),
        refresh_token: (!in_cookie).then(|| refresh_token.to_owned()),
        token_type: "Bearer",
        expires_in: signed_in.expires_in,
    };
    (kept.into_iter().map(|value| (SET_COOKIE, value)).collect(), tokens)
}
