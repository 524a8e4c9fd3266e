//! `agentcores worker` as a process of its own.

use std::process::Stdio;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use tokio::process::{Child, Command};

/// A worker on this database, with these flags; dropped, it is killed.
pub(crate) fn launch(database: &PgConnectOptions, flags: &[String]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_agentcores"))
        .args(["--log", "error", "worker", "--workers=16", "--connections=4", "--shutdown-grace=1"])
        .args([
            "--secret-key=a-signing-secret-for-tests-only-0123",
            "--master-key=a-sealing-secret-for-tests-only-0123",
        ])
        .args(flags)
        .env_clear()
        .env("DATABASE_URL", database.to_url_lossy().as_str())
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}
