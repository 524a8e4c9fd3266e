//! Following every tenant's log in the background.
//!
//! What [`Following`] makes of events is written together with the checkpoint, in one statement that also checks the
//! lease: a node that was given up writes nothing, and nothing is written twice or left out. A follower that is new to a
//! database begins at the present end of every log there is.

use std::collections::HashSet;
use std::time::Duration;

use domain::{Recorded, TenantId};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{PgPool, Postgres, Row};
use tokio::time::Instant;
use uuid::Uuid;

use super::codec::{Codec, DecodeError, EventRow};
use super::feed::{HEAD_COLUMNS, LogHead, head_of};
use super::vault::Vault;
use super::wake::{Growth, Wake};

/// What a follower does with events.
#[async_trait::async_trait]
pub trait Following: Send + Sync + 'static {
    /// Names its lease and checkpoints.
    const NAME: &'static str;
    /// The events it is given; the others are passed over in the database.
    const EVENT_TYPES: &'static [&'static str];
    /// Writes rows: an `insert` whose parameters begin with `$6` and which joins `moved (tenant_id)`, the tenants whose
    /// checkpoint moves with it.
    const INSERT: &'static str;
    /// What is written.
    type Row: Send + Sync;

    /// What a page leads to. It may be asked again for the same page.
    async fn rows(&self, pool: &PgPool, page: &Page) -> Result<Vec<Self::Row>, sqlx::Error>;

    /// Binds the rows to [`Following::INSERT`].
    fn bind<'q>(query: InsertQuery<'q>, rows: &'q [Self::Row]) -> InsertQuery<'q>;

    /// Called after so many rows were written.
    fn written(&self, rows: u64);
}

/// A statement that takes arrays.
pub type InsertQuery<'q> = Query<'q, Postgres, PgArguments>;

/// A part of the logs of many tenants.
#[derive(Debug)]
pub struct Page {
    /// The events asked for, in order within each tenant.
    pub events: Vec<Recorded>,
    /// The parts, one for each tenant.
    pub parts: Vec<Part>,
}

/// A part of one tenant's log.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Whose.
    pub tenant: TenantId,
    /// Behind this position.
    pub after: i64,
    /// Up to this one.
    pub until: i64,
    /// The end of the log, at least as far.
    pub head: LogHead,
}

/// How long a lease lasts; a node that is killed is replaced after that.
const LEASE_SECONDS: i32 = 6;
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// The least time between two pages: many commands are one page.
const PAUSE: Duration = Duration::from_millis(200);
/// How often every tenant is looked at, whatever was heard.
const LOOK_AROUND_EVERY: Duration = Duration::from_secs(15);
/// Most tenants to a page, and most positions of each.
const TENANTS: i64 = 200;
const POSITIONS: i64 = 1_000;

/// Runs a [`Following`].
pub struct Follower<F> {
    following: F,
    pool: PgPool,
    vault: Vault,
    wake: Wake,
    holder: Uuid,
    move_and_insert: String,
}

impl<F: Following> Follower<F> {
    /// A follower on the writing role's pool. Where it is new, everything that happened so far is passed over.
    pub async fn register(following: F, pool: PgPool, vault: Vault, wake: Wake) -> Result<Self, sqlx::Error> {
        sqlx::query(
            "with began as (
                 insert into followers (name) values ($1) on conflict do nothing returning name
             )
             insert into follower_checkpoints (name, tenant_id, position)
             select b.name, h.tenant_id, h.position from began b cross join tenant_heads h",
        )
        .bind(F::NAME)
        .execute(&pool)
        .await?;
        let move_and_insert = format!("{MOVE} {}", F::INSERT);
        Ok(Self { following, pool, vault, wake, holder: Uuid::new_v4(), move_and_insert })
    }

    /// Follows. Ends never; abort it with its task.
    pub async fn run(self) {
        let growth = self.wake.growth();
        loop {
            if let Err(error) = self.lead(&growth).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the follower {} begins anew",
                    F::NAME
                );
            }
            tokio::time::sleep(RENEW_EVERY).await;
        }
    }

    /// Follows for as long as this node holds the lease.
    async fn lead(&self, growth: &Growth) -> Result<(), sqlx::Error> {
        let (mut renewed, mut looked) = (None::<Instant>, None::<Instant>);
        loop {
            if renewed.is_none_or(|at| at.elapsed() >= RENEW_EVERY) {
                if !self.hold().await? {
                    return Ok(());
                }
                renewed = Some(Instant::now());
            }
            if looked.is_none_or(|at| at.elapsed() >= LOOK_AROUND_EVERY) {
                growth.all();
                looked = Some(Instant::now());
            }
            let Ok(grown) = tokio::time::timeout(RENEW_EVERY, growth.next()).await else {
                continue;
            };
            self.step(grown, growth).await?;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Takes the lease, or keeps it.
    async fn hold(&self) -> Result<bool, sqlx::Error> {
        let held = sqlx::query(
            "update followers set holder = $2, leased_until = now() + make_interval(secs => $3)
             where name = $1 and (holder = $2 or leased_until is null or leased_until < now())",
        )
        .bind(F::NAME)
        .bind(self.holder)
        .bind(f64::from(LEASE_SECONDS))
        .execute(&self.pool)
        .await?;
        Ok(held.rows_affected() > 0)
    }

    /// One page of the tenants that grew, or of all that are behind. What it leaves over is marked as grown again.
    async fn step(&self, grown: Option<HashSet<TenantId>>, growth: &Growth) -> Result<(), sqlx::Error> {
        let parts = match self.behind(grown.as_ref()).await {
            Ok(parts) => parts,
            Err(error) => {
                growth.all();
                return Err(error);
            }
        };
        if parts.is_empty() {
            return Ok(());
        }
        let is_full = i64::try_from(parts.len()).is_ok_and(|count| count >= TENANTS);
        if is_full || parts.iter().any(|part| part.until < part.head.position) {
            growth.all();
        }
        let events = self.events(&parts).await.inspect_err(|_| growth.all())?;
        let page = Page { events, parts };
        let written = self.write(&page).await.inspect_err(|_| growth.all())?;
        if written > 0 {
            self.following.written(written);
        }
        Ok(())
    }

    async fn behind(&self, grown: Option<&HashSet<TenantId>>) -> Result<Vec<Part>, sqlx::Error> {
        let sql = format!(
            "select {HEAD_COLUMNS}, coalesce(after, 0) as after
             from tenant_heads
             left join (
                 select tenant_id as follows, position as after from follower_checkpoints where name = $1
             ) as checkpoint on follows = tenant_id
             where position > coalesce(after, 0) and ($2::uuid[] is null or tenant_id = any ($2))
             limit $3"
        );
        let grown: Option<Vec<Uuid>> = grown.map(|tenants| tenants.iter().map(|tenant| tenant.0).collect());
        let rows = sqlx::query(&sql).bind(F::NAME).bind(grown).bind(TENANTS).fetch_all(&self.pool).await?;
        let part = |row: &PgRow| {
            let (after, head): (i64, LogHead) = (row.try_get("after")?, head_of(row)?);
            let until = head.position.min(after + POSITIONS);
            Ok(Part { tenant: TenantId(row.try_get("tenant_id")?), after, until, head })
        };
        rows.iter().map(part).collect()
    }

    async fn events(&self, parts: &[Part]) -> Result<Vec<Recorded>, sqlx::Error> {
        let sql = "
            select p.nth, e.position, e.aggregate_type, e.aggregate_id, e.sequence, e.event_id, e.event_type,
                e.event_version, e.payload::text as payload, e.metadata::text as metadata, e.recorded_at, e.leaf_hash
            from unnest($1::uuid[], $2::bigint[], $3::bigint[]) with ordinality as p (tenant_id, after, until, nth)
            cross join lateral (
                select *
                from events e
                where e.tenant_id = p.tenant_id and e.position > p.after and e.position <= p.until
                    and e.event_type = any ($4)
                order by e.position
            ) e
            order by p.nth, e.position";
        let types: Vec<String> = F::EVENT_TYPES.iter().map(ToString::to_string).collect();
        let rows = sqlx::query(sql)
            .bind(parts.iter().map(|part| part.tenant.0).collect::<Vec<_>>())
            .bind(parts.iter().map(|part| part.after).collect::<Vec<_>>())
            .bind(parts.iter().map(|part| part.until).collect::<Vec<_>>())
            .bind(types)
            .fetch_all(&self.pool)
            .await?;
        let mut events = Vec::with_capacity(rows.len());
        for row in &rows {
            let nth: i64 = row.try_get("nth")?;
            let Some(part) = usize::try_from(nth - 1).ok().and_then(|at| parts.get(at)) else {
                continue;
            };
            let row = <EventRow as sqlx::FromRow<PgRow>>::from_row(row)?;
            match Codec::new(&self.vault, part.tenant).decode(row).await {
                Ok(recorded) => events.push(recorded),
                Err(error @ DecodeError::Unavailable(_)) => return Err(error.into()),
                // One event that does not read must not hold up every tenant.
                Err(error) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the follower {} passes over an event that does not read",
                    F::NAME
                ),
            }
        }
        Ok(events)
    }

    /// Moves the checkpoints and writes what the page leads to, in one statement.
    async fn write(&self, page: &Page) -> Result<u64, sqlx::Error> {
        let rows = self.following.rows(&self.pool, page).await?;
        let sql = if rows.is_empty() { MOVE_ONLY } else { self.move_and_insert.as_str() };
        let query = sqlx::query(sql)
            .bind(F::NAME)
            .bind(self.holder)
            .bind(page.parts.iter().map(|part| part.tenant.0).collect::<Vec<_>>())
            .bind(page.parts.iter().map(|part| part.after).collect::<Vec<_>>())
            .bind(page.parts.iter().map(|part| part.until).collect::<Vec<_>>());
        if rows.is_empty() {
            query.execute(&self.pool).await?;
            return Ok(0);
        }
        Ok(F::bind(query, &rows).execute(&self.pool).await?.rows_affected())
    }
}

/// The shared lock keeps the lease from being taken over while the statement runs; a node that lost it moves nothing.
const MOVE: &str = "
    with held as (
        select 1 from followers where name = $1 and holder = $2 and leased_until > now() for share
    ), moved as (
        insert into follower_checkpoints as c (name, tenant_id, position)
        select $1, p.tenant_id, p.until
        from unnest($3::uuid[], $4::bigint[], $5::bigint[]) as p (tenant_id, after, until)
        cross join held
        left join follower_checkpoints was on was.tenant_id = p.tenant_id and was.name = $1
        where coalesce(was.position, 0) = p.after
        on conflict on constraint follower_checkpoints_key do update set position = excluded.position
        returning c.tenant_id
    )";

const MOVE_ONLY: &str = "
    with held as (
        select 1 from followers where name = $1 and holder = $2 and leased_until > now() for share
    )
    insert into follower_checkpoints as c (name, tenant_id, position)
    select $1, p.tenant_id, p.until
    from unnest($3::uuid[], $4::bigint[], $5::bigint[]) as p (tenant_id, after, until)
    cross join held
    left join follower_checkpoints was on was.tenant_id = p.tenant_id and was.name = $1
    where coalesce(was.position, 0) = p.after
    on conflict on constraint follower_checkpoints_key do update set position = excluded.position";
