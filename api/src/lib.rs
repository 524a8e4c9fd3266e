//! HTTP in, HTTP out, the command line, and the composition root.
//!
//! A request goes through `middleware`, is parsed by `extract` and handled by one function of `routes`, which
//! asks one use case or one view and answers with the resource. [`router`] is the only list of routes, `problem`
//! holds the only table from failures to statuses. There are no rules here and no SQL. Start reading at
//! `routes/agents.rs`.

mod answer;
mod api_keys;
pub mod cli;
mod extract;
mod limits;
mod logging;
mod mailer;
mod middleware;
mod openapi;
mod pages;
mod problem;
mod router;
mod routes;
mod scheduler;
mod server;
mod sessions;
pub mod settings;
mod sse;
pub mod wire;
mod worker;

use std::sync::Arc;

use application::App;
use infrastructure::postgres::{Answers, Database, Feed, PgDrafts};
use projections::Views;
use tokio::sync::watch;

pub use api_keys::ApiKeys;
pub use extract::{Network, NetworkError};
pub use limits::{Figures, Limits, OwnFigure, Regime};
pub use middleware::tally::Tally;
pub use router::{health_router, openapi, openapi_json, router};
pub use routes::ActorNames;
pub use server::{Patience, serve};
pub use sessions::Sessions;
pub use worker::{Worker, WorkerOptions};

/// What handlers reach.
#[derive(Clone)]
pub struct ApiState {
    /// The use cases.
    pub app: App,
    /// The read models.
    pub views: Views,
    /// The log.
    pub feed: Feed,
    /// Answers of models while they come in.
    pub drafts: PgDrafts,
    /// Answers of idempotent requests.
    pub answers: Answers,
    /// Asked whether it answers.
    pub database: Database,
    /// How this deployment is reached.
    pub http: Arc<HttpSettings>,
    /// Turns true when the process is to end: streams end, and it no longer says it is ready.
    pub shutdown: watch::Receiver<bool>,
    /// Who open sessions belong to.
    pub sessions: Sessions,
    /// For whom API keys speak.
    pub api_keys: ApiKeys,
    /// What users are called.
    pub names: ActorNames,
    /// How often something may be asked.
    pub limits: Limits,
    /// Answers of 503 that are logged by their number.
    pub unavailable: Tally,
}

/// How a deployment is reached.
#[derive(Clone)]
pub struct HttpSettings {
    /// The domain whose subdomains name tenants, such as `agentcores.example`; without it `Host` names none.
    pub base_domain: Option<String>,
    /// Whether mails are sent; if not, invitation tokens stand in the answer.
    pub mail_configured: bool,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// The version that `/health` tells.
    pub version: &'static str,
    /// Secret, and the same on every node: goes into the stored hashes of idempotent requests, whose bodies may
    /// hold passwords.
    pub request_pepper: [u8; 32],
    /// The one before the master key became another.
    pub request_pepper_before: Option<[u8; 32]>,
}
