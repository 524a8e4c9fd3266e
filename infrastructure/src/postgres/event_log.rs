//! The event log as use cases see it.

use std::sync::Arc;

use application::commit::{Commit, CommitError, Receipt};
use application::ports::{EventLog, Loaded, Recalled, Unavailable};
use domain::StreamId;
use tracing::Instrument as _;

use super::codec::{Codec, EVENT_COLUMNS, EventRow};
use super::committer::{Committer, CommitterOptions};
use super::database::Database;
use super::memory::Memory;
use super::projector::Projectors;
use super::reader::Reader;
use super::unavailable;
use super::vault::Vault;
use super::wake::Wake;

/// Loads streams through the tenant-scoped reader and commits through the group committer.
#[derive(Clone)]
pub struct PgEventLog {
    reader: Reader,
    vault: Vault,
    committer: Arc<Committer>,
    memory: Memory,
}

impl PgEventLog {
    /// Starts the committer on connections of its own.
    pub async fn start(
        database: &Database,
        vault: Vault,
        projectors: Projectors,
        wake: Wake,
        options: CommitterOptions,
    ) -> Result<Self, sqlx::Error> {
        let committer = Committer::start(database, vault.clone(), projectors, wake, options).await?;
        Ok(Self { reader: database.reader(), vault, committer: Arc::new(committer), memory: Memory::new() })
    }

    /// Takes no more commits and returns when those that were taken are answered.
    pub async fn drain(&self) {
        self.committer.drain().await;
    }

    async fn commit_and_remember(&self, commit: Commit) -> Result<Receipt, CommitError> {
        let noticed = Memory::notice(&commit.appends);
        let committed = self.committer.commit(commit).await;
        match &committed {
            Ok(receipt) if !receipt.replayed => self.memory.committed(noticed),
            Ok(_) | Err(_) => self.memory.forget(&noticed),
        }
        committed
    }
}

#[async_trait::async_trait]
impl EventLog for PgEventLog {
    async fn load(&self, stream: StreamId) -> Result<Loaded, Unavailable> {
        let rows: Vec<EventRow> = self
            .reader
            .read(stream.tenant, move |conn| {
                Box::pin(async move {
                    let sql = format!(
                        "select {EVENT_COLUMNS} from events
                         where tenant_id = $1 and aggregate_type = $2 and aggregate_id = $3
                         order by sequence"
                    );
                    sqlx::query_as(&sql)
                        .bind(stream.tenant.0)
                        .bind(stream.aggregate.as_str())
                        .bind(stream.id)
                        .fetch_all(conn)
                        .await
                })
            })
            .await
            .map_err(unavailable)?;
        let mut codec = Codec::new(&self.vault, stream.tenant);
        let mut loaded = Loaded { events: Vec::with_capacity(rows.len()), ..Loaded::default() };
        for row in rows {
            loaded.version = row.sequence;
            loaded.recorded_at = Some(row.recorded_at);
            loaded.events.push(codec.decode_event(&row).await?);
        }
        self.memory.read(stream, &loaded.events, loaded.version);
        Ok(loaded)
    }

    async fn recall(&self, stream: StreamId) -> Result<Recalled, Unavailable> {
        if let Some(known) = self.memory.find(stream) {
            return Ok(Recalled {
                events: known.events.clone(),
                version: known.version,
                is_remembered: true,
            });
        }
        self.load(stream).await.map(Recalled::from)
    }

    async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
        self.commit_and_remember(commit).await
    }

    fn note(&self, commit: Commit) {
        let log = self.clone();
        let noting = async move {
            match log.commit_and_remember(commit).await {
                Ok(_) => {}
                Err(CommitError::Limit(limit)) => tracing::debug!(%limit, "not recorded"),
                Err(error) => tracing::warn!(%error, "something that happened was not recorded"),
            }
        };
        tokio::spawn(noting.in_current_span());
    }
}
