//! Who asks.

use application::Caller;
use application::caller::Credential;
use application::ports::AccessClaims;
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use domain::{Reach, TenantId, UserId};
use projections::SessionState;

use super::api_key::{admit_key, is_api_key, readmit_key};
use super::{RequestOrigin, TenantHint};
use crate::ApiState;
use crate::problem::Problem;

/// A signed-in caller: a handler that asks for one does not run without.
pub(crate) struct Authed(pub(crate) Caller);

/// The longest access token that is looked at, in bytes.
const LONGEST: usize = 4 * 1024;

impl FromRequestParts<ApiState> for Authed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        // The middleware for idempotent requests may have asked before.
        if let Some(caller) = parts.extensions.get::<Caller>() {
            return Ok(Self(caller.clone()));
        }
        let token = bearer(&parts.headers)?;
        if is_api_key(token) {
            let token = token.to_owned();
            return admit_key(parts, state, &token).await.map(Self);
        }
        let claims = state.app.tokens.verify_access(token).ok_or_else(Problem::bad_token)?;
        let hint = TenantHint::from_request_parts(parts, state).await?;
        let RequestOrigin(origin) = RequestOrigin::from_request_parts(parts, state).await?;
        let session = state.sessions.get(&state.app, &state.views, &claims).await?;
        let session = admit(session.as_deref(), &claims)?;
        hint.require(&session.subdomain)?;
        note_session(claims.tenant, claims.user, "access_token");
        let (credential, role) = (credential(&claims, session), session.role);
        let (tenant, user, reach) = (claims.tenant, claims.user, Reach::All);
        let caller = Caller { tenant, user, credential, role, reach, origin };
        state.limits.caller(&caller, session.tier, &parts.extensions)?;
        Ok(Self(caller))
    }
}

/// Notes in the request's span who it is of, and by what they are known.
pub(crate) fn note_session(tenant: TenantId, user: UserId, by: &'static str) {
    let span = tracing::Span::current();
    span.record("tenant.id", tracing::field::display(tenant));
    span.record("user.id", tracing::field::display(user));
    span.record("auth.by", by);
}

/// Looks at a caller's credential anew, past any memory of it, for requests that last. The role may be another one since.
pub(crate) async fn readmit(state: &ApiState, caller: &mut Caller) -> Result<(), Problem> {
    if let Credential::ApiKey { id, .. } = caller.credential {
        return readmit_key(state, caller, id).await;
    }
    let Credential::Session { id: session, generation, .. } = caller.credential else {
        return caller.require_session().map(|_| ()).map_err(Problem::from);
    };
    let claims = AccessClaims { tenant: caller.tenant, user: caller.user, session, generation };
    let found = state.sessions.look_up(&state.app, &state.views, &claims).await?;
    let session = admit(found.as_deref(), &claims)?;
    caller.credential = credential(&claims, session);
    caller.role = session.role;
    Ok(())
}

/// Before what asks for a recent password: the memory of this node may not know yet that it was just given to another.
pub(crate) async fn readmit_if_stale(state: &ApiState, caller: &mut Caller) -> Result<(), Problem> {
    match caller.require_recent(state.app.clock.now()) {
        Ok(()) => Ok(()),
        Err(_) => readmit(state, caller).await,
    }
}

const fn credential(claims: &AccessClaims, session: &SessionState) -> Credential {
    Credential::Session {
        id: claims.session,
        generation: claims.generation,
        authenticated_at: session.authenticated_at,
    }
}

/// The session, if it is still open and its tenant at work.
fn admit<'s>(session: Option<&'s SessionState>, claims: &AccessClaims) -> Result<&'s SessionState, Problem> {
    let session = session.filter(|session| session.user == claims.user).ok_or_else(Problem::bad_token)?;
    if session.suspended {
        return Err(Problem::new(StatusCode::FORBIDDEN, "tenant.suspended", "the organisation is suspended"));
    }
    Ok(session)
}

fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or_else(Problem::token_missing)?;
    if values.next().is_some() {
        return Err(Problem::bad_token());
    }
    let text = value.to_str().map_err(|_| Problem::bad_token())?;
    let (scheme, token) = text.split_once(' ').ok_or_else(Problem::token_missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Problem::token_missing());
    }
    Some(token.trim())
        .filter(|token| !token.is_empty() && token.len() <= LONGEST)
        .ok_or_else(Problem::bad_token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_taken_from_one_authorization_header() {
        let code = |values: &[&str]| {
            let headers = values.iter().map(|value| (AUTHORIZATION, value.parse().unwrap())).collect();
            bearer(&headers).map(str::to_owned).map_err(|problem| problem.code())
        };
        assert_eq!(code(&["Bearer abc"]), Ok("abc".to_owned()));
        assert_eq!(code(&["bearer  abc "]), Ok("abc".to_owned()));
        assert_eq!(code(&[]), Err("unauthenticated"));
        assert_eq!(code(&["Basic abc"]), Err("unauthenticated"));
        assert_eq!(code(&["Bearer abc", "Bearer abc"]), Err("invalid_token"));
        assert_eq!(code(&[&format!("Bearer {}", "x".repeat(5_000))]), Err("invalid_token"));
    }
}
