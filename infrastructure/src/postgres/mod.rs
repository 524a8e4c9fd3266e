//! The event log on Postgres, and everything else that is kept there.
//!
//! Changes go through the [committer](PgEventLog) alone; tenant-scoped reads through [`Reader`]; the log is
//! followed through [`Feed`]. The few writes that go along with no event (a refresh rotation, a stored answer, a
//! lease) are single statements: nobody but the committer opens a writing transaction.

mod answers;
mod codec;
mod committer;
mod credentials;
mod database;
mod event_log;
mod feed;
mod framework;
mod pages;
mod pool;
mod presentation;
mod projector;
mod reader;
mod vault;
mod wake;

pub use answers::{Answers, Known, StoredAnswer};
pub use committer::CommitterOptions;
pub use credentials::PgCredentials;
pub use database::{Database, DatabaseError, MIGRATOR, connect_owner};
pub use event_log::PgEventLog;
pub use feed::{Feed, FeedEvent, LogFilter, LogHead, LogOrder, LogPage};
pub use framework::{TenantEventStore, TenantEventStoreContext};
pub use pages::LogPages;
pub use projector::{Projector, Projectors};
pub use reader::Reader;
pub use vault::Vault;
pub use wake::Wake;

use application::ports::Unavailable;

/// Logs why the database did not answer; the caller only learns that it is away.
#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` asks for")]
fn unavailable(error: sqlx::Error) -> Unavailable {
    tracing::error!(error = &error as &dyn std::error::Error, "the database did not answer");
    Unavailable
}
