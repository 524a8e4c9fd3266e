//! The group committer.
//!
//! Commands do not open transactions. They hand in what they want committed; each of a few writers takes all that
//! is queued, with no artificial delay, and commits it as one transaction:
//!
//! 1. take the heads of the tenants concerned from what it committed last (`heads`); where one of them is not known, lock
//!    and read the head rows, in the order of the tenants' ids (`store::lock_heads`);
//! 2. read what the decisions need: stream versions, held names and leases, known idempotency keys (`store::facts`);
//! 3. decide for each command in the order of arrival, in memory, seeing what those before it did (`plan`):
//!    repeated, lease lost, conflict, name taken, limit reached, or accepted with its positions;
//! 4. move the heads from where they are believed to be, and write all that is accepted with a few set-based statements
//!    (`store::write`), run the inline projectors on it, commit. A head that stands elsewhere means that another
//!    process was quicker: nothing is written, and the batch is done again under the locks;
//! 5. give each caller its own answer, and tell those who follow.
//!
//! Everything that a decision rests on is in the log of its tenant, moves with its head, or is held by a constraint. So
//! a head that has not moved since proves the decision, as a lock would have. A limit is told to nobody on the word
//! of a head that was only remembered.
//!
//! A tenant always goes to the same writer of a process, so its heads are remembered there. A batch that fails is
//! split until the poisoned command fails alone (`writer`). Nothing here is tied to the caller's future: a command
//! that was handed in is committed although its caller has gone away.

mod heads;
mod keys;
mod leases;
mod plan;
mod prepare;
mod store;
mod work;
mod writer;

use std::hash::{BuildHasher, RandomState};

use application::commit::{Commit, CommitError, Receipt};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinSet;

use super::database::Database;
use super::projector::Projectors;
use super::vault::Vault;
use super::wake::Wake;

use prepare::Prepared;
use writer::Writer;

/// How the committer works.
#[derive(Clone, Copy, Debug)]
pub struct CommitterOptions {
    /// Writers, each with a connection of its own. Two are enough on two cores.
    pub writers: usize,
    /// The most commands in one transaction.
    pub max_batch: usize,
    /// The most commands that wait for one writer; more have to wait before they are handed in.
    pub queue: usize,
}

impl Default for CommitterOptions {
    fn default() -> Self {
        Self { writers: 2, max_batch: 512, queue: 4_096 }
    }
}

/// Hands commands to the writers.
pub(super) struct Committer {
    vault: Vault,
    queues: Mutex<Vec<mpsc::Sender<Job>>>,
    senders: Vec<mpsc::WeakSender<Job>>,
    writers: Mutex<JoinSet<()>>,
    hasher: RandomState,
}

/// A command on its way, and whom to tell how it ended.
pub(super) struct Job {
    prepared: Prepared,
    reply: oneshot::Sender<Result<Receipt, CommitError>>,
}

impl Committer {
    pub(super) async fn start(
        database: &Database,
        vault: Vault,
        projectors: Projectors,
        wake: Wake,
        options: CommitterOptions,
    ) -> Result<Self, sqlx::Error> {
        let mut queues = vec![];
        let mut writers = JoinSet::new();
        for _ in 0..options.writers.max(1) {
            let (sender, receiver) = mpsc::channel(options.queue);
            let writer =
                Writer::connect(database.clone(), vault.clone(), projectors.clone(), wake.clone()).await?;
            writers.spawn(writer.run(receiver, options.max_batch));
            queues.push(sender);
        }
        let senders = queues.iter().map(mpsc::Sender::downgrade).collect();
        Ok(Self {
            vault,
            queues: Mutex::new(queues),
            senders,
            writers: Mutex::new(writers),
            hasher: RandomState::new(),
        })
    }

    pub(super) async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
        let prepared = Prepared::new(&self.vault, commit).await.map_err(|_| CommitError::Unavailable)?;
        let (reply, answer) = oneshot::channel();
        let queue = self.queue_of(&prepared).ok_or(CommitError::Unavailable)?;
        queue.send(Job { prepared, reply }).await.map_err(|_| CommitError::Unavailable)?;
        drop(queue);
        answer.await.unwrap_or(Err(CommitError::Unavailable))
    }

    /// Takes no more commands and returns when those that were taken are answered.
    pub(super) async fn drain(&self) {
        self.queues.lock().await.clear();
        let mut writers = self.writers.lock().await;
        while writers.join_next().await.is_some() {}
    }

    #[expect(clippy::cast_possible_truncation, reason = "a hash is only taken modulo the number of writers")]
    fn queue_of(&self, prepared: &Prepared) -> Option<mpsc::Sender<Job>> {
        let hash = self.hasher.hash_one(prepared.commit.tenant) as usize;
        self.senders[hash % self.senders.len()].upgrade()
    }
}
