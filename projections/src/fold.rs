//! The keyed fold: a batch of events, grouped by stream, becomes rows. Pure.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{Event, Recorded, TenantId};
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::columns::{Column, SaveQuery};

/// Names a row: its tenant and its stream's id.
pub(crate) type Key = (TenantId, Uuid);

/// A read model with one row per stream.
pub(crate) trait Model: Send + Sync + 'static {
    /// Its table, and its name.
    const TABLE: &'static str;
    /// The columns of the primary key: `tenant_id`, or `tenant_id` and `id`.
    const KEY: &'static [&'static str];
    /// Every column, in the order of `decode` and `bind`.
    const COLUMNS: &'static [Column];
    /// The events of its streams.
    type Event: Sync + 'static;
    /// A row.
    type Row: Send + Sync + 'static;

    /// The event, if it is one of this model's streams.
    fn own(event: &Event) -> Option<&Self::Event>;
    /// What an event makes of the row: `None` before the first event and once the thing is gone. An event for a
    /// row that is not there changes nothing.
    fn fold(row: &mut Option<Self::Row>, event: &Self::Event, recorded: &Recorded);
    /// The sequence of the last event in the row.
    fn version(row: &Self::Row) -> i64;
    /// Writes that sequence, and when the event was recorded, into the row.
    fn stamp(row: &mut Self::Row, version: i64, at: DateTime<Utc>);
    /// A row as read with [`Model::COLUMNS`].
    fn decode(row: &PgRow) -> Result<Self::Row, sqlx::Error>;
    /// Binds the rows, one array per column.
    fn bind<'q>(query: SaveQuery<'q>, rows: &'q [Self::Row]) -> SaveQuery<'q>;
}

/// The part of a batch that belongs to one model, by row.
pub(crate) struct Batch<'b, M: Model> {
    streams: Vec<Stream<'b, M>>,
    by_key: HashMap<Key, usize>,
}

struct Stream<'b, M: Model> {
    key: Key,
    row: Option<M::Row>,
    events: Vec<(&'b M::Event, &'b Recorded)>,
}

/// What a batch changes.
pub(crate) struct Changes<R> {
    /// Rows of streams that begin in the batch.
    pub(crate) births: Vec<R>,
    /// Other rows that differ.
    pub(crate) saves: Vec<R>,
    /// Rows that are gone.
    pub(crate) removals: Vec<Key>,
}

impl<'b, M: Model> Batch<'b, M> {
    /// Groups the model's own events by row; the order within a row stays.
    pub(crate) fn group(batch: &'b [Recorded]) -> Self {
        let mut this = Self { streams: Vec::new(), by_key: HashMap::new() };
        for recorded in batch {
            let Some(event) = M::own(&recorded.event) else {
                continue;
            };
            let key = (recorded.stream.tenant, recorded.stream.id);
            let at = *this.by_key.entry(key).or_insert_with(|| {
                this.streams.push(Stream { key, row: None, events: Vec::with_capacity(1) });
                this.streams.len() - 1
            });
            this.streams[at].events.push((event, recorded));
        }
        this
    }

    /// Whether the batch has nothing for this model.
    pub(crate) const fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// The rows that must be loaded: those whose first event is not in the batch.
    pub(crate) fn to_load(&self) -> impl Iterator<Item = Key> {
        self.streams.iter().filter(|stream| !begins(&stream.events)).map(|stream| stream.key)
    }

    /// Takes a row in that was loaded.
    pub(crate) fn loaded(&mut self, key: Key, row: M::Row) {
        if let Some(&at) = self.by_key.get(&key) {
            self.streams[at].row = Some(row);
        }
    }

    /// Folds. Events that a row already contains are passed over, so a batch applied twice is applied once.
    pub(crate) fn fold(self) -> Changes<M::Row> {
        let mut changes = Changes { births: Vec::new(), saves: Vec::new(), removals: Vec::new() };
        for Stream { key, mut row, events } in self.streams {
            let (mut grew, mut existed) = (false, row.is_some());
            let begins = begins(&events);
            for (event, recorded) in events {
                if row.as_ref().is_some_and(|row| recorded.sequence <= M::version(row)) {
                    continue;
                }
                M::fold(&mut row, event, recorded);
                if let Some(row) = &mut row {
                    M::stamp(row, recorded.sequence, recorded.recorded_at);
                    (grew, existed) = (true, true);
                }
            }
            match row {
                Some(row) if grew && begins => changes.births.push(row),
                Some(row) if grew => changes.saves.push(row),
                None if existed => changes.removals.push(key),
                Some(_) | None => {}
            }
        }
        changes
    }
}

/// Whether a stream's first event is among these.
fn begins<E>(events: &[(&E, &Recorded)]) -> bool {
    events.first().is_some_and(|(_, first)| first.sequence == 1)
}
