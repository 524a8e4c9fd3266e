//! Limits that are shared by all nodes and hold over restarts.

use std::time::Duration;

use application::ports::Unavailable;
use sqlx::PgPool;

use super::unavailable;

/// How much is allowed: `burst` at once, and one more after each `every`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The most at once.
    pub burst: u32,
    /// How long until one more is allowed.
    pub every: Duration,
}

/// What is limited: the name of a limit, and a hash of whom it limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Of which limit.
    pub name: &'static str,
    /// Whom; the same on every node.
    pub hash: [u8; 32],
}

/// Where a subject stands after it asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whether it was allowed.
    pub allowed: bool,
    /// How long until nothing of the allowance is used any more.
    pub full_in: Duration,
}

/// The table of limits. Each method is one statement; its times are the database's.
#[derive(Clone, Debug)]
pub struct RateLimits {
    pool: PgPool,
}

/// The generic cell rate algorithm: one time per subject says all. It moves on by `every` with each use and may lie at
/// most the whole burst ahead. A crash of the database may forget the last moments: nobody waits for the disk.
const TAKE: &str = "
    with taken as (
        insert into rate_limits as held (name, subject, full_at)
        values ($1, $2, now() + $3 * interval '1 microsecond')
        on conflict on constraint rate_limits_key do update
            set full_at = greatest(held.full_at, now()) + $3 * interval '1 microsecond'
            where greatest(held.full_at, now()) + $3 * interval '1 microsecond'
                <= now() + $4 * interval '1 microsecond'
        returning full_at
    )
    select
        exists (select from taken),
        (extract(epoch from coalesce(
            (select full_at from taken),
            (select full_at from rate_limits where name = $1 and subject = $2),
            now() + $4 * interval '1 microsecond'
        ) - now()) * 1000000)::bigint,
        set_config('synchronous_commit', 'off', true)";

impl RateLimits {
    /// On the writing role's pool.
    pub const fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Uses one of the allowance, if there is one left.
    pub async fn take(&self, subject: &Subject, allowance: Allowance) -> Result<Taken, Unavailable> {
        let whole = allowance.every * allowance.burst;
        let (allowed, full_in, _): (bool, i64, String) = sqlx::query_as(TAKE)
            .bind(subject.name)
            .bind(subject.hash.as_slice())
            .bind(micros(allowance.every))
            .bind(micros(whole))
            .fetch_one(&self.pool)
            .await
            .map_err(unavailable)?;
        let full_in = Duration::from_micros(u64::try_from(full_in).unwrap_or_default());
        Ok(Taken { allowed, full_in })
    }

    /// Gives one of the allowance back.
    pub async fn give_back(&self, subject: &Subject, allowance: Allowance) -> Result<(), Unavailable> {
        let sql = "
            update rate_limits set full_at = full_at - $3 * interval '1 microsecond'
            where name = $1 and subject = $2";
        sqlx::query(sql)
            .bind(subject.name)
            .bind(subject.hash.as_slice())
            .bind(micros(allowance.every))
            .execute(&self.pool)
            .await
            .map(|_| ())
            .map_err(unavailable)
    }

    /// Gives all of the allowance back.
    pub async fn forget(&self, subject: &Subject) -> Result<(), Unavailable> {
        sqlx::query("delete from rate_limits where name = $1 and subject = $2")
            .bind(subject.name)
            .bind(subject.hash.as_slice())
            .execute(&self.pool)
            .await
            .map(|_| ())
            .map_err(unavailable)
    }

    /// Keeps in mind that a subject was seen.
    pub async fn remember(&self, subject: &Subject, lasts: Duration) -> Result<(), Unavailable> {
        let sql = "
            insert into rate_limits (name, subject, full_at)
            values ($1, $2, now() + $3 * interval '1 microsecond')
            on conflict on constraint rate_limits_key do update set full_at = excluded.full_at";
        sqlx::query(sql)
            .bind(subject.name)
            .bind(subject.hash.as_slice())
            .bind(micros(lasts))
            .execute(&self.pool)
            .await
            .map(|_| ())
            .map_err(unavailable)
    }

    /// Whether a subject was seen, and is not forgotten yet.
    pub async fn remembers(&self, subject: &Subject) -> Result<bool, Unavailable> {
        let sql =
            "select exists (select from rate_limits where name = $1 and subject = $2 and full_at > now())";
        sqlx::query_scalar(sql)
            .bind(subject.name)
            .bind(subject.hash.as_slice())
            .fetch_one(&self.pool)
            .await
            .map_err(unavailable)
    }

    /// Sweeps what says nothing any more; returns how much.
    pub async fn sweep(&self) -> Result<u64, Unavailable> {
        sqlx::query("delete from rate_limits where full_at < now()")
            .execute(&self.pool)
            .await
            .map(|done| done.rows_affected())
            .map_err(unavailable)
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
