//! Answers while they come in, from the worker that hears them to whoever watches, in this process or another.
//!
//! A worker keeps the draft of each of its calls in memory and writes nothing of it until somebody asks for the call. From
//! then on it writes what has come so far and, at most every [`PACE`], what comes further, until nobody has asked for
//! [`ASKED_FOR`]. Asking, and telling that a draft has grown, are notifications on one channel; the text is read from the
//! table. Whoever reads slowly keeps no worker waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use application::ports::{DraftedCall, Drafts, Live, Unavailable};
use sqlx::PgPool;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use uuid::Uuid;

use super::reader::Reader;
use super::unavailable;

/// The channel of drafts.
pub(super) const CHANNEL: &str = "agentcores_drafts";

/// How often a worker writes what has come, at most.
const PACE: Duration = Duration::from_millis(100);

/// How long a call counts as watched after somebody asked for it.
const ASKED_FOR: Duration = Duration::from_secs(15);

/// How often whoever watches is to ask again: two questions may get lost.
pub const ASK_EVERY: Duration = Duration::from_secs(5);

/// Marks a notification that asks for a call; the others tell that its draft has grown.
const ASKS: char = '?';

/// The drafts of this process's calls, and those it watches.
#[derive(Clone)]
pub struct PgDrafts {
    shared: Arc<Shared>,
}

struct Shared {
    writer: PgPool,
    reader: Reader,
    /// The calls under way in this process.
    calls: Mutex<HashMap<Uuid, Arc<Mutex<Draft>>>>,
    /// Calls that ended and of which something was written.
    ended: Mutex<Vec<DraftedCall>>,
    /// There is something to write or to delete.
    news: Notify,
    /// The calls that somebody in this process watches.
    watched: Mutex<HashMap<Uuid, watch::Sender<()>>>,
}

struct Draft {
    of: DraftedCall,
    text: String,
    /// How many bytes of it stand in the table.
    written: usize,
    asked_until: Option<Instant>,
}

/// A part of a draft, after so many bytes.
struct Piece {
    of: DraftedCall,
    begins: usize,
    text: String,
}

/// What a call brings.
struct Hearing {
    shared: Arc<Shared>,
    call: Uuid,
    draft: Arc<Mutex<Draft>>,
}

impl Live for Hearing {
    fn text(&self, piece: &str) {
        let mut draft = lock(&self.draft);
        // U+0000 is in no text of Postgres.
        let mut parts = piece.split('\0');
        draft.text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            draft.text.push('\u{fffd}');
            draft.text.push_str(part);
        }
        if draft.asked_until.is_some() {
            self.shared.news.notify_one();
        }
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        lock(&self.shared.calls).remove(&self.call);
        let draft = lock(&self.draft);
        if draft.written > 0 {
            lock(&self.shared.ended).push(draft.of);
            self.shared.news.notify_one();
        }
    }
}

impl Drafts for PgDrafts {
    fn open(&self, call: DraftedCall) -> Box<dyn Live> {
        let draft = Draft { of: call, text: String::new(), written: 0, asked_until: None };
        let draft = Arc::new(Mutex::new(draft));
        lock(&self.shared.calls).insert(call.call, draft.clone());
        Box::new(Hearing { shared: self.shared.clone(), call: call.call, draft })
    }
}

impl Draft {
    /// What has come and is not written, if anybody watches.
    fn take(&mut self, now: Instant) -> Option<Piece> {
        if self.asked_until.is_some_and(|until| until <= now) {
            self.asked_until = None;
        }
        self.asked_until?;
        let begins = self.written;
        let text = self.text.get(begins..).filter(|text| !text.is_empty())?.to_owned();
        self.written = self.text.len();
        Some(Piece { of: self.of, begins, text })
    }
}

const WRITE: &str = "
    with written as (
        insert into drafts (tenant_id, task_id, call_id, begins, text)
        select p.tenant_id, p.task_id, p.call_id, p.begins, p.text
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[])
            as p (tenant_id, task_id, call_id, begins, text)
        on conflict on constraint drafts_key do update set text = excluded.text
        returning call_id
    )
    select pg_notify($6, call_id::text) from written";

const DELETE: &str = "
    delete from drafts d
    using unnest($1::uuid[], $2::uuid[], $3::uuid[]) as e (tenant_id, task_id, call_id)
    where d.tenant_id = e.tenant_id and d.task_id = e.task_id and d.call_id = e.call_id";

/// From the piece on in which the byte asked for is.
const READ: &str = "
    select begins, text
    from drafts
    where tenant_id = $1 and task_id = $2 and call_id = $3
      and begins >= coalesce((
          select max(begins)
          from drafts
          where tenant_id = $1 and task_id = $2 and call_id = $3 and begins <= $4
      ), 0)
    order by begins";

impl PgDrafts {
    /// Nothing drafted or watched yet.
    pub fn new(writer: PgPool, reader: Reader) -> Self {
        let shared = Shared {
            writer,
            reader,
            calls: Mutex::default(),
            ended: Mutex::default(),
            news: Notify::new(),
            watched: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Writes what is watched, as it comes. Ends never; abort it with its task.
    pub async fn run(self) {
        loop {
            self.shared.news.notified().await;
            self.write().await;
            tokio::time::sleep(PACE).await;
        }
    }

    async fn write(&self) {
        let now = Instant::now();
        let drafts: Vec<_> = lock(&self.shared.calls).values().cloned().collect();
        let pieces: Vec<Piece> = drafts.iter().filter_map(|draft| lock(draft).take(now)).collect();
        if !pieces.is_empty() && self.insert(&pieces).await.is_err() {
            self.begin_again(&pieces);
        }
        let ended = std::mem::take(&mut *lock(&self.shared.ended));
        if !ended.is_empty() {
            // What stays is forgotten with all else that is old.
            self.delete(&ended).await.ok();
        }
    }

    async fn insert(&self, pieces: &[Piece]) -> Result<(), Unavailable> {
        let (tenants, tasks, calls) = columns(pieces.iter().map(|piece| piece.of));
        let begins: Vec<i32> = pieces.iter().map(|piece| integer(piece.begins)).collect();
        let texts: Vec<&str> = pieces.iter().map(|piece| piece.text.as_str()).collect();
        let query = sqlx::query(WRITE).bind(tenants).bind(tasks).bind(calls).bind(begins).bind(texts);
        query.bind(CHANNEL).execute(&self.shared.writer).await.map(drop).map_err(unavailable)
    }

    /// Nobody knows what was written: whoever still watches asks again, and has it from the beginning.
    fn begin_again(&self, pieces: &[Piece]) {
        let calls = lock(&self.shared.calls);
        for draft in pieces.iter().filter_map(|piece| calls.get(&piece.of.call)) {
            let mut draft = lock(draft);
            (draft.written, draft.asked_until) = (0, None);
        }
    }

    async fn delete(&self, ended: &[DraftedCall]) -> Result<(), Unavailable> {
        let (tenants, tasks, calls) = columns(ended.iter().copied());
        let query = sqlx::query(DELETE).bind(tenants).bind(tasks).bind(calls);
        query.execute(&self.shared.writer).await.map(drop).map_err(unavailable)
    }

    /// Forgets drafts whose workers could not.
    pub async fn forget_old(&self) -> Result<(), Unavailable> {
        // No attempt lasts longer than a day.
        let sql = "delete from drafts where written_at < now() - interval '25 hours'";
        sqlx::query(sql).execute(&self.shared.writer).await.map(drop).map_err(unavailable)
    }

    /// Changes whenever the draft of a call grows, in this process or another. It is a hint: what there is, is read.
    pub fn watch(&self, call: Uuid) -> watch::Receiver<()> {
        let mut watched = lock(&self.shared.watched);
        watched.retain(|_, sender| sender.receiver_count() > 0);
        watched.entry(call).or_insert_with(|| watch::channel(()).0).subscribe()
    }

    /// Asks whichever worker makes a call to let its draft be seen, for as long as somebody asks every [`ASK_EVERY`].
    pub async fn ask(&self, call: Uuid) -> Result<(), Unavailable> {
        let asked = sqlx::query("select pg_notify($1, $2)").bind(CHANNEL).bind(format!("{ASKS}{call}"));
        asked.execute(&self.shared.writer).await.map(drop).map_err(unavailable)
    }

    /// What has come of an answer after its first `from` bytes.
    pub async fn read(&self, of: DraftedCall, from: usize) -> Result<String, Unavailable> {
        let asked = integer(from);
        let rows: Vec<(i32, String)> = self
            .shared
            .reader
            .read(of.tenant, move |conn| {
                Box::pin(async move {
                    let query = sqlx::query_as(READ).bind(of.tenant.0).bind(of.task.0).bind(of.call);
                    query.bind(asked).fetch_all(conn).await
                })
            })
            .await
            .map_err(unavailable)?;
        let pieces = rows.iter().filter_map(|(begins, text)| Some((usize::try_from(*begins).ok()?, &**text)));
        Ok(beyond(from, pieces))
    }

    /// What another process says.
    pub(super) fn hear(&self, payload: &str) {
        if let Some(call) = payload.strip_prefix(ASKS) {
            let draft = call.parse().ok().and_then(|call: Uuid| lock(&self.shared.calls).get(&call).cloned());
            if let Some(draft) = draft {
                lock(&draft).asked_until = Some(Instant::now() + ASKED_FOR);
                self.shared.news.notify_one();
            }
        } else if let Ok(call) = payload.parse::<Uuid>()
            && let Some(watchers) = lock(&self.shared.watched).get(&call)
        {
            watchers.send_replace(());
        }
    }

    /// Lets everybody look who watches: what was said meanwhile was not heard.
    pub(super) fn wake_all(&self) {
        lock(&self.shared.watched).values().for_each(|watchers| watchers.send_replace(()));
    }
}

/// What pieces, in their order, hold after the first `from` bytes, as far as they follow each other. Pieces of one answer
/// may overlap where it was written anew.
fn beyond<'p>(from: usize, pieces: impl Iterator<Item = (usize, &'p str)>) -> String {
    let (mut reached, mut text) = (from, String::new());
    for (begins, piece) in pieces {
        let Some(new) = reached.checked_sub(begins).and_then(|known| piece.get(known..)) else {
            continue;
        };
        text.push_str(new);
        reached += new.len();
    }
    text
}

fn columns(calls: impl Iterator<Item = DraftedCall>) -> (Vec<Uuid>, Vec<Uuid>, Vec<Uuid>) {
    calls.map(|of| (of.tenant.0, of.task.0, of.call)).collect()
}

/// A place in an answer, of which providers take in a few megabytes at most.
fn integer(bytes: usize) -> i32 {
    i32::try_from(bytes).unwrap_or(i32::MAX)
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_put_together_as_far_as_they_follow_each_other() {
        let of = |from, pieces: &[(usize, &'static str)]| beyond(from, pieces.iter().copied());
        assert_eq!(of(0, &[(0, "Once "), (5, "upon "), (10, "a time")]), "Once upon a time");
        assert_eq!(of(7, &[(5, "upon "), (10, "a time")]), "on a time");
        assert_eq!(of(0, &[(5, "upon ")]), "", "the beginning is missing");
        assert_eq!(of(0, &[(0, "Once "), (10, "a time")]), "Once ");
        // Written anew from the beginning after a failure.
        assert_eq!(of(5, &[(0, "Once upon a"), (5, "upon "), (11, " time")]), "upon a time");
        assert_eq!(of(16, &[(10, "a time")]), "");
    }
}
