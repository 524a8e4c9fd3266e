//! Talking to the server of a data directory as its owner.

use super::{
    cluster::Cluster,
    error::{EmbeddedError, io},
    socket::{is_trusted, socket_dir, socket_file},
};
use sqlx::{
    Connection, Executor, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};
use std::{io::ErrorKind, path::PathBuf, time::Duration};
use tokio::{
    net::UnixStream,
    time::{Instant, sleep, timeout},
};

/// Owner of the cluster, and name of the product's database.
pub(super) const OWNER: &str = "agentcores";
const DATABASE: &str = "agentcores";
/// A server that takes longer to let somebody in is asked again.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Replaying `max_wal_size` after a crash stays below this even on a slow disk.
pub(super) const RECOVERY: Duration = Duration::from_secs(300);
pub(super) const POLL: Duration = Duration::from_millis(20);

/// Between two questions: short at first, then long, since each refused one is a line in the server's log.
pub(super) fn pause_after(waited: Duration) -> Duration {
    if waited < Duration::from_secs(1) { POLL } else { 10 * POLL }
}

/// What a server says to a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It lets us in.
    Ready,
    /// It starts, stops, recovers or is full.
    Busy,
    /// Nobody listens.
    Absent,
}

/// The way in: a socket and a password.
#[derive(Clone)]
pub(super) struct Access {
    cluster: Cluster,
    pub(super) socket_dir: PathBuf,
    password: String,
}

impl Access {
    /// # Errors
    /// `PasswordMissing`
    pub(super) fn load(cluster: &Cluster) -> Result<Self, EmbeddedError> {
        let password = cluster.read_password()?;
        Ok(Self { cluster: cluster.clone(), socket_dir: socket_dir(cluster), password })
    }

    /// For the owner role and the product's database.
    pub(super) fn options(&self) -> PgConnectOptions {
        // Every field that sqlx would take from PGHOST, PGUSER and the like is set, so the environment has no say.
        PgConnectOptions::new_without_pgpass()
            .socket(&self.socket_dir)
            .port(5432)
            .username(OWNER)
            .password(&self.password)
            .database(DATABASE)
            .ssl_mode(PgSslMode::Disable)
    }

    pub(super) fn url(&self) -> String {
        let host = percent_encoded(&self.socket_dir.display().to_string());
        format!("postgres://{OWNER}:{}@localhost/{DATABASE}?host={host}&sslmode=disable", self.password)
    }

    /// # Errors
    /// `PasswordRefused`, `Database` for an answer that time does not change
    pub(super) async fn ask(&self) -> Result<Answer, EmbeddedError> {
        if !is_trusted(&self.socket_dir, &self.cluster)? {
            return Ok(Answer::Absent);
        }
        let options = self.options().database("postgres");
        let Ok(connected) = timeout(ANSWER_WITHIN, PgConnection::connect_with(&options)).await else {
            return Ok(Answer::Busy);
        };
        match connected {
            Ok(connection) => connection.close().await.map(|()| Answer::Ready).map_err(Into::into),
            Err(sqlx::Error::Io(error)) => match error.kind() {
                ErrorKind::ConnectionRefused | ErrorKind::NotFound => Ok(Answer::Absent),
                ErrorKind::PermissionDenied => Err(io("connect to", &self.socket_dir)(error)),
                _ => Ok(Answer::Busy), // died or stopped while we talked; the next question will tell
            },
            Err(sqlx::Error::Database(error)) => match error.code().as_deref() {
                // cannot_connect_now, admin_shutdown, crash_shutdown, too_many_connections
                Some("57P03" | "57P01" | "57P02" | "53300") => Ok(Answer::Busy),
                Some("28P01") => Err(EmbeddedError::PasswordRefused { path: self.cluster.password_file() }),
                _ => Err(sqlx::Error::Database(error).into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Asks until the server is ready or absent.
    ///
    /// # Errors
    /// `NotReady` after five minutes, and those of `ask`
    pub(super) async fn ask_until_settled(&self) -> Result<Answer, EmbeddedError> {
        let since = Instant::now();
        loop {
            match self.ask().await? {
                Answer::Busy if since.elapsed() < RECOVERY => sleep(pause_after(since.elapsed())).await,
                Answer::Busy => {
                    return Err(EmbeddedError::NotReady { log: self.cluster.log() });
                }
                settled => return Ok(settled),
            }
        }
    }

    /// Whether somebody listens: cheaper than asking, and not in the server's log.
    pub(super) async fn is_listening(&self) -> bool {
        UnixStream::connect(socket_file(&self.socket_dir)).await.map_or_else(
            |error| !matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound),
            |_| true,
        )
    }

    /// Makes the product's database unless it is there.
    pub(super) async fn ensure_database(&self) -> Result<(), EmbeddedError> {
        let mut connection = PgConnection::connect_with(&self.options().database("postgres")).await?;
        let found: Option<i32> = sqlx::query_scalar("select 1 from pg_database where datname = $1")
            .bind(DATABASE)
            .fetch_optional(&mut connection)
            .await?;
        if found.is_none() {
            connection.execute(format!("create database {DATABASE}").as_str()).await?;
        }
        connection.close().await?;
        Ok(())
    }

    /// Whether the running server writes through to the disk.
    pub(super) async fn has_fsync(&self) -> Result<bool, EmbeddedError> {
        let mut connection = PgConnection::connect_with(&self.options().database("postgres")).await?;
        let fsync: String =
            sqlx::query_scalar("select current_setting('fsync')").fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(fsync == "on")
    }
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'/' => {
                encoded.push(char::from(byte));
            }
            other => encoded.extend(['%', hex(other >> 4), hex(other & 0xf)]),
        }
    }
    encoded
}

fn hex(half: u8) -> char {
    char::from(b"0123456789ABCDEF"[usize::from(half & 0xf)])
}
