//! The event log on Postgres, and everything else that is kept there.
//!
//! Changes go through the [committer](PgEventLog) alone; tenant-scoped reads through [`Reader`]; the log is
//! followed through [`Feed`]. The few writes that go along with no event (a refresh rotation, a stored answer, a
//! lease) are single statements: nobody but the committer opens a writing transaction.

mod answers;
mod codec;
mod committer;
mod contents;
mod credentials;
mod database;
mod drafts;
mod event_log;
mod feed;
mod follower;
mod framework;
mod memory;
mod pages;
mod pool;
mod presentation;
mod projector;
mod provider_keys;
mod rate_limits;
mod reader;
mod rotation;
mod vault;
mod wake;
mod walls;

pub use answers::{Answers, Known, StoredAnswer};
pub use committer::CommitterOptions;
pub use contents::PgContents;
pub use credentials::PgCredentials;
pub use database::{Database, DatabaseError, MIGRATOR, connect_owner};
pub use drafts::{ASK_EVERY, PgDrafts};
pub use event_log::PgEventLog;
pub use feed::{Feed, FeedEvent, LogFilter, LogHead, LogOrder, LogPage};
pub use follower::{Follower, Following, InsertQuery, Page, Part};
pub use framework::{TenantEventStore, TenantEventStoreContext};
pub use pages::LogPages;
pub use projector::{Projector, Projectors};
pub use provider_keys::PgProviderKeys;
pub use rate_limits::{Allowance, RateLimits, Subject, Taken};
pub use reader::{Reader, Sight};
pub use rotation::{KeyRotation, Rotated};
pub use vault::Vault;
pub use wake::Wake;
pub use walls::open_walls;

use application::ports::Unavailable;

/// Logs why the database did not answer; the caller only learns that it is away.
#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` asks for")]
fn unavailable(error: sqlx::Error) -> Unavailable {
    tracing::error!(error = &error as &dyn std::error::Error, "the database did not answer");
    Unavailable
}
