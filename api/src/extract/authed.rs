//! Who asks.

use application::Caller;
use application::ports::AccessClaims;
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};

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
        let claims = state.app.tokens.verify_access(token).ok_or_else(Problem::bad_token)?;
        let hint = TenantHint::from_request_parts(parts, state).await?;
        let RequestOrigin(origin) = RequestOrigin::from_request_parts(parts, state).await?;
        let session = state.sessions.get(&state.views, claims.tenant, claims.session).await?;
        let role = admit(session.as_deref(), &claims)?;
        if let Some(session) = &session {
            hint.require(&session.subdomain)?;
        }
        tracing::Span::current().record("tenant.id", tracing::field::display(claims.tenant));
        Ok(Self(Caller { tenant: claims.tenant, user: claims.user, session: claims.session, role, origin }))
    }
}

/// The role of the one who holds the session, if it is still open and its tenant at work.
pub(crate) fn admit(
    session: Option<&projections::SessionState>,
    claims: &AccessClaims,
) -> Result<domain::Role, Problem> {
    let session = session.filter(|session| session.user == claims.user).ok_or_else(Problem::bad_token)?;
    if session.suspended {
        return Err(Problem::new(StatusCode::FORBIDDEN, "tenant.suspended", "the organisation is suspended"));
    }
    Ok(session.role)
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
