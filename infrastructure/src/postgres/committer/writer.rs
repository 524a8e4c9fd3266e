//! One writer: takes what is queued, commits it, answers.

use std::time::Duration;

use application::commit::{CommitError, Receipt};
use chrono::{SubsecRound, Utc};
use sqlx::{Connection, Executor, PgConnection};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::super::database::Database;
use super::super::projector::Projectors;
use super::super::vault::Vault;
use super::super::wake::{ForWorkers, Wake};
use super::Job;
use super::heads::KnownHeads;
use super::plan::Plan;
use super::prepare::Prepared;
use super::store::{self, Keys};

/// How long a writer tries to reach a lost database before it tells its callers that it is away.
const PATIENCE: Duration = Duration::from_secs(8);

pub(super) struct Writer {
    database: Database,
    vault: Vault,
    projectors: Projectors,
    wake: Wake,
    conn: Option<PgConnection>,
    /// Whether the connection is in a transaction already: more was waiting when the last one was committed.
    is_begun: bool,
    heads: KnownHeads,
}

/// Why a batch was not committed as a whole.
enum Failure {
    /// The connection is gone; whether the batch was committed is unknown.
    Lost,
    /// The database cancelled it on behalf of others: the same again.
    Again,
    /// A head was not where it was believed to be.
    Moved,
    /// One of its idempotency keys is in use.
    Repeated,
    /// Something in it cannot be written.
    Poisoned(sqlx::Error),
}

/// What a transaction came to.
enum Transacted {
    /// The answers, and whether the next transaction is begun.
    Answered(Vec<Answer>, bool),
    /// A head was not where it was believed to be, or would have been the reason of a refusal.
    Moved,
}

type Queue = mpsc::Receiver<Job>;

type Answer = Result<Receipt, CommitError>;

impl Writer {
    pub(super) async fn connect(
        database: Database,
        vault: Vault,
        projectors: Projectors,
        wake: Wake,
    ) -> Result<Self, sqlx::Error> {
        let conn = Some(database.connect_writer().await?);
        Ok(Self { database, vault, projectors, wake, conn, is_begun: false, heads: KnownHeads::default() })
    }

    /// Commits what arrives until nobody can send any more.
    pub(super) async fn run(mut self, mut queue: Queue, max_batch: usize) {
        let mut jobs = Vec::with_capacity(max_batch);
        while queue.recv_many(&mut jobs, max_batch).await > 0 {
            let (mut prepared, replies): (Vec<_>, Vec<_>) =
                jobs.drain(..).map(|job| (job.prepared, job.reply)).unzip();
            let mut batch: Vec<&mut Prepared> = prepared.iter_mut().collect();
            let answers = self.commit(&mut batch, &queue).await;
            for (reply, answer) in replies.into_iter().zip(answers) {
                // A caller that has gone away needs no answer.
                reply.send(answer).ok();
            }
        }
        if let Some(conn) = self.conn.take() {
            conn.close().await.ok();
        }
    }

    /// Commits a batch, in parts if it must be, and answers each command.
    async fn commit(&mut self, batch: &mut [&mut Prepared], queue: &Queue) -> Vec<Answer> {
        let deadline = Instant::now() + PATIENCE;
        let (mut again, mut keys) = (0, Keys::New);
        loop {
            match self.try_commit(batch, keys, queue).await {
                Ok(answers) => return answers,
                Err(Failure::Repeated) => keys = Keys::Asked,
                Err(Failure::Lost) => {
                    self.conn = None;
                    self.heads.forget();
                    if Instant::now() >= deadline {
                        return batch.iter().map(|_| Err(CommitError::Unavailable)).collect();
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                // Heads that moved are locked the next time, so that happens once.
                Err(Failure::Again | Failure::Moved) if again < 5 => again += 1,
                Err(Failure::Again | Failure::Moved) => {
                    return batch.iter().map(|_| Err(CommitError::Unavailable)).collect();
                }
                Err(Failure::Poisoned(error)) => return self.isolate(batch, error, queue).await,
            }
        }
    }

    /// Splits a batch that cannot be written, until what cannot be written stands alone.
    async fn isolate(
        &mut self,
        batch: &mut [&mut Prepared],
        error: sqlx::Error,
        queue: &Queue,
    ) -> Vec<Answer> {
        if let [alone] = batch {
            return vec![Err(poison(alone, &error))];
        }
        let (first, second) = batch.split_at_mut(batch.len() / 2);
        let mut answers = Box::pin(self.commit(first, queue)).await;
        answers.extend(Box::pin(self.commit(second, queue)).await);
        answers
    }

    async fn try_commit(
        &mut self,
        batch: &mut [&mut Prepared],
        keys: Keys,
        queue: &Queue,
    ) -> Result<Vec<Answer>, Failure> {
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => self.database.connect_writer().await.map_err(|error| {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a writer cannot reach the database"
                );
                Failure::Lost
            })?,
        };
        let is_begun = std::mem::take(&mut self.is_begun);
        let result = self.transact(&mut conn, is_begun, batch, keys, queue).await;
        let failure = match result {
            Ok(Transacted::Answered(answers, is_begun)) => {
                self.is_begun = is_begun;
                self.conn = Some(conn);
                return Ok(answers);
            }
            Ok(Transacted::Moved) => Failure::Moved,
            Err(error) => classify(error, keys),
        };
        if !matches!(failure, Failure::Lost) {
            // It is known to have had no effect.
            for job in batch.iter_mut() {
                job.tried = None;
            }
            if conn.execute("rollback").await.is_ok() {
                self.conn = Some(conn);
            }
        }
        Err(failure)
    }

    async fn transact(
        &mut self,
        conn: &mut PgConnection,
        is_begun: bool,
        batch: &mut [&mut Prepared],
        keys: Keys,
        queue: &Queue,
    ) -> Result<Transacted, sqlx::Error> {
        if !is_begun {
            conn.execute("begin").await?;
        }
        let believed = self.heads.of(batch);
        let is_believed = believed.is_some();
        let heads = if let Some(believed) = believed {
            believed
        } else {
            let found = store::lock_heads(conn, batch).await?;
            self.heads.look_at(&found);
            found
        };
        let settled = settled(conn, batch).await?;
        let mut open: Vec<&mut Prepared> = vec![];
        for (job, settled) in batch.iter_mut().zip(&settled) {
            if settled.is_none() {
                open.push(job);
            }
        }
        let mut facts = store::facts(conn, &open, heads, keys).await?;
        let plan = Plan::make(&mut open, &mut facts, Utc::now().trunc_subsecs(6));
        if is_believed && plan.answers.iter().any(|answer| matches!(answer, Err(CommitError::Limit(_)))) {
            self.heads.mistaken(&facts.heads);
            return Ok(Transacted::Moved);
        }
        if plan.accepted.is_empty() {
            conn.execute("rollback").await?;
            return Ok(Transacted::Answered(merge(settled, plan.answers), false));
        }
        if !store::write(conn, &open, &plan, &facts).await? {
            self.heads.mistaken(&facts.heads);
            return Ok(Transacted::Moved);
        }
        for projector in self.projectors.iter() {
            projector.project(conn, projector.name(), &plan.events).await?;
        }
        let moved: Vec<_> = plan.heads.keys().map(|tenant| (*tenant, facts.heads[tenant].position)).collect();
        // Where more is waiting it is begun with at once, so no transaction lies idle; that saves a round trip.
        let goes_on = !queue.is_empty();
        let commit = if goes_on { "commit and chain" } else { "commit" };
        conn.execute(commit).await?;
        for tenant in plan.heads.keys() {
            self.heads.committed(*tenant, facts.heads[tenant]);
        }
        self.remember(&open, &plan).await;
        self.wake.committed(&moved, ForWorkers::of(plan.events.iter().map(|recorded| &recorded.event)));
        Ok(Transacted::Answered(merge(settled, plan.answers), goes_on))
    }

    async fn remember(&self, jobs: &[&mut Prepared], plan: &Plan) {
        for job in plan.accepted.iter().map(|index| &*jobs[*index]) {
            for new in &job.new_keys {
                self.vault.keep(job.commit.tenant, new.subject, new.key.clone()).await;
            }
        }
    }
}

/// The answers of commands that were tried before and, as it turns out, took effect: their answer was lost with the
/// connection. Their heads are locked, so a commit still under way has ended by now.
async fn settled(
    conn: &mut PgConnection,
    batch: &mut [&mut Prepared],
) -> Result<Vec<Option<Answer>>, sqlx::Error> {
    let mut answers = Vec::with_capacity(batch.len());
    for job in batch {
        if let Some(tried) = job.tried {
            if store::took_effect(conn, tried).await? {
                let position = tried.last_position;
                job.settled = Some(Receipt { position, resource: job.commit.resource, replayed: false });
            }
            job.tried = None;
        }
        answers.push(job.settled.map(Ok));
    }
    Ok(answers)
}

fn merge(settled: Vec<Option<Answer>>, open: Vec<Answer>) -> Vec<Answer> {
    let mut open = open.into_iter();
    settled
        .into_iter()
        .map(|settled| settled.or_else(|| open.next()).unwrap_or(Err(CommitError::Unavailable)))
        .collect()
}

fn classify(error: sqlx::Error, keys: Keys) -> Failure {
    let constraint = error.as_database_error().and_then(sqlx::error::DatabaseError::constraint);
    if keys == Keys::New && constraint == Some(Keys::CONSTRAINT) {
        return Failure::Repeated;
    }
    let Some(code) = error.as_database_error().and_then(sqlx::error::DatabaseError::code) else {
        return match error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a writer lost the database");
                Failure::Lost
            }
            error => Failure::Poisoned(error),
        };
    };
    match code.as_ref() {
        // Deadlock, serialisation failure, lock not available: others were in the way.
        "40P01" | "40001" | "55P03" => Failure::Again,
        // Shutting down, crashed, starting up, too many connections, terminated.
        "57P01" | "57P02" | "57P03" | "53300" | "08006" | "08003" | "08000" => Failure::Lost,
        _ => Failure::Poisoned(error),
    }
}

/// What the one command that cannot be written is told.
fn poison(job: &Prepared, error: &sqlx::Error) -> CommitError {
    let constraint = error.as_database_error().and_then(|error| error.constraint());
    match constraint {
        // Another process was quicker; what is known under the lock of one tenant cannot show it.
        Some("unique_keys_key") => job
            .commit
            .claims
            .first()
            .map_or(CommitError::VersionConflict, |claim| CommitError::Taken(claim.scope)),
        Some(
            "events_key" | "events_position" | "tenant_heads_key" | Keys::CONSTRAINT | "personal_keys_key",
        ) => CommitError::VersionConflict,
        _ => {
            tracing::error!(
                error = error as &dyn std::error::Error,
                tenant.id = %job.commit.tenant,
                "a command cannot be written",
            );
            CommitError::Unavailable
        }
    }
}
