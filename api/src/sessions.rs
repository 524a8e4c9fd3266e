//! Who open sessions belong to, remembered for a moment.

use std::sync::Arc;
use std::time::Duration;

use application::ports::AccessClaims;
use application::{App, AppError};
use domain::{SessionId, TenantId};
use moka::future::Cache;
use projections::{SessionState, Views};

/// How long an answer is believed. With what a read takes on top, the end of a session or a lost role bites
/// within five seconds on every node.
const BELIEVED: Duration = Duration::from_secs(4);
/// The most sessions remembered.
const MOST: u64 = 100_000;

/// A pair of tokens of a session.
type Key = (TenantId, SessionId, i32);

/// The sessions of every tenant. What is not open is asked for anew each time.
#[derive(Clone)]
pub struct Sessions {
    known: Cache<Key, Arc<SessionState>>,
}

impl Default for Sessions {
    /// Nothing remembered yet.
    fn default() -> Self {
        let known = Cache::builder().max_capacity(MOST).time_to_live(BELIEVED).build();
        Self { known }
    }
}

impl Sessions {
    /// Who holds a session, as of at most four seconds ago; nothing if it is not open.
    pub(crate) async fn get(
        &self,
        app: &App,
        views: &Views,
        claims: &AccessClaims,
    ) -> Result<Option<Arc<SessionState>>, AppError> {
        if let Some(known) = self.known.get(&key(claims)).await {
            return Ok(Some(known));
        }
        self.look_up(app, views, claims).await
    }

    /// Who holds a session now. The first use of a pair of tokens is noted before anything is done with it: from then
    /// on the token that it was exchanged for is stolen goods.
    pub(crate) async fn look_up(
        &self,
        app: &App,
        views: &Views,
        claims: &AccessClaims,
    ) -> Result<Option<Arc<SessionState>>, AppError> {
        let mut state = views.session(claims).await?;
        if state.as_ref().is_some_and(|state| state.is_unused) {
            let AccessClaims { tenant, session, generation, .. } = *claims;
            if !app.credentials.mark_used(tenant, session, generation).await? {
                // Exchanged or given up in this moment.
                state = views.session(claims).await?;
            }
        }
        let state = state.map(Arc::new);
        match &state {
            Some(state) => self.known.insert(key(claims), Arc::clone(state)).await,
            None => self.known.invalidate(&key(claims)).await,
        }
        Ok(state)
    }

    /// Forgets the sessions of a tenant after a change of its users or of itself, so that it bites at once on
    /// this node.
    pub(crate) async fn forget(&self, tenant: TenantId) {
        let of_tenant: Vec<_> =
            self.known.iter().map(|(key, _)| *key).filter(|key| key.0 == tenant).collect();
        for key in of_tenant {
            self.known.invalidate(&key).await;
        }
    }
}

const fn key(claims: &AccessClaims) -> Key {
    (claims.tenant, claims.session, claims.generation)
}
