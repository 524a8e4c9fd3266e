//! Load, decide, commit: the part that every command shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::{Metadata, Reach, Root, StreamId};
use uuid::Uuid;

use crate::App;
use crate::caller::{Caller, Origin};
use crate::commit::{Commit, CommitError, Expected, Receipt};
use crate::error::AppError;

/// A command took effect, or was found to change nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// What the answer is about.
    pub resource: Uuid,
    /// The position of its last event; nothing if it changed nothing.
    pub position: Option<i64>,
}

impl From<Receipt> for Done {
    fn from(receipt: Receipt) -> Self {
        Self { resource: receipt.resource, position: Some(receipt.position) }
    }
}

/// Who acts.
pub(crate) struct Acting<'a> {
    /// Through which request.
    origin: &'a Origin,
    /// What stands beside the events.
    metadata: Metadata,
    /// On what.
    reach: Reach,
}

impl<'a> Acting<'a> {
    /// Someone who is not signed in, or a part of the service.
    pub(crate) fn unbound(origin: &'a Origin, metadata: &Metadata) -> Self {
        Self { origin, metadata: metadata.clone(), reach: Reach::All }
    }
}

impl<'a> From<&'a Caller> for Acting<'a> {
    fn from(caller: &'a Caller) -> Self {
        Self { origin: &caller.origin, metadata: caller.metadata(), reach: caller.reach.clone() }
    }
}

/// How often a command is decided anew when others changed its stream first.
pub(crate) const ATTEMPTS: u32 = 5;

impl App {
    /// Lets the aggregate decide and commits what it decides. `extend` adds what else belongs into the commit;
    /// it sees the state the decision was made in. When others changed the stream meanwhile it is loaded and
    /// decided anew, up to five times; with a version given by the client it is refused then.
    pub(crate) async fn execute<'b, A>(
        &self,
        by: impl Into<Acting<'b>> + Send,
        stream: StreamId,
        command: A::Command,
        extend: impl Fn(&A, Commit) -> Result<Commit, AppError> + Send + Sync,
    ) -> Result<Done, AppError>
    where
        A: Root,
        A::Command: Clone + Send + Sync,
        domain::Event: From<A::Event>,
    {
        let by = by.into();
        let origin = by.origin;
        self.commit_decision(by, stream, |state: &A, version, commit| {
            origin.require_version(version)?;
            let commit = extend(state, commit)?;
            Ok((state.decide(command.clone())?, commit))
        })
        .await
    }

    /// The loop beneath every command: `decide` sees the state with its version, may refuse, and answers with the
    /// stream's events and what else belongs into the commit. Whatever it looks at is what the commit depends on.
    pub(crate) async fn commit_decision<'b, A>(
        &self,
        by: impl Into<Acting<'b>> + Send,
        stream: StreamId,
        decide: impl Fn(&A, i64, Commit) -> Result<(Vec<A::Event>, Commit), AppError> + Send + Sync,
    ) -> Result<Done, AppError>
    where
        A: Root,
        domain::Event: From<A::Event>,
    {
        let (by, decide) = (&by.into(), &decide);
        self.commit_on_what_is_known(by, stream.id, |known| async move {
            let (state, version) = known.look_at::<A>(stream).await?;
            let commit = Commit::new(stream.tenant, stream.id, by.metadata.clone());
            let (events, commit) = decide(&state, version, commit)?;
            let changes = !events.is_empty();
            Ok(changes.then(|| commit.append(stream, Expected::Exactly(version), events)))
        })
        .await
    }

    /// Commits, once for the request, what `build` makes of the streams it looks at; of nothing there is nothing to do. The
    /// commit must depend on their versions.
    ///
    /// It looks at streams as this process last knew them, which others may have changed since. That is enough to go
    /// ahead. Whoever is refused, or has nothing to do, is told so by how they are; and where others were quicker, it
    /// is built anew, up to five times.
    pub(crate) async fn commit_on_what_is_known<'a, F>(
        &'a self,
        by: &Acting<'_>,
        resource: Uuid,
        build: impl Fn(Known<'a>) -> F + Send + Sync,
    ) -> Result<Done, AppError>
    where
        F: Future<Output = Result<Option<Commit>, AppError>> + Send,
    {
        if let Some(done) = by.origin.done_before() {
            return Ok(done);
        }
        let mut attempt = 1;
        let mut known = Known::by_memory(self, &by.reach);
        loop {
            let decided = build(known.clone()).await;
            if !matches!(decided, Ok(Some(_))) && known.looked_at_memory() {
                known = Known::by_log(self, &by.reach);
                continue;
            }
            let Some(commit) = decided? else {
                return Ok(Done { resource, position: None });
            };
            match self.log.commit(commit.once(by.origin.idempotency.clone())).await {
                Ok(receipt) => return Ok(receipt.into()),
                Err(CommitError::VersionConflict) if attempt < ATTEMPTS => {
                    self.clock.sleep(self.jitter(attempt)).await;
                    attempt += 1;
                    known = Known::by_log(self, &by.reach);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The same for a stream whose id was made for it: there is nothing to load, and nobody to be in the way.
    pub(crate) async fn create<A>(
        &self,
        origin: &Origin,
        metadata: &Metadata,
        stream: StreamId,
        command: A::Command,
        extend: impl FnOnce(Commit) -> Commit + Send,
    ) -> Result<Done, AppError>
    where
        A: Root,
        A::Command: Send,
        domain::Event: From<A::Event>,
    {
        if let Some(done) = origin.done_before() {
            return Ok(done);
        }
        let events = A::default().decide(command)?;
        let commit = Commit::new(stream.tenant, stream.id, metadata.clone()).once(origin.idempotency.clone());
        let commit = extend(commit).append(stream, Expected::Exactly(0), events);
        Ok(self.log.commit(commit).await?.into())
    }

    /// The present state of an aggregate and its version, 0 if it does not exist.
    pub(crate) async fn load<A: Root>(&self, stream: StreamId) -> Result<(A, i64), AppError> {
        let loaded = self.log.load(stream).await?;
        Ok((fold(loaded.events), loaded.version))
    }

    /// The same for a caller, for whom nothing exists that is not within reach.
    pub(crate) async fn load_for<A: Root>(
        &self,
        caller: &Caller,
        stream: StreamId,
    ) -> Result<(A, i64), AppError> {
        Ok(within(&caller.reach, stream, self.load(stream).await?))
    }

    /// An aggregate as this process last knew it, and whether it may have changed since.
    pub(crate) async fn recall<A: Root>(&self, stream: StreamId) -> Result<(A, i64, bool), AppError> {
        let recalled = self.log.recall(stream).await?;
        Ok((fold(recalled.events), recalled.version, recalled.is_remembered))
    }

    /// Up to 2, 4, 8 … milliseconds, at random.
    pub(crate) fn jitter(&self, attempt: u32) -> Duration {
        let random = self.ids.fresh().as_u128() & 0xffff;
        let most = u128::from(1_000_u32 << attempt);
        Duration::from_micros(u64::try_from(random * most / 0xffff).unwrap_or_default())
    }
}

/// How a decision looks at streams: by memory, or in the log.
#[derive(Clone)]
pub(crate) struct Known<'a> {
    app: &'a App,
    /// Of whoever decides.
    reach: Reach,
    /// Whether something was looked at by memory so far; of a look into the log there is none.
    by_memory: Option<Arc<AtomicBool>>,
}

impl<'a> Known<'a> {
    fn by_memory(app: &'a App, reach: &Reach) -> Self {
        Self { app, reach: reach.clone(), by_memory: Some(Arc::default()) }
    }

    fn by_log(app: &'a App, reach: &Reach) -> Self {
        Self { app, reach: reach.clone(), by_memory: None }
    }

    fn looked_at_memory(&self) -> bool {
        self.by_memory.as_ref().is_some_and(|looked| looked.load(Ordering::Relaxed))
    }

    /// The state of an aggregate and its version, 0 if it does not exist or is not within reach.
    pub(crate) async fn look_at<A: Root>(&self, stream: StreamId) -> Result<(A, i64), AppError> {
        let Some(by_memory) = &self.by_memory else {
            return Ok(within(&self.reach, stream, self.app.load(stream).await?));
        };
        let (state, version, is_remembered) = self.app.recall(stream).await?;
        by_memory.fetch_or(is_remembered, Ordering::Relaxed);
        Ok(within(&self.reach, stream, (state, version)))
    }
}

/// What there is of an aggregate for whoever has this reach: what is not within it was never begun. This is the wall around
/// the agents that a key is bound to, for all commands; what follows from something that was looked at so is loaded by
/// [`App::load`].
fn within<A: Root>(reach: &Reach, stream: StreamId, (state, version): (A, i64)) -> (A, i64) {
    if reach.covers(state.agent(stream.id)) { (state, version) } else { (A::default(), 0) }
}

fn fold<A: Root>(events: Vec<domain::Event>) -> A {
    let mut state = A::default();
    for event in events.into_iter().filter_map(A::own) {
        state.apply(event);
    }
    state
}

/// For commands whose commit holds nothing but their events.
#[expect(clippy::unnecessary_wraps, reason = "the shape that `execute` asks for")]
pub(crate) fn alone<A>(_: &A, commit: Commit) -> Result<Commit, AppError> {
    Ok(commit)
}
