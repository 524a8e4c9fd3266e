//! What the service says of itself: each act that somebody must be able to look up, on one line whatever is in it; and that
//! nobody waits for whoever reads it.

mod acts;
mod sink;

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgPool};
use tokio::process::{Child, Command};

use crate::plain;
use crate::process::{POLL, signal};
use crate::support::{Client, fresh_database, pool};

/// A service as a process of its own, on a database of its own.
struct Watched {
    child: Child,
    client: Client,
    database: PgConnectOptions,
    folder: PathBuf,
}

impl Watched {
    /// Starts it; its standard error goes wherever `stderr` says.
    async fn start(flags: &[&str], stderr: Stdio) -> Self {
        let database = fresh_database().await;
        let folder = std::env::temp_dir().join(format!("watched-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir(&folder).unwrap();
        // Whoever does not read the log must know the port. It is free a moment before.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(env!("CARGO_BIN_EXE_agentcores"))
            .args(["serve", "--connections=8", "--workers=1"])
            .arg(format!("--listen=127.0.0.1:{port}"))
            .arg(format!("--data-dir={}", folder.display()))
            .arg(format!("--database-url={}", database.to_url_lossy()))
            .args(["--secret-key=a-signing-secret-for-tests-only-0123"])
            .args(["--master-key=a-sealing-secret-for-tests-only-0123"])
            .args(flags)
            .env_clear()
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let client = Client::of(([127, 0, 0, 1], port).into());
        let watched = Self { child, client, database, folder };
        let end = Instant::now() + Duration::from_secs(60);
        let http = plain::client().build().unwrap();
        let url = watched.client.url("/health/ready");
        while !http.get(&url).send().await.is_ok_and(|answer| answer.status() == 200) {
            assert!(Instant::now() < end, "not ready within 60 s");
            tokio::time::sleep(POLL).await;
        }
        watched
    }

    /// As the database's owner.
    async fn owner(&self) -> PgPool {
        pool(&self.database).await
    }

    /// How its log fares.
    async fn log_health(&self) -> Value {
        let request = self.client.request(reqwest::Method::GET, "/health");
        self.client.send(request).await.expect(200)["log"].clone()
    }

    /// Tells it to end and waits until it has.
    async fn end(mut self) -> ExitStatus {
        signal("TERM", &[self.child.id().unwrap()]);
        tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await.expect("ends in time").unwrap()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

/// The lines of a log in JSON; a line that is none fails.
fn lines(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}
