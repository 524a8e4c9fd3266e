//! Who open sessions belong to, remembered for a moment.

use std::sync::Arc;
use std::time::Duration;

use application::AppError;
use domain::{SessionId, TenantId};
use moka::future::Cache;
use projections::{SessionState, Views};

/// How long an answer is believed. With what a read takes on top, the end of a session or a lost role bites
/// within five seconds on every node.
const BELIEVED: Duration = Duration::from_secs(4);
/// The most sessions remembered.
const MOST: u64 = 100_000;

/// The sessions of every tenant. What is not open is asked for anew each time.
#[derive(Clone)]
pub struct Sessions {
    known: Cache<(TenantId, SessionId), Arc<SessionState>>,
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
        views: &Views,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Option<Arc<SessionState>>, AppError> {
        if let Some(known) = self.known.get(&(tenant, session)).await {
            return Ok(Some(known));
        }
        self.look_up(views, tenant, session).await
    }

    /// Who holds a session now.
    pub(crate) async fn look_up(
        &self,
        views: &Views,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Option<Arc<SessionState>>, AppError> {
        let state = views.session(tenant, session).await?.map(Arc::new);
        match &state {
            Some(state) => self.known.insert((tenant, session), Arc::clone(state)).await,
            None => self.known.invalidate(&(tenant, session)).await,
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
