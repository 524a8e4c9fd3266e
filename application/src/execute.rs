//! Load, decide, commit: the part that every command shares.

use std::time::Duration;

use domain::{Root, StreamId};
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

/// How often a command is decided anew when others changed its stream first.
pub(crate) const ATTEMPTS: u32 = 5;

impl App {
    /// Lets the aggregate decide and commits what it decides. `extend` adds what else belongs into the commit;
    /// it sees the state the decision was made in. When others changed the stream meanwhile it is loaded and
    /// decided anew, up to five times; with a version given by the client it fails at once instead.
    pub(crate) async fn execute<A>(
        &self,
        caller: &Caller,
        stream: StreamId,
        command: A::Command,
        extend: impl Fn(&A, Commit) -> Result<Commit, AppError> + Send + Sync,
    ) -> Result<Done, AppError>
    where
        A: Root,
        A::Command: Clone + Send + Sync,
        domain::Event: From<A::Event>,
    {
        self.execute_with(&caller.origin, &caller.metadata(), stream, command, extend).await
    }

    /// The same where nobody is signed in, or a part of the service acts.
    pub(crate) async fn execute_with<A>(
        &self,
        origin: &Origin,
        metadata: &domain::Metadata,
        stream: StreamId,
        command: A::Command,
        extend: impl Fn(&A, Commit) -> Result<Commit, AppError> + Send + Sync,
    ) -> Result<Done, AppError>
    where
        A: Root,
        A::Command: Clone + Send + Sync,
        domain::Event: From<A::Event>,
    {
        self.commit_decision(origin, metadata, stream, |state: &A, version, commit| {
            origin.require_version(version)?;
            let commit = extend(state, commit)?;
            Ok((state.decide(command.clone())?, commit))
        })
        .await
    }

    /// The loop beneath every command: `decide` sees the state with its version, may refuse, and answers with the
    /// stream's events and what else belongs into the commit. Whatever it looks at is what the commit depends on.
    pub(crate) async fn commit_decision<A>(
        &self,
        origin: &Origin,
        metadata: &domain::Metadata,
        stream: StreamId,
        decide: impl Fn(&A, i64, Commit) -> Result<(Vec<A::Event>, Commit), AppError> + Send + Sync,
    ) -> Result<Done, AppError>
    where
        A: Root,
        domain::Event: From<A::Event>,
    {
        if let Some(done) = origin.done_before() {
            return Ok(done);
        }
        let mut attempt = 1;
        loop {
            let (state, version) = self.load::<A>(stream).await?;
            let commit =
                Commit::new(stream.tenant, stream.id, metadata.clone()).once(origin.idempotency.clone());
            let (events, commit) = decide(&state, version, commit)?;
            if events.is_empty() {
                return Ok(Done { resource: stream.id, position: None });
            }
            let commit = commit.append(stream, Expected::Exactly(version), events);
            match self.log.commit(commit).await {
                Ok(receipt) => return Ok(receipt.into()),
                Err(CommitError::VersionConflict) if attempt < ATTEMPTS => {
                    self.clock.sleep(self.jitter(attempt)).await;
                    attempt += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The same for a stream whose id was made for it: there is nothing to load, and nobody to be in the way.
    pub(crate) async fn create<A>(
        &self,
        origin: &Origin,
        metadata: &domain::Metadata,
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
        let mut state = A::default();
        for event in loaded.events.into_iter().filter_map(A::own) {
            state.apply(event);
        }
        Ok((state, loaded.version))
    }

    /// Up to 2, 4, 8 … milliseconds, at random.
    pub(crate) fn jitter(&self, attempt: u32) -> Duration {
        let random = self.ids.fresh().as_u128() & 0xffff;
        let most = u128::from(1_000_u32 << attempt);
        Duration::from_micros(u64::try_from(random * most / 0xffff).unwrap_or_default())
    }
}

/// For commands whose commit holds nothing but their events.
#[expect(clippy::unnecessary_wraps, reason = "the shape that `execute` asks for")]
pub(crate) fn alone<A>(_: &A, commit: Commit) -> Result<Commit, AppError> {
    Ok(commit)
}
