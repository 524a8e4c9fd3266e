//! The command line.

mod worker;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use domain::tenant::Subdomain;
use domain::text::Reason;
use infrastructure::embedded::{Durability, EmbeddedPostgres, attach};
use sqlx::postgres::PgConnectOptions;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::settings::{Settings, Storage};
use crate::wire::{self, Server, Service, StartError, embedded_options, rebuilding};
use crate::{Patience, logging};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, Parser)]
#[command(name = "agentcores", version, about = "The system of record for AI agents", max_term_width = 110)]
struct Cli {
    /// What to log, such as info or debug,sqlx=warn
    #[arg(long, global = true, env = "AGENTCORES_LOG", default_value = "info")]
    log: String,

    /// Log as JSON, a line for each event
    #[arg(long, global = true, env = "AGENTCORES_LOG_JSON")]
    log_json: bool,

    /// Write the log to this file, added to at its end, instead of standard error
    #[arg(long, global = true, env = "AGENTCORES_LOG_FILE")]
    log_file: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run API, dashboard and workers
    Serve(Box<Settings>),
    /// Run tasks and nothing else, beside any number of other processes on the same database
    Worker {
        #[command(flatten)]
        settings: Box<Settings>,
        /// Address that shows the process's health under /health, /health/live and /health/ready; none by default
        #[arg(long, env = "AGENTCORES_WORKER_HEALTH")]
        health: Option<SocketAddr>,
    },
    /// Bring the database schema up to date
    Migrate(Box<Settings>),
    /// Look after organisations, as the operator
    #[command(subcommand)]
    Tenants(Tenants),
    /// Look after read models
    #[command(subcommand)]
    Projections(Projections),
    /// Look after the keys under which things are stored
    #[command(subcommand)]
    Keys(Keys),
    /// Print the OpenAPI document
    Openapi,
    /// Run a program with DATABASE_URL set to a Postgres that is thrown away afterwards
    WithPostgres {
        #[command(flatten)]
        storage: Box<Storage>,
        /// The program and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        program: Vec<OsString>,
    },
}

#[derive(Debug, Subcommand)]
enum Projections {
    /// Make read models anew from the log while the service runs
    Rebuild {
        /// Which one; all of them if none is named
        name: Option<String>,
        #[command(flatten)]
        settings: Box<Settings>,
    },
}

#[derive(Debug, Subcommand)]
enum Tenants {
    /// Stop everything of an organisation: sign-ins, requests, streams, tasks; all of it within five seconds
    Suspend {
        /// Its subdomain
        subdomain: Subdomain,
        /// Why, for the organisation's log
        #[arg(long)]
        reason: Reason,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Let a suspended organisation go on
    Reactivate {
        /// Its subdomain
        subdomain: Subdomain,
        #[command(flatten)]
        settings: Box<Settings>,
    },
}

#[derive(Debug, Subcommand)]
enum Keys {
    /// Seal every key anew under AGENTCORES_MASTER_KEY that AGENTCORES_MASTER_KEY_PREVIOUS sealed, while the service
    /// runs with both
    Rotate(Box<Settings>),
}

/// Runs what the command line asks for.
pub fn main() -> ExitCode {
    dotenvy::dotenv().ok();
    let cli = Cli::parse();
    let code = logging::begin(&cli.log, cli.log_json, cli.log_file.as_deref())
        .map_err(|error| format!("the log cannot be written: {error}").into())
        .and_then(|()| {
            tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::from)
        })
        .and_then(|runtime| runtime.block_on(run(cli.command)))
        .unwrap_or_else(|error| fail(&*error));
    logging::end();
    code
}

/// One line: what went wrong, and why, as deep as it is known.
fn fail(error: &dyn std::error::Error) -> ExitCode {
    let mut line = format!("agentcores: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.ends_with(&text) {
            line = format!("{line}: {text}");
        }
        cause = error.source();
    }
    logging::write_plainly(&line);
    ExitCode::FAILURE
}

async fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Serve(settings) => serve(&settings).await?,
        Command::Worker { settings, health } => worker::work(&settings, health).await?,
        Command::Migrate(settings) => migrate(&settings).await?,
        Command::Tenants(Tenants::Suspend { subdomain, reason, settings }) => {
            on_tenant(&settings, &subdomain, Some(reason)).await?;
        }
        Command::Tenants(Tenants::Reactivate { subdomain, settings }) => {
            on_tenant(&settings, &subdomain, None).await?;
        }
        Command::Projections(Projections::Rebuild { name, settings }) => {
            rebuild(name.as_deref(), &settings).await?;
        }
        Command::Keys(Keys::Rotate(settings)) => rotate(&settings).await?,
        Command::Openapi => println!("{}", crate::openapi_json()?),
        Command::WithPostgres { storage, program } => return with_postgres(*storage, &program).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve(settings: &Settings) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut signals = StopSignals::listen()?;
    // The port first: if another service has it, nothing else is touched.
    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", settings.listen))?;
    let address = listener.local_addr()?;
    // Links name the port that was given where any was asked for.
    let settings = &Settings { listen: address, ..settings.clone() };
    let server = Server::start(&settings.storage).await?;
    let service = match Service::start(settings, server.owner()).await {
        Ok(service) => service,
        Err(error) => {
            server.stop().await?;
            return Err(error.into());
        }
    };
    let mut workers = service.work(settings.workers);
    tracing::info!(took_ms = begun.elapsed().as_millis(), "ready on http://{address}");
    let router = crate::router(service.state.clone());
    let mut stop = service.state.shutdown.clone();
    let serving = tokio::spawn(async move {
        let stopped = async {
            stop.wait_for(|stopping| *stopping).await.ok();
        };
        crate::serve(listener, router, Patience::default(), stopped).await;
    });
    signals.received().await;
    tracing::info!("stopping: what was begun is finished first");
    service.begin_stop();
    // Clients that do not end their requests do not keep the service.
    tokio::time::timeout(Duration::from_secs(10), serving).await.ok();
    // A worker keeps to the grace period by itself.
    while workers.join_next().await.is_some() {}
    service.stop().await;
    server.stop().await?;
    tracing::info!("stopped");
    Ok(())
}

/// Ctrl-C, or what a supervisor sends. Listened for from the start, so that a service that is asked to stop while it
/// starts stops in order once it has.
struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

async fn migrate(settings: &Settings) -> Result<(), Failure> {
    let server = Server::start(&settings.storage).await?;
    let result = wire::migrate(settings, server.owner()).await;
    server.stop().await?;
    result?;
    tracing::info!("the database schema is up to date");
    Ok(())
}

/// The operator's name in the log.
const OPERATOR: &str = "operator";

/// Suspends an organisation for a reason; without one it is reactivated.
async fn on_tenant(
    settings: &Settings,
    subdomain: &Subdomain,
    suspend: Option<Reason>,
) -> Result<(), Failure> {
    beside_service(settings, async |owner| {
        let service = Service::start(settings, owner).await?;
        let app = &service.state.app;
        let result = async {
            let tenant = app.find_tenant(subdomain).await?;
            match suspend {
                Some(reason) => app.suspend_tenant(OPERATOR, tenant, reason).await,
                None => app.reactivate_tenant(OPERATOR, tenant).await,
            }
        };
        let result = result.await;
        service.stop().await;
        let done = result.map_err(|error| format!("{subdomain}: {error}"))?;
        tracing::info!(tenant.id = %done.resource, position = done.position, "done");
        Ok(())
    })
    .await
}

async fn rebuild(name: Option<&str>, settings: &Settings) -> Result<(), Failure> {
    beside_service(settings, async |owner| rebuild_on(name, settings, owner).await).await
}

async fn rotate(settings: &Settings) -> Result<(), Failure> {
    beside_service(settings, async |owner| {
        let rotated = wire::rotate_keys(settings, owner, |table, so_far| {
            tracing::info!(table, sealed_anew = so_far.sealed_anew, failed = so_far.failed, "rotating");
        })
        .await?;
        if rotated.failed > 0 {
            return Err(format!(
                "{} keys open with neither master key; {} were sealed anew",
                rotated.failed, rotated.sealed_anew
            )
            .into());
        }
        println!("{} keys were sealed anew; the master key before is of no more use", rotated.sealed_anew);
        Ok(())
    })
    .await
}

/// Does something on the database. A service that runs on the same data directory goes on running.
async fn beside_service(
    settings: &Settings,
    work: impl AsyncFnOnce(PgConnectOptions) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let attached = match settings.storage.database_url {
        None => attach(&settings.storage.data_dir).await.map_err(StartError::Embedded)?,
        Some(_) => None,
    };
    if let Some(owner) = attached {
        return work(owner).await;
    }
    let server = Server::start(&settings.storage).await?;
    let result = work(server.owner()).await;
    server.stop().await?;
    result
}

async fn rebuild_on(name: Option<&str>, settings: &Settings, owner: PgConnectOptions) -> Result<(), Failure> {
    let (pool, pages) = rebuilding(settings, owner).await?;
    let register = projections::inline();
    let wanted: Vec<_> = register.iter().filter(|one| name.is_none_or(|name| one.name() == name)).collect();
    if wanted.is_empty() {
        let names: Vec<_> = register.iter().map(|one| one.name()).collect();
        return Err(format!("there is no read model of that name; there are {}", names.join(", ")).into());
    }
    for projector in wanted {
        let name = projector.name();
        let rebuilt = projections::rebuild(&pool, &pages, projector.as_ref(), |progress| {
            tracing::info!(read_model = name, ?progress, "rebuilding");
        })
        .await?;
        tracing::info!(read_model = name, ?rebuilt, "rebuilt");
    }
    pool.close().await;
    Ok(())
}

async fn with_postgres(mut storage: Storage, program: &[OsString]) -> Result<ExitCode, Failure> {
    storage.data_dir = std::env::temp_dir().join(format!("agentcores-{}", uuid::Uuid::new_v4().simple()));
    let embedded = EmbeddedPostgres::start(embedded_options(&storage, Durability::Throwaway)).await?;
    let (program, arguments) = program.split_first().ok_or("no program was named")?;
    let status = tokio::process::Command::new(program)
        .args(arguments)
        .env("DATABASE_URL", embedded.url())
        .status()
        .await;
    embedded.stop().await?;
    std::fs::remove_dir_all(&storage.data_dir)?;
    let code = status?.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Ok(ExitCode::from(code))
}
