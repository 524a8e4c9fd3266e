//! Programs with an API key.

use application::Caller;
use application::caller::Credential;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use projections::{KeyHolder, KeyName};
use uuid::Uuid;

use super::authed::note_session;
use super::{RequestOrigin, TenantHint};
use crate::ApiState;
use crate::problem::Problem;

/// What no other token begins with.
const BEGIN: &str = "ac_";

/// Whether a bearer token means to be an API key.
pub(super) fn is_api_key(token: &str) -> bool {
    token.starts_with(BEGIN)
}

/// The caller of a request with an API key.
pub(super) async fn admit_key(parts: &mut Parts, state: &ApiState, token: &str) -> Result<Caller, Problem> {
    // What has no key's form, or a wrong checksum, is refused without a look at the database.
    let digest = state.app.api_keys.digest(token).ok_or_else(Problem::bad_api_key)?;
    let hint = TenantHint::from_request_parts(parts, state).await?;
    let RequestOrigin(origin) = RequestOrigin::from_request_parts(parts, state).await?;
    let Some(holder) = state.api_keys.get(digest).await? else {
        // Whoever still uses a key that has ended is to be found in the log.
        if let Some(ended) = state.api_keys.find_ended(digest).await? {
            note_key(&ended);
        }
        return Err(Problem::bad_api_key());
    };
    if holder.expires_at <= state.app.clock.now() {
        return Err(Problem::bad_api_key());
    }
    require_at_work(&holder)?;
    hint.require(&holder.subdomain)?;
    note_key(&KeyName { tenant: holder.tenant, key: holder.key, user: holder.user });
    state.api_keys.note_use(holder.tenant, holder.key).await;
    let caller = Caller {
        tenant: holder.tenant,
        user: holder.user,
        credential: Credential::ApiKey { id: holder.key, scopes: holder.scopes },
        role: holder.role,
        reach: holder.agents.clone(),
        origin,
    };
    state.limits.caller(&caller, holder.tier, &parts.extensions)?;
    Ok(caller)
}

/// Looks at a caller's key anew, past any memory of it.
pub(super) async fn readmit_key(state: &ApiState, caller: &mut Caller, key: Uuid) -> Result<(), Problem> {
    let holder = state.views.key_holder(caller, key).await?.ok_or_else(Problem::bad_api_key)?;
    require_at_work(&holder)?;
    caller.role = holder.role;
    caller.reach = holder.agents;
    Ok(())
}

fn note_key(name: &KeyName) {
    note_session(name.tenant, name.user, "api_key");
    tracing::Span::current().record("api_key.id", tracing::field::display(name.key));
}

fn require_at_work(holder: &KeyHolder) -> Result<(), Problem> {
    if holder.suspended {
        return Err(Problem::new(StatusCode::FORBIDDEN, "tenant.suspended", "the organisation is suspended"));
    }
    Ok(())
}
