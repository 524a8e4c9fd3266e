//! What can be done for a command before it waits for its turn: everything that needs no lock.

use application::commit::{Commit, Receipt};
use application::ports::Unavailable;
use domain::TenantId;

use super::super::codec::Codec;
use super::super::vault::{NewKey, Vault};

/// A command with its events as text, personal data sealed.
pub(super) struct Prepared {
    pub(super) commit: Commit,
    /// The text of every event, append by append.
    pub(super) payloads: Vec<Vec<String>>,
    /// The text that stands beside each of them.
    pub(super) metadata: String,
    /// Keys of persons of whom nothing was recorded before.
    pub(super) new_keys: Vec<NewKey>,
    /// Where its first event went when it was tried the last time: shows whether a commit whose answer was lost
    /// took effect.
    pub(super) tried: Option<Tried>,
    /// What it came to, once that showed that it did.
    pub(super) settled: Option<Receipt>,
}

/// Where a command's first event went.
#[derive(Clone, Copy)]
pub(super) struct Tried {
    pub(super) tenant: TenantId,
    pub(super) first_position: i64,
    pub(super) last_position: i64,
    pub(super) first_event: uuid::Uuid,
}

impl Prepared {
    pub(super) async fn new(vault: &Vault, commit: Commit) -> Result<Self, Unavailable> {
        let mut codec = Codec::new(vault, commit.tenant);
        let mut payloads = Vec::with_capacity(commit.appends.len());
        for append in &commit.appends {
            let mut texts = Vec::with_capacity(append.events.len());
            for event in &append.events {
                texts.push(codec.encode(event).await?);
            }
            payloads.push(texts);
        }
        let metadata = codec.encode_metadata(&commit.metadata).await?;
        Ok(Self { commit, payloads, metadata, new_keys: codec.into_new_keys(), tried: None, settled: None })
    }
}
