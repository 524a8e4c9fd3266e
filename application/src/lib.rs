//! Who may ask, and of whom.
//!
//! A use case is one function on [`App`]: require a permission, look up what the rule needs, make one commit,
//! answer. What lies outside is reached through the traits in [`ports`]. There is no SQL and no HTTP here, and no
//! loop: the worker's loop calls [`App::run_next`] step by step. Start reading at `agents.rs`.

pub mod caller;
pub mod commit;
pub mod error;
pub mod execution;
pub mod ports;

mod agents;
mod auth;
mod execute;
mod tasks;
mod tenants;
mod users;

use std::sync::Arc;

pub use agents::{AgentChange, NewAgent};
pub use auth::{Registration, SignIn, SignedIn};
pub use caller::{Caller, Origin};
pub use error::AppError;
pub use execute::Done;
pub use execution::Step;
pub use tasks::NewTask;
pub use tenants::NewTenant;
pub use users::{Invitation, UserChange};

/// The ports that use cases reach.
#[derive(Clone)]
pub struct App {
    /// The event log.
    pub log: Arc<dyn ports::EventLog>,
    /// Passwords and sessions as stored.
    pub credentials: Arc<dyn ports::Credentials>,
    /// Hashing of passwords.
    pub passwords: Arc<dyn ports::Passwords>,
    /// Making and checking tokens.
    pub tokens: Arc<dyn ports::Tokens>,
    /// Tasks that wait for a worker.
    pub queue: Arc<dyn ports::RunQueue>,
    /// Where agents' model calls go.
    pub models: Arc<dyn ports::ModelProvider>,
    /// Time.
    pub clock: Arc<dyn ports::Clock>,
    /// New identifiers.
    pub ids: Arc<dyn ports::Ids>,
}
