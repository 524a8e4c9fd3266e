//! Rebuilding a read model from the log, while it is in use.
//!
//! The log is folded into a shadow table, a page at a time; how far each tenant is stands in a table, moved in
//! the transaction that writes the rows, so a rebuild that was killed goes on where it was. Once the shadow has
//! nearly caught up, one short transaction locks the live table, folds the rest and takes the shadow's name for it.
//! Committers wait for that moment and go on; none of them fails.

use std::collections::VecDeque;

use domain::{Recorded, TenantId};
use infrastructure::postgres::{LogPages, Projector};
use sqlx::{Connection, Executor, PgConnection, PgPool};
use uuid::Uuid;

use crate::shadow::{self, AS_OWNER, AS_WRITER, Shadow};

/// How far a rebuild is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Events folded, over all tenants, those of an earlier run that was broken off too.
    pub done: i64,
    /// Events in the log when this was counted.
    pub total: i64,
}

/// What a rebuild did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// Events folded by this run.
    pub events: i64,
}

/// Why a read model was not rebuilt. What was folded stays, and the next run goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// Another process rebuilds it at this moment.
    #[error("the read model is being rebuilt by another process")]
    AlreadyRunning,
    /// Long reads kept the table from being swapped; try again later.
    #[error("the table was in use all the time")]
    TableInUse,
    /// The live table's indexes are not those of the shadow: a migration ran meanwhile. The next run starts over.
    #[error("the table was changed during the rebuild")]
    TableChanged,
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

/// Events folded in one transaction.
const PAGE: usize = 10_000;
/// Tenants looked up at a time.
const TENANTS: i64 = 1_000;
/// How near the shadow must be before the live table is locked.
const NEAR: i64 = 1_000;
/// How often the lock is asked for, two seconds each time.
const LOCK_ATTEMPTS: u32 = 15;

/// Rebuilds one inline read model on the owner's pool; rows are written as `agentcores_writer`, as row-level security
/// binds a table's owner too.
pub async fn rebuild(
    owner: &PgPool,
    log: &LogPages,
    projector: &dyn Projector,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Rebuilt, RebuildError> {
    // Its own connection, closed at the end: whatever happens, no role, lock or transaction stays on a pooled one.
    let mut conn = owner.acquire().await?.detach();
    let shadow = Shadow::of(projector.name());
    if !shadow.lock(&mut conn).await? {
        return Err(RebuildError::AlreadyRunning);
    }
    let mut run = Run { log, projector, shadow, events: 0, done: 0, total: 0, progress: &mut progress };
    let finished = run.finish(&mut conn).await;
    // Given back before the connection is: the server notices its end only a moment later, and until then the next
    // rebuild would be refused. Where this fails too, that moment is all it costs.
    conn.execute("select pg_advisory_unlock_all()").await.ok();
    conn.close().await.ok();
    finished.map(|()| Rebuilt { events: run.events })
}

struct Run<'a> {
    log: &'a LogPages,
    projector: &'a dyn Projector,
    shadow: Shadow,
    events: i64,
    done: i64,
    total: i64,
    progress: &'a mut (dyn FnMut(Progress) + Send),
}

/// Whether each page is a transaction or all of them belong to one that is open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Commits {
    Each,
    Outer,
}

impl Run<'_> {
    /// Folds the whole log into the shadow and puts it in the place of the live table.
    async fn finish(&mut self, conn: &mut PgConnection) -> Result<(), RebuildError> {
        shadow::let_become_writer(conn).await?;
        self.shadow.prepare(conn).await?;
        self.count(conn).await?;
        let mut attempts = 0;
        loop {
            while self.catch_up(conn, Commits::Each).await? > NEAR {}
            match self.swap(conn).await {
                Err(RebuildError::Database(error)) if is_lock_timeout(&error) => {
                    conn.execute("rollback").await?;
                    attempts += 1;
                    if attempts == LOCK_ATTEMPTS {
                        return Err(RebuildError::TableInUse);
                    }
                }
                swapped => return swapped.map(drop),
            }
        }
    }

    /// Folds what the log has and the shadow has not; how many events.
    async fn catch_up(&mut self, conn: &mut PgConnection, commits: Commits) -> Result<i64, RebuildError> {
        conn.execute(AS_WRITER).await?;
        let before = self.events;
        let mut beyond = Uuid::nil();
        loop {
            let mut behind = self.behind(conn, beyond).await?;
            let Some(&(TenantId(last), _)) = behind.back() else {
                break;
            };
            beyond = last;
            while !behind.is_empty() {
                let (batch, marks) = self.gather(conn, &mut behind).await?;
                if commits == Commits::Each {
                    conn.execute("begin").await?;
                }
                self.write(conn, &batch, &marks).await?;
                if commits == Commits::Each {
                    conn.execute("commit").await?;
                }
                self.report(batch.len());
            }
        }
        conn.execute(AS_OWNER).await?;
        Ok(self.events - before)
    }

    /// Locks the live table, folds the rest and swaps.
    async fn swap(&mut self, conn: &mut PgConnection) -> Result<(), RebuildError> {
        self.shadow.analyze(conn).await?;
        self.shadow.begin_exclusive(conn).await?;
        // A committer that is at work now has not touched the live table, or it would not be locked: its events are
        // not committed yet, and it will write them into the table that takes the live one's name.
        self.catch_up(conn, Commits::Outer).await?;
        if !self.shadow.swap(conn).await? {
            return Err(RebuildError::TableChanged);
        }
        conn.execute("commit").await?;
        Ok(())
    }

    /// Tenants beyond `beyond`, in the order of their ids, whose log goes further than the shadow, each with how far
    /// the shadow is.
    async fn behind(
        &self,
        conn: &mut PgConnection,
        beyond: Uuid,
    ) -> Result<VecDeque<(TenantId, i64)>, sqlx::Error> {
        const SQL: &str = "
            select h.tenant_id, coalesce(c.position, 0)
            from tenant_heads h
            left join rebuild_checkpoints c on c.tenant_id = h.tenant_id and c.name = $1
            where h.tenant_id > $2 and h.position > coalesce(c.position, 0)
            order by h.tenant_id
            limit $3";
        let query = sqlx::query_as(SQL).bind(self.shadow.live).bind(beyond).bind(TENANTS);
        let rows: Vec<(Uuid, i64)> = query.fetch_all(conn).await?;
        Ok(rows.into_iter().map(|(tenant, at)| (TenantId(tenant), at)).collect())
    }

    /// A page of events of one tenant, or of several with few; takes the tenants that are done from the queue.
    async fn gather(
        &self,
        conn: &mut PgConnection,
        behind: &mut VecDeque<(TenantId, i64)>,
    ) -> Result<(Vec<Recorded>, Marks), sqlx::Error> {
        let (mut batch, mut marks) = (Vec::new(), Marks::default());
        while let Some((tenant, after)) = behind.front_mut() {
            let room = PAGE - batch.len();
            if room == 0 {
                break;
            }
            let page = self.log.page(conn, *tenant, *after, signed(room)).await?;
            let is_whole = page.len() < room;
            if let Some(last) = page.last() {
                marks.tenants.push(tenant.0);
                marks.positions.push(last.position);
                *after = last.position;
            }
            batch.extend(page);
            if is_whole {
                behind.pop_front();
            }
        }
        Ok((batch, marks))
    }

    async fn write(
        &self,
        conn: &mut PgConnection,
        batch: &[Recorded],
        marks: &Marks,
    ) -> Result<(), sqlx::Error> {
        const SQL: &str = "
            insert into rebuild_checkpoints (tenant_id, name, position)
            select k.tenant_id, $1, k.position from unnest($2::uuid[], $3::bigint[]) as k (tenant_id, position)
            on conflict (tenant_id, name) do update set position = excluded.position";
        self.projector.project(conn, &self.shadow.table, batch).await?;
        let query = sqlx::query(SQL).bind(self.shadow.live).bind(&marks.tenants).bind(&marks.positions);
        query.execute(conn).await.map(drop)
    }

    async fn count(&mut self, conn: &mut PgConnection) -> Result<(), sqlx::Error> {
        const SQL: &str = "
            select
                (select coalesce(sum(position), 0)::bigint from rebuild_checkpoints where name = $1),
                (select coalesce(sum(position), 0)::bigint from tenant_heads)";
        conn.execute(AS_WRITER).await?;
        let query = sqlx::query_as(SQL).bind(self.shadow.live);
        (self.done, self.total) = query.fetch_one(&mut *conn).await?;
        conn.execute(AS_OWNER).await?;
        self.report(0);
        Ok(())
    }

    fn report(&mut self, folded: usize) {
        self.events += signed(folded);
        self.done += signed(folded);
        self.total = self.total.max(self.done);
        (self.progress)(Progress { done: self.done, total: self.total });
    }
}

/// How far each tenant of a batch is once it is written.
#[derive(Default)]
struct Marks {
    tenants: Vec<Uuid>,
    positions: Vec<i64>,
}

fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn is_lock_timeout(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.as_deref() == Some("55P03")
}
