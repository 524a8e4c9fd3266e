//! For whom API keys speak, remembered for a moment.

use std::sync::Arc;
use std::time::Duration;

use application::AppError;
use domain::TenantId;
use moka::future::Cache;
use projections::{KeyHolder, KeyHolders, KeyName};
use uuid::Uuid;

/// How long an answer is believed. With what a look-up takes on top, the end of a key, or of what its maker may do,
/// bites within five seconds on every node.
const BELIEVED: Duration = Duration::from_secs(4);
/// How often it is noted that a key is used.
const NOTED_EVERY: Duration = Duration::from_secs(60);
/// The most keys remembered.
const MOST: u64 = 100_000;

/// The API keys of every tenant. What does not work is asked for anew each time.
#[derive(Clone)]
pub struct ApiKeys {
    holders: KeyHolders,
    known: Cache<[u8; 32], Arc<KeyHolder>>,
    noted: Cache<(TenantId, Uuid), ()>,
}

impl ApiKeys {
    /// Nothing remembered yet.
    pub fn new(holders: KeyHolders) -> Self {
        let known = Cache::builder().max_capacity(MOST).time_to_live(BELIEVED).build();
        let noted = Cache::builder().max_capacity(MOST).time_to_live(NOTED_EVERY).build();
        Self { holders, known, noted }
    }

    /// For whom the key of a digest speaks, as of at most four seconds ago; nothing if it does not work.
    pub(crate) async fn get(&self, digest: [u8; 32]) -> Result<Option<Arc<KeyHolder>>, AppError> {
        if let Some(known) = self.known.get(&digest).await {
            return Ok(Some(known));
        }
        let found = self.holders.find(digest).await?.map(Arc::new);
        if let Some(holder) = &found {
            self.known.insert(digest, Arc::clone(holder)).await;
        }
        Ok(found)
    }

    /// Whose key a digest is of which no key works: one that was revoked or has run out, or whose maker has no access.
    pub(crate) async fn find_ended(&self, digest: [u8; 32]) -> Result<Option<KeyName>, AppError> {
        Ok(self.holders.find_name(digest).await?)
    }

    /// Notes that a key was let in. The request does not wait for it, and a note that is lost is made up for by the next.
    pub(crate) async fn note_use(&self, tenant: TenantId, key: Uuid) {
        if self.noted.entry((tenant, key)).or_insert(()).await.is_fresh() {
            let holders = self.holders.clone();
            tokio::spawn(async move { holders.note_use(tenant, key).await.ok() });
        }
    }

    /// Forgets the keys of a tenant after a change of them or of their makers, so that it bites at once on this node.
    pub(crate) async fn forget(&self, tenant: TenantId) {
        let of_tenant: Vec<_> =
            self.known.iter().filter(|(_, holder)| holder.tenant == tenant).map(|(key, _)| *key).collect();
        for digest in of_tenant {
            self.known.invalidate(&digest).await;
        }
    }
}
