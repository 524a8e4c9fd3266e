//! What the tests of the folds share.

use chrono::{DateTime, Duration, Utc};
use domain::{Event, Metadata, Recorded, StreamId, TenantId};
use uuid::Uuid;

use crate::fold::{Batch, Key, Model};

/// The tenant of the tests.
pub(crate) const TENANT: TenantId = TenantId(Uuid::from_u128(1));

/// When an event of a sequence is recorded: a minute after the one before.
pub(crate) fn at(sequence: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + Duration::minutes(sequence)
}

/// Events of one stream as recorded, the first with the sequence given.
pub(crate) fn recorded<E: Into<Event>>(
    stream: StreamId,
    first: i64,
    events: impl IntoIterator<Item = E>,
) -> Vec<Recorded> {
    let numbered = (first..).zip(events);
    numbered
        .map(|(sequence, event)| Recorded {
            position: sequence,
            stream,
            sequence,
            id: Uuid::from_u128(sequence.unsigned_abs().into()),
            recorded_at: at(sequence),
            metadata: Metadata::system("test"),
            event: event.into(),
        })
        .collect()
}

/// A table in memory.
pub(crate) struct Table<M: Model>(pub(crate) Vec<(Key, M::Row)>);

impl<M: Model<Row: Clone>> Table<M> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Applies a batch as the projector does.
    pub(crate) fn apply(mut self, batch: &[Recorded]) -> Self {
        let mut grouped = Batch::<M>::group(batch);
        for key in grouped.to_load().collect::<Vec<_>>() {
            if let Some((_, row)) = self.0.iter().find(|(held, _)| *held == key) {
                grouped.loaded(key, row.clone());
            }
        }
        let keys: Vec<Key> = batch.iter().map(|event| (event.stream.tenant, event.stream.id)).collect();
        let changes = grouped.fold();
        let rows: Vec<M::Row> = changes.births.into_iter().chain(changes.saves).collect();
        assert!(rows.is_empty() || keys.iter().all(|key| *key == keys[0]), "one stream at a time");
        for row in rows {
            match self.0.iter_mut().find(|(held, _)| *held == keys[0]) {
                Some((_, held)) if M::version(held) < M::version(&row) => *held = row,
                Some(_) => {}
                None => self.0.push((keys[0], row)),
            }
        }
        self.0.retain(|(key, _)| !changes.removals.contains(key));
        self
    }

    /// Its only row.
    pub(crate) fn row(&self) -> &M::Row {
        assert_eq!(self.0.len(), 1, "one row");
        &self.0[0].1
    }
}
