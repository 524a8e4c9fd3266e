//! The composition root: the only file that names adapters.

use std::path::PathBuf;
use std::sync::Arc;

use application::ports::{Mailer, ProviderKeys, Unavailable};
use application::{App, Turns};
use chrono::TimeDelta;
use infrastructure::clock::{SystemClock, TimeOrderedIds};
use infrastructure::crypto::{Argon2Passwords, DerivedApiKeys, Purpose, Secrets, SignedTokens};
use infrastructure::embedded::{Durability, EmbeddedError, EmbeddedPostgres, Options};
use infrastructure::json_schema::JsonSchemas;
use infrastructure::outbound::Outbound;
use infrastructure::postgres::{
    Answers, CommitterOptions, Database, DatabaseError, Feed, Follower, KeyRotation, LogPages, PgContents,
    PgCredentials, PgDrafts, PgEventLog, PgProviderKeys, RateLimits, Rotated, Vault, Wake, connect_owner,
};
use infrastructure::providers::Providers;
use infrastructure::tools::AgentTools;
use projections::{
    KeyHolders, MailFollowing, PgOutbox, PgOverdueApprovals, PgRunQueue, PgScheduleClock, Views,
};
use secrecy::ExposeSecret;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::settings::{Settings, SettingsError, Storage};
use crate::{
    ActorNames, ApiKeys, ApiState, HttpSettings, Limits, Sessions, Tally, Worker, WorkerOptions, mailer,
    scheduler,
};

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is missing or not fit.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The private Postgres does not start.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A connection failed.
    #[error("the database cannot be reached")]
    Connect(#[from] sqlx::Error),
    /// `DATABASE_URL` is not a URL of Postgres.
    #[error("DATABASE_URL is not a Postgres URL")]
    Url(#[source] sqlx::Error),
    /// The database went away.
    #[error("the database does not answer")]
    Away(#[from] Unavailable),
}

/// The database server: somebody else's, or the private one that this process started.
pub struct Server {
    options: PgConnectOptions,
    embedded: Option<EmbeddedPostgres>,
}

impl Server {
    /// Uses `DATABASE_URL`, or starts the private Postgres.
    pub async fn start(storage: &Storage) -> Result<Self, StartError> {
        if let Some(url) = &storage.database_url {
            let options = url.expose_secret().parse().map_err(StartError::Url)?;
            return Ok(Self { options, embedded: None });
        }
        let embedded = EmbeddedPostgres::start(embedded_options(storage, Durability::Durable)).await?;
        Ok(Self { options: embedded.owner(), embedded: Some(embedded) })
    }

    /// The login that may change the schema, if this is the private Postgres or `DATABASE_URL` names it.
    pub fn owner(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// Stops the private Postgres.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        match self.embedded {
            Some(embedded) => embedded.stop().await,
            None => Ok(()),
        }
    }
}

/// How the private Postgres of a data directory is run.
pub fn embedded_options(storage: &Storage, durability: Durability) -> Options {
    Options {
        data_dir: storage.data_dir.clone(),
        binaries: storage.pg_bin.clone(),
        search_from: search_from(),
        durability,
        max_connections: 200,
    }
}

/// Where `deploy/postgres` may lie: here, above here, or beside the program.
fn search_from() -> Vec<PathBuf> {
    let here = std::env::current_dir().ok();
    let program = std::env::current_exe().ok();
    let ancestors = |path: PathBuf| path.ancestors().map(PathBuf::from).collect::<Vec<_>>();
    [here, program].into_iter().flatten().flat_map(ancestors).collect()
}

/// What a process does by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Duties {
    /// Sends mails, follows the log, forgets the old: whatever a service does, shared with all others.
    All,
    /// Nothing but the tasks it is told to run.
    Work,
}

/// Everything of a running service but its listener.
pub struct Service {
    /// What requests are answered from.
    pub state: ApiState,
    log: PgEventLog,
    database: Database,
    wake: Wake,
    lease: std::time::Duration,
    grace: std::time::Duration,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    sending: JoinSet<()>,
}

impl Service {
    /// All that a service does but answering requests and running tasks.
    pub async fn start(settings: &Settings, database: PgConnectOptions) -> Result<Self, StartError> {
        Self::connect(settings, Duties::All, database).await
    }

    /// Nothing but what running tasks needs.
    pub async fn start_to_work(settings: &Settings, database: PgConnectOptions) -> Result<Self, StartError> {
        Self::connect(settings, Duties::Work, database).await
    }

    /// Connects every port to its adapter.
    async fn connect(
        settings: &Settings,
        duties: Duties,
        database: PgConnectOptions,
    ) -> Result<Self, StartError> {
        let storage = &settings.storage;
        storage.require_tls(settings.environment, &database)?;
        let secrets = storage.secrets(settings.environment)?;
        let database = open(storage, &secrets, database).await?;
        let vault = Vault::new(database.writer(), &secrets);
        let wake = Wake::default();
        let options = CommitterOptions { writers: storage.writers.into(), ..CommitterOptions::default() };
        let log =
            PgEventLog::start(&database, vault.clone(), projections::inline(), wake.clone(), options).await?;
        let mailer = settings.mail.mailer(settings.environment, settings.reached_at())?;
        let drafts = PgDrafts::new(database.writer(), database.reader());
        let app = app(settings, &secrets, &database, log.clone(), mailer, drafts.clone());
        let pepper = secrets.derive(Purpose::RateLimits);
        let limits = Limits::new(RateLimits::new(database.writer()), settings.figures(), pepper);
        let (stop, stopping) = watch::channel(false);
        let state = ApiState {
            app,
            views: Views::new(database.reader()),
            feed: Feed::new(database.reader(), vault.clone(), wake.clone()),
            drafts: drafts.clone(),
            answers: Answers::new(database.writer(), &secrets),
            database: database.clone(),
            http: Arc::new(HttpSettings {
                base_domain: settings.base_domain.clone(),
                mail_configured: settings.mail.is_configured(),
                trusted_proxies: settings.trusted_proxies.clone(),
                version: env!("CARGO_PKG_VERSION"),
                request_pepper: secrets.derive(Purpose::RequestHashes),
                request_pepper_before: secrets.derive_previous(Purpose::RequestHashes),
            }),
            sessions: Sessions::default(),
            api_keys: ApiKeys::new(KeyHolders::new(database.writer())),
            names: ActorNames::default(),
            limits: limits.clone(),
            unavailable: Tally::default(),
            shutdown: stopping,
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(state.unavailable.clone().tell());
        tasks.spawn(wake.clone().listen(database.clone(), drafts.clone()));
        tasks.spawn(wake.clone().announce(database.clone()));
        tasks.spawn(drafts.clone().run());
        let mut sending = JoinSet::new();
        if duties == Duties::All {
            let mails = Arc::new(Notify::new());
            let following = MailFollowing::new(mails.clone());
            let follower = Follower::register(following, database.writer(), vault, wake.clone()).await?;
            let credentials = PgCredentials::new(database.writer());
            let schedules = PgScheduleClock::new(database.writer());
            tasks.spawn(forget_the_old(state.answers.clone(), credentials, schedules, drafts));
            tasks.spawn(sweep_limits(limits));
            tasks.spawn(follower.run());
            tasks.spawn(mailer::remind(state.app.clone(), mails.clone()));
            sending.spawn(mailer::run(state.app.clone(), mails, stop.subscribe()));
        }
        let (lease, grace) = (settings.lease(), settings.grace());
        Ok(Self { state, log, database, wake, lease, grace, stop, tasks, sending })
    }

    /// Starts running tasks, so many at once.
    pub fn work(&self, slots: u16) -> JoinSet<()> {
        let mut running = JoinSet::new();
        if slots > 0 {
            running.spawn(self.worker(self.state.app.clone(), slots).run(self.stop.subscribe()));
            running.spawn(scheduler::run(self.state.app.clone(), self.stop.subscribe()));
        }
        running
    }

    /// A worker on these ports, to be run.
    pub fn worker(&self, app: App, slots: u16) -> Worker {
        let options = WorkerOptions { slots, lease: self.lease, grace: self.grace };
        Worker::new(app, self.wake.clone(), options)
    }

    /// Tells workers and streams to end.
    pub fn begin_stop(&self) {
        self.stop.send_replace(true);
    }

    /// Finishes what was taken on, and closes the database.
    pub async fn stop(mut self) {
        self.begin_stop();
        self.log.drain().await;
        // A mail that is cut off while it is handed over would be of unknown fate.
        let sent = async { while self.sending.join_next().await.is_some() {} };
        tokio::time::timeout(SENDING_ENDS_WITHIN, sent).await.ok();
        self.sending.abort_all();
        self.tasks.abort_all();
        while self.tasks.join_next().await.is_some() {}
        self.wake.announce_the_rest(&self.database).await;
        self.database.close().await;
    }
}

/// How long a mail under way may hold up the end.
const SENDING_ENDS_WITHIN: std::time::Duration = std::time::Duration::from_secs(10);

/// How many passwords are hashed at once at most: each takes 46 MiB.
const MOST_HASHES: usize = 4;

fn app(
    settings: &Settings,
    secrets: &Secrets,
    database: &Database,
    log: PgEventLog,
    mailer: Arc<dyn Mailer>,
    drafts: PgDrafts,
) -> App {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let outbound = Outbound::patient(settings.outbound.policy(), settings.outbound.patience());
    let options = settings.providers.options(settings.fallback());
    let provider_keys: Arc<dyn ProviderKeys> = Arc::new(PgProviderKeys::new(database.writer(), secrets));
    let (schemas, clock) = (Arc::new(JsonSchemas::default()), Arc::new(SystemClock));
    let tools = AgentTools::new(outbound.clone(), schemas.clone(), clock.clone(), provider_keys.clone());
    App {
        log: Arc::new(log),
        credentials: Arc::new(PgCredentials::new(database.writer())),
        passwords: Arc::new(Argon2Passwords::new(cores.min(MOST_HASHES))),
        tokens: Arc::new(SignedTokens::new(
            secrets,
            settings.algorithm.into(),
            TimeDelta::minutes(settings.access_token_minutes),
            TimeDelta::days(settings.refresh_token_days),
        )),
        api_keys: Arc::new(DerivedApiKeys::new(secrets)),
        provider_keys: provider_keys.clone(),
        queue: Arc::new(PgRunQueue::new(database.writer())),
        overdue: Arc::new(PgOverdueApprovals::new(database.writer())),
        conversations: Arc::new(Views::new(database.reader())),
        running: Arc::new(Views::new(database.reader())),
        schedules: Arc::new(PgScheduleClock::new(database.writer())),
        outbox: Arc::new(PgOutbox::new(database.writer())),
        mailer,
        schemas,
        contents: Arc::new(PgContents::new(database.reader())),
        drafts: Arc::new(drafts),
        tools: Arc::new(tools),
        models: Arc::new(Providers::new(options, outbound, provider_keys, clock.clone())),
        session_lifetime: TimeDelta::days(settings.session_days),
        turns: Turns::default(),
        clock,
        ids: Arc::new(TimeOrderedIds),
    }
}

async fn forget_the_old(
    answers: Answers,
    credentials: PgCredentials,
    schedules: PgScheduleClock,
    drafts: PgDrafts,
) {
    loop {
        tokio::time::sleep(std::time::Duration::from_secs(3_600)).await;
        match answers.forget_old().await {
            Ok(0) | Err(_) => {}
            Ok(forgotten) => tracing::info!(forgotten, "forgot answers older than a day"),
        }
        match credentials.forget_ended_sessions().await {
            Ok(0) | Err(_) => {}
            Ok(forgotten) => tracing::info!(forgotten, "forgot sessions that ended long ago"),
        }
        // What cannot be forgotten now is in an hour.
        schedules.forget_removed().await.ok();
        drafts.forget_old().await.ok();
    }
}

async fn sweep_limits(limits: Limits) {
    loop {
        tokio::time::sleep(std::time::Duration::from_secs(3_600)).await;
        limits.sweep().await;
    }
}

/// Brings the schema of a database up to date.
pub async fn migrate(settings: &Settings, owner: PgConnectOptions) -> Result<(), StartError> {
    let secrets = settings.storage.secrets(settings.environment)?;
    open(&settings.storage, &secrets, owner).await?.close().await;
    Ok(())
}

async fn open(
    storage: &Storage,
    secrets: &Secrets,
    options: PgConnectOptions,
) -> Result<Database, StartError> {
    let login = hex::encode(secrets.derive(Purpose::DatabaseLogin)).into();
    Ok(Database::open(options, &login, storage.connections, storage.statement_timeout()).await?)
}

/// Seals every key anew that another master key sealed. Tells how far it is after each page.
pub async fn rotate_keys(
    settings: &Settings,
    owner: PgConnectOptions,
    tell: impl FnMut(&'static str, Rotated),
) -> Result<Rotated, StartError> {
    let secrets = settings.storage.secrets(settings.environment)?;
    let database = open(&settings.storage, &secrets, owner).await?;
    let rotated = KeyRotation::new(database.writer(), &secrets).run(tell).await;
    database.close().await;
    Ok(rotated?)
}

/// What a rebuild of read models needs: the owner's connections and the log's reader.
pub async fn rebuilding(
    settings: &Settings,
    owner: PgConnectOptions,
) -> Result<(PgPool, LogPages), StartError> {
    let secrets = settings.storage.secrets(settings.environment)?;
    let (owner, writer) = connect_owner(owner).await?;
    Ok((owner, LogPages::new(Vault::new(writer, &secrets))))
}
