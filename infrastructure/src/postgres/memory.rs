//! Streams as this process last knew them.

use std::io::{self, Write};
use std::sync::Arc;

use application::commit::{Append, Expected};
use domain::{AggregateType, Event, StreamId};
use moka::sync::Cache;

/// How much is remembered in all, and of one stream at most, in bytes of events as JSON.
const MOST: u64 = 64 << 20;
const MOST_OF_ONE: usize = 64 << 10;
/// What a stream and an event cost beside their text.
const BESIDE: usize = 512;

/// Streams of agents and tasks, which command after command is about. Streams of persons are not kept: what is sealed in
/// the log is not left lying open.
///
/// A stream may have gone on since in another process. It is forgotten as soon as a commit shows that.
#[derive(Clone)]
pub(super) struct Memory {
    streams: Cache<StreamId, Arc<Remembered>>,
}

/// A stream from its beginning to some version.
#[derive(Clone, Debug, Default)]
pub(super) struct Remembered {
    /// Oldest first.
    pub(super) events: Vec<Event>,
    /// The sequence of the last one.
    pub(super) version: i64,
    weight: usize,
}

impl Memory {
    pub(super) fn new() -> Self {
        let weigh = |_: &StreamId, stream: &Arc<Remembered>| u32::try_from(stream.weight).unwrap_or(u32::MAX);
        Self { streams: Cache::builder().max_capacity(MOST).weigher(weigh).build() }
    }

    pub(super) fn find(&self, stream: StreamId) -> Option<Arc<Remembered>> {
        self.streams.get(&stream)
    }

    /// Takes in a stream as it was read.
    pub(super) fn read(&self, stream: StreamId, events: &[Event], version: i64) {
        if is_kept(stream) && version > 0 && self.find(stream).is_none_or(|known| known.version < version) {
            self.keep(stream, Remembered::default().and(events, version));
        }
    }

    /// What of a commit is to be taken in once it took effect.
    pub(super) fn notice(appends: &[Append]) -> Vec<Append> {
        appends.iter().filter(|append| is_kept(append.stream)).cloned().collect()
    }

    /// Takes in what was committed.
    pub(super) fn committed(&self, appends: Vec<Append>) {
        for Append { stream, expected, events } in appends.into_iter().filter(|one| !one.events.is_empty()) {
            let before = match expected {
                Expected::Exactly(0) => Some(Arc::default()),
                Expected::Exactly(version) => self.find(stream).filter(|known| known.version == version),
                Expected::Any => None,
            };
            match before {
                Some(before) => {
                    let version = before.version + i64::try_from(events.len()).unwrap_or_default();
                    self.keep(stream, Arc::unwrap_or_clone(before).and(&events, version));
                }
                None => self.streams.invalidate(&stream),
            }
        }
    }

    /// Takes in that a commit on these streams was refused, or that nobody knows what became of it.
    pub(super) fn forget(&self, appends: &[Append]) {
        for append in appends {
            self.streams.invalidate(&append.stream);
        }
    }

    fn keep(&self, stream: StreamId, remembered: Remembered) {
        if remembered.weight <= MOST_OF_ONE {
            self.streams.insert(stream, Arc::new(remembered));
        } else {
            self.streams.invalidate(&stream);
        }
    }
}

impl Remembered {
    /// The stream with these events at its end.
    fn and(mut self, events: &[Event], version: i64) -> Self {
        self.weight += BESIDE + events.iter().map(|event| BESIDE + size(event)).sum::<usize>();
        self.events.extend_from_slice(events);
        self.version = version;
        self
    }
}

const fn is_kept(stream: StreamId) -> bool {
    match stream.aggregate {
        AggregateType::Agent | AggregateType::Task => true,
        AggregateType::Tenant | AggregateType::User => false,
    }
}

fn size(event: &Event) -> usize {
    let mut counter = Counter(0);
    let written = match event {
        Event::Tenant(event) => serde_json::to_writer(&mut counter, event),
        Event::User(event) => serde_json::to_writer(&mut counter, event),
        Event::Agent(event) => serde_json::to_writer(&mut counter, event),
        Event::Task(event) => serde_json::to_writer(&mut counter, event),
    };
    // What cannot be measured is not kept.
    written.map_or(usize::MAX / 4, |()| counter.0)
}

/// Counts bytes.
struct Counter(usize);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::TenantId;
    use domain::agent::AgentEvent;
    use domain::task::TaskEvent;
    use domain::user::UserEvent;
    use uuid::Uuid;

    use super::*;

    const TENANT: TenantId = TenantId(Uuid::from_u128(1));

    fn agent() -> StreamId {
        StreamId::agent(TENANT, domain::AgentId(Uuid::from_u128(2)))
    }

    fn append(stream: StreamId, expected: Expected, events: Vec<Event>) -> Vec<Append> {
        vec![Append { stream, expected, events }]
    }

    fn started() -> Event {
        Event::Agent(AgentEvent::Started {})
    }

    fn version(memory: &Memory) -> Option<(i64, usize)> {
        memory.find(agent()).map(|known| (known.version, known.events.len()))
    }

    #[test]
    fn a_stream_is_known_from_its_beginning_or_a_look_and_goes_on_by_commits() {
        let memory = Memory::new();
        memory.committed(append(agent(), Expected::Exactly(0), vec![started(), started()]));
        assert_eq!(version(&memory), Some((2, 2)));
        memory.committed(append(agent(), Expected::Exactly(2), vec![started()]));
        assert_eq!(version(&memory), Some((3, 3)));
        memory.read(agent(), &[started(), started()], 2);
        assert_eq!(version(&memory), Some((3, 3)));
        memory.read(agent(), &[started(), started(), started(), started()], 4);
        assert_eq!(version(&memory), Some((4, 4)));
    }

    #[test]
    fn what_does_not_follow_on_what_is_known_is_not_guessed_at() {
        let memory = Memory::new();
        memory.committed(append(agent(), Expected::Exactly(1), vec![started()]));
        assert_eq!(version(&memory), None);
        for expected in [Expected::Exactly(3), Expected::Any] {
            memory.read(agent(), &[started(), started()], 2);
            memory.committed(append(agent(), expected, vec![started()]));
            assert_eq!(version(&memory), None);
        }
    }

    #[test]
    fn a_commit_that_is_refused_shows_what_was_wrong_and_a_guard_moves_nothing() {
        let memory = Memory::new();
        memory.read(agent(), &[started()], 1);
        memory.committed(append(agent(), Expected::Exactly(1), vec![]));
        assert_eq!(version(&memory), Some((1, 1)));
        memory.forget(&append(agent(), Expected::Exactly(1), vec![]));
        assert_eq!(version(&memory), None);
    }

    #[test]
    fn neither_persons_nor_large_streams_are_kept() {
        let memory = Memory::new();
        let user = StreamId::user(TENANT, domain::UserId(Uuid::from_u128(3)));
        memory.read(user, &[Event::User(UserEvent::InvitationExpired {})], 1);
        assert!(Memory::notice(&append(user, Expected::Exactly(1), vec![])).is_empty());
        let task = StreamId::task(TENANT, domain::TaskId(Uuid::from_u128(4)));
        let many = vec![Event::Task(TaskEvent::Retried {}); MOST_OF_ONE / BESIDE];
        memory.read(task, &many, 1);
        assert!(memory.find(user).is_none() && memory.find(task).is_none());
    }
}
