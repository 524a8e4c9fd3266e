//! A private Postgres in the data directory, for a machine where nobody set `DATABASE_URL`.
//!
//! [`EmbeddedPostgres::start`] finds binaries, makes a cluster on the first start, runs it as a child with only a
//! unix socket, and brings it back when it dies. [`attach()`] is for a second process (a worker, a command line tool)
//! on the same data directory. This module never installs or downloads anything and never opens a TCP port.
//!
//! ```text
//! data/lock          flock of the process that owns the server; holds its pid
//! data/pg/           the cluster; as root it belongs to `postgres` or `nobody`
//! data/pg.password   the owner role's password, 0600
//! data/pg.log        what Postgres says, the last runs; pg.log.1 is the part before
//! data/pg.run/       the socket; /tmp/agentcores-<hash> when this path is too long for one
//!
//! absent ──initdb──▶ stopped ──start──▶ running ──stop (SIGINT)──▶ stopped
//!                       ▲                  │ killed: the supervisor starts it again, it recovers from its WAL
//!                       └──────────────────┘ service killed: the server stays, the next start reuses it
//! ```
//!
//! Everything before the server answers uses short blocking file calls on purpose: nothing else runs yet.

mod access;
mod account;
mod attach;
mod binaries;
mod cluster;
mod error;
mod handle;
mod initdb;
mod lock;
mod log;
mod npm_package;
mod options;
mod runner;
mod server;
mod settings;
mod socket;
mod supervisor;

pub use attach::attach;
pub use error::EmbeddedError;
pub use handle::EmbeddedPostgres;
pub use options::{Durability, Options};
