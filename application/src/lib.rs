//! Who may ask, and of whom.
//!
//! A use case is one function on [`App`]: require a permission, look up what the rule needs, make one commit,
//! answer. What lies outside is reached through the traits in [`ports`]. There is no SQL and no HTTP here, and no
//! loop: the worker's loop calls [`App::claim`] and [`App::run_claimed`]. Start reading at `agents.rs`.

pub mod caller;
pub mod commit;
pub mod error;
pub mod execution;
pub mod ports;

mod agents;
mod api_keys;
mod approvals;
mod auth;
mod budgets;
mod conversations;
mod execute;
mod invitations;
mod mail;
mod passwords;
mod provider_keys;
mod schedules;
mod scheduling;
mod sessions;
mod setup;
mod stops;
mod tasks;
mod tenants;
mod turns;
mod users;

use std::sync::Arc;

use chrono::TimeDelta;

pub use agents::{AgentChange, NewAgent};
pub use api_keys::{KeyOrder, MadeApiKey};
pub use approvals::Decision;
pub use auth::{Registration, SignIn};
pub use caller::{Caller, Origin};
pub use conversations::{NewConversation, answered_in, said_in};
pub use error::AppError;
pub use execute::Done;
pub use execution::{NewFork, Replayed, Stop, StopCause, answer_text};
pub use invitations::{Invitation, Offer};
pub use mail::{API_KEY_EXPIRING, key_occasion, limit_occasion};
pub use passwords::OtherSessions;
pub use schedules::no_calendar;
pub use sessions::{Presented, SignedIn};
pub use tasks::NewTask;
pub use tenants::NewTenant;
pub use turns::Turns;
pub use users::UserChange;

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
    /// The texts of API keys.
    pub api_keys: Arc<dyn ports::ApiKeys>,
    /// The keys that tenants have with model providers.
    pub provider_keys: Arc<dyn ports::ProviderKeys>,
    /// When schedules are due.
    pub schedules: Arc<dyn ports::ScheduleClock>,
    /// Tasks that wait for a worker.
    pub queue: Arc<dyn ports::RunQueue>,
    /// The tasks that wait for a person for too long.
    pub overdue: Arc<dyn ports::OverdueApprovals>,
    /// What conversations have come to.
    pub conversations: Arc<dyn ports::Conversations>,
    /// Which tasks workers are at.
    pub running: Arc<dyn ports::RunningTasks>,
    /// Where agents' model calls go.
    pub models: Arc<dyn ports::ModelProvider>,
    /// Where answers of models are seen while they come in.
    pub drafts: Arc<dyn ports::Drafts>,
    /// What agents may use besides their models.
    pub tools: Arc<dyn ports::Tools>,
    /// What models and tools were asked and answered.
    pub contents: Arc<dyn ports::Contents>,
    /// JSON Schemas of agents.
    pub schemas: Arc<dyn ports::Schemas>,
    /// Mails that wait to be sent.
    pub outbox: Arc<dyn ports::Outbox>,
    /// Where mails go.
    pub mailer: Arc<dyn ports::Mailer>,
    /// How long a session may go on, however often it is refreshed.
    pub session_lifetime: TimeDelta,
    /// Turns of those who present the same refresh token.
    pub turns: Turns,
    /// Time.
    pub clock: Arc<dyn ports::Clock>,
    /// New identifiers.
    pub ids: Arc<dyn ports::Ids>,
}
