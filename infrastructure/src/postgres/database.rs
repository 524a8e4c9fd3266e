//! Opening the database: migrations as its owner, everything else without privileges.

use std::time::Duration;

use application::ports::Unavailable;
use secrecy::{ExposeSecret, SecretString};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, Row};

use super::pool::{self, As};
use super::reader::Reader;
use super::unavailable;
use super::walls::open_walls;

/// The schema's steps.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// The login of the service where it is not given one of its own.
const LOGIN: &str = "agentcores_service";

/// A database in its present schema, reached without privileges: the service cannot bypass row-level security.
#[derive(Clone, Debug)]
pub struct Database {
    service: PgConnectOptions,
    reading: PgPool,
    writing: PgPool,
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// Not reached, or it refused.
    #[error("the database cannot be reached")]
    Connect(#[from] sqlx::Error),
    /// A step of the schema failed.
    #[error("the database schema cannot be brought up to date")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The login could see every tenant's rows.
    #[error(
        "the database login {0:?} could bypass row-level security (it is a superuser, has BYPASSRLS or owns tables); \
         the service refuses to run with it"
    )]
    Privileged(String),
    /// A table or view would show one tenant's rows to another if a query let it.
    #[error("row-level security is not in force on {0}; the service refuses to run on such a database")]
    Open(String),
    /// The schema is older or newer than this program, and the login may not change it.
    #[error("the database schema is not this program's: run `agentcores migrate` as the database's owner")]
    Schema,
}

impl Database {
    /// Opens the database that `options` name. If that login is privileged it brings the schema up to date and
    /// prepares the unprivileged login that everything after it uses; a login without privileges is used as it
    /// is and must find the schema up to date. A statement of a request may take `patience`.
    pub async fn open(
        options: PgConnectOptions,
        login_password: &SecretString,
        connections: u32,
        patience: Duration,
    ) -> Result<Self, DatabaseError> {
        // What is there already is no news.
        let quiet = options.clone().options([("client_min_messages", "warning")]);
        let mut conn = PgConnection::connect_with(&quiet).await?;
        let service = if is_privileged(&mut conn).await? {
            migrate(&mut conn).await?;
            prepare_login(&options, login_password).await?
        } else {
            options
        };
        conn.close().await?;
        let mut conn = PgConnection::connect_with(&service).await?;
        if is_privileged(&mut conn).await? {
            return Err(DatabaseError::Privileged(current_user(&mut conn).await?));
        }
        let open = open_walls(&mut conn).await?;
        conn.close().await?;
        // One more: whoever listens for notifications keeps it.
        let writing = pool::connect(service.clone(), As::Writer, connections.div_ceil(2) + 1).await?;
        is_current(&writing).await?;
        if !open.is_empty() {
            return Err(DatabaseError::Open(open.join(", ")));
        }
        let reading = pool::connect(service.clone(), As::Reader { patience }, connections).await?;
        Ok(Self { service, reading, writing })
    }

    /// Tenant-scoped reads.
    pub fn reader(&self) -> Reader {
        Reader::new(self.reading.clone())
    }

    /// The pool of the writing role, for adapters whose writes are single statements.
    pub fn writer(&self) -> PgPool {
        self.writing.clone()
    }

    /// A connection of its own for a writer of the log.
    pub(super) async fn connect_writer(&self) -> Result<PgConnection, sqlx::Error> {
        pool::connect_one(&self.service, As::Writer).await
    }

    /// Whether it answers.
    pub async fn ping(&self) -> Result<(), Unavailable> {
        self.reading.execute("select 1").await.map(|_| ()).map_err(unavailable)
    }

    /// Closes every connection; what is under way ends first.
    pub async fn close(&self) {
        self.reading.close().await;
        self.writing.close().await;
    }
}

/// Connections for rebuilding read models: the owner's, and the writing role's for the keys of persons, which even the
/// owner may not see.
pub async fn connect_owner(options: PgConnectOptions) -> Result<(PgPool, PgPool), sqlx::Error> {
    let owner = pool::connect(options.clone(), As::Owner, 4).await?;
    owner.execute("grant agentcores_writer to current_user").await?;
    Ok((owner, pool::connect(options, As::Writer, 2).await?))
}

/// Brings the schema up to date, as its owner.
async fn migrate(conn: &mut PgConnection) -> Result<(), DatabaseError> {
    Ok(MIGRATOR.run(conn).await?)
}

async fn is_privileged(conn: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let sql = "
        select r.rolsuper or r.rolbypassrls or r.rolcreaterole
            or exists (select from pg_class c where c.relowner = r.oid and c.relnamespace = 'public'::regnamespace)
            or (select d.datdba = r.oid from pg_database d where d.datname = current_database())
        from pg_roles r
        where r.rolname = session_user";
    conn.fetch_one(sql).await?.try_get(0)
}

async fn current_user(conn: &mut PgConnection) -> Result<String, sqlx::Error> {
    conn.fetch_one("select session_user::text").await?.try_get(0)
}

/// The options of the unprivileged login, which is made, or given its present password, unless it works already.
async fn prepare_login(
    owner: &PgConnectOptions,
    password: &SecretString,
) -> Result<PgConnectOptions, DatabaseError> {
    let service = owner.clone().username(LOGIN).password(password.expose_secret());
    if let Ok(open) = PgConnection::connect_with(&service).await {
        open.close().await?;
        return Ok(service);
    }
    // The password stands in a statement, which must reach neither our log nor, if it fails, that of Postgres, where only
    // a superuser may say so.
    let mut quiet = PgConnection::connect_with(&owner.clone().disable_statement_logging()).await?;
    quiet.execute("set log_min_error_statement = panic").await.ok();
    // Roles belong to the whole cluster: another process may be making this one just now.
    let create = format!("create role {LOGIN} login noinherit");
    quiet.execute(create.as_str()).await.ok();
    let quoted = password.expose_secret().replace('\'', "''");
    let alter = format!("alter role {LOGIN} password '{quoted}'");
    let grant = format!("grant agentcores_reader, agentcores_writer to {LOGIN}");
    for statement in [alter.as_str(), grant.as_str()] {
        if let Err(error) = quiet.execute(statement).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "another process prepares the login");
        }
    }
    quiet.close().await?;
    PgConnection::connect_with(&service).await?.close().await?;
    Ok(service.disable_statement_logging())
}

/// Whether the schema is exactly this program's.
async fn is_current(pool: &PgPool) -> Result<(), DatabaseError> {
    let applied: Vec<i64> = sqlx::query_scalar("select version from applied_migrations() order by version")
        .fetch_all(pool)
        .await
        .map_err(|_| DatabaseError::Schema)?;
    let known: Vec<i64> = MIGRATOR.iter().map(|migration| migration.version).collect();
    if applied == known { Ok(()) } else { Err(DatabaseError::Schema) }
}
