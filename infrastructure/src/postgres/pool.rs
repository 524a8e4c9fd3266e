//! The one place where connection pools are made.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};

/// As whom a pool's connections work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum As {
    /// Reads one tenant at a time, for requests; can write nothing.
    Reader { patience: Duration },
    /// Appends to the log and keeps what stands beside it.
    Writer,
    /// Owns the tables: for changing the schema and rebuilding read models, never for serving.
    Owner,
}

impl As {
    const fn role(self) -> &'static str {
        match self {
            Self::Reader { .. } => "agentcores_reader",
            Self::Writer => "agentcores_writer",
            Self::Owner => "none",
        }
    }

    /// How long one statement may run, waits for locks included. A batch of the writer is many requests' work, and
    /// rebuilding takes its time.
    fn statement_timeout(self) -> String {
        match self {
            Self::Reader { patience } => format!("{}ms", patience.as_millis()),
            Self::Writer => "30s".to_owned(),
            Self::Owner => "0".to_owned(),
        }
    }

    /// Every statement of the writer finds its rows by key. A plan that was made while a table was small would go on
    /// scanning it as it grows, until statistics come in: measured, that halves the rate of a fresh database. And as
    /// every batch has the same plan, it is made once.
    const fn planner(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Reader { .. } | Self::Owner => &[],
            Self::Writer => &[
                ("enable_seqscan", "off"),
                ("enable_hashjoin", "off"),
                ("enable_mergejoin", "off"),
                ("plan_cache_mode", "force_generic_plan"),
            ],
        }
    }
}

/// How long a connection may lie idle before it is asked whether it still lives.
const IDLE: Duration = Duration::from_secs(1);

/// A pool of at most `size` connections that work as one role. Released connections are cleared: a transaction
/// that a dropped future left open (sqlx 0.8.4 to 0.9.0, launchbadge/sqlx#4385) must not swallow what the next
/// borrower writes.
#[expect(clippy::disallowed_methods, reason = "the one factory")]
pub(super) async fn connect(options: PgConnectOptions, role: As, size: u32) -> Result<PgPool, sqlx::Error> {
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(Duration::from_secs(5))
        .test_before_acquire(false)
        .before_acquire(|conn, meta| {
            Box::pin(async move {
                // Whoever let it go a moment ago knows that it lives; asking again would cost every request a round trip.
                if meta.idle_for > IDLE {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
        .after_release(|conn, _| {
            Box::pin(async move {
                conn.execute("rollback").await?;
                Ok(true)
            })
        })
        .connect_with(session(options, role))
        .await
}

/// One connection outside any pool, for a writer that keeps it.
pub(super) async fn connect_one(options: &PgConnectOptions, role: As) -> Result<PgConnection, sqlx::Error> {
    PgConnection::connect_with(&session(options.clone(), role)).await
}

fn session(options: PgConnectOptions, as_who: As) -> PgConnectOptions {
    options
        .application_name("agentcores")
        .statement_cache_capacity(500)
        .options([
            ("role", as_who.role()),
            // Rolling back outside a transaction is no news.
            ("client_min_messages", "error"),
            ("idle_in_transaction_session_timeout", "10s"),
            ("lock_timeout", "10s"),
        ])
        .options([("statement_timeout", as_who.statement_timeout())])
        .options(as_who.planner().iter().copied())
        .log_slow_statements(log::LevelFilter::Warn, Duration::from_secs(1))
}
