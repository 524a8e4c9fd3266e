use domain::{Event, StreamId};

use super::Unavailable;
use crate::commit::{Commit, CommitError, Receipt};

/// The event log: every change goes through [`EventLog::commit`], every decision starts from
/// [`EventLog::load`].
#[async_trait::async_trait]
pub trait EventLog: Send + Sync {
    /// A whole stream, oldest event first, brought to the present version of each event; empty if it does not
    /// exist.
    async fn load(&self, stream: StreamId) -> Result<Loaded, Unavailable>;

    /// A whole stream as this process last knew it, or as it is: enough to decide on where the commit depends on its
    /// version. A log that remembers nothing reads it.
    async fn recall(&self, stream: StreamId) -> Result<Recalled, Unavailable> {
        self.load(stream).await.map(Recalled::from)
    }

    /// Commits all of it or nothing. Once it returns a receipt, the events are durable and every inline read
    /// model shows them. Not cancelled when the caller goes away.
    async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError>;

    /// Commits it in the background, for what is recorded and decides nothing: who asks must not tell by the time the
    /// answer takes whether there was something to record. A failure is logged.
    fn note(&self, commit: Commit);
}

/// A stream as read.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Its events, oldest first.
    pub events: Vec<Event>,
    /// The sequence of the last one; 0 if there is none.
    pub version: i64,
    /// When the last one was recorded.
    pub recorded_at: Option<chrono::DateTime<chrono::Utc>>,
}

/// A stream as it is known.
#[derive(Clone, Debug, Default)]
pub struct Recalled {
    /// Its events, oldest first.
    pub events: Vec<Event>,
    /// The sequence of the last one; 0 if there is none.
    pub version: i64,
    /// Whether it may have gone on since, in another process. Nobody is to be refused by it then, or told that there is
    /// nothing to do.
    pub is_remembered: bool,
}

impl From<Loaded> for Recalled {
    fn from(Loaded { events, version, .. }: Loaded) -> Self {
        Self { events, version, is_remembered: false }
    }
}
