//! `agentcores serve` as a process of its own, with a data directory of its own and the Postgres in it.

use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command as Shell, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{env, fs};

use api::settings::Settings;
use clap::Parser;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use uuid::Uuid;

pub(crate) const POLL: Duration = Duration::from_millis(20);
/// The first start makes the cluster.
const FIRST_WITHIN: Duration = Duration::from_secs(60);
/// What the service said last, for whoever looks at a failure.
const SHOWN_LINES: usize = 80;

/// A service. Dropped, it leaves no process and no file.
pub(crate) struct Process {
    root: PathBuf,
    flags: Vec<String>,
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    said: Said,
}

#[derive(Parser)]
#[command(args_override_self = true)]
struct Line {
    #[command(flatten)]
    settings: Settings,
    #[arg(long)]
    log: Option<String>,
}

impl Process {
    /// With the settings of every test, and with these flags besides.
    pub(crate) async fn start(flags: &[String]) -> Self {
        let root = env::temp_dir().join(format!("agentcores-test-{}", Uuid::new_v4().simple()));
        fs::create_dir(&root).unwrap();
        // The service looks for its Postgres from where it stands, and must not find the `.env` of the repository.
        symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy"), root.join("deploy")).unwrap();
        let flags = [base_flags(&root).as_slice(), flags].concat();
        let said = Said::default();
        let (child, address) = launch(&root, &flags, &said, FIRST_WITHIN).await;
        Self { root, flags, child, address, said }
    }

    /// Starts it anew, once it has ended; it listens on another port then.
    pub(crate) async fn start_again(&mut self, within: Duration) {
        (self.child, self.address) = launch(&self.root, &self.flags, &self.said, within).await;
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    pub(crate) fn settings(&self) -> Settings {
        let line = ["agentcores".to_owned()].into_iter().chain(self.flags.clone());
        Line::parse_from(line).settings
    }

    /// What it wrote to its log, over all its starts.
    pub(crate) fn log_lines(&self) -> Vec<String> {
        self.said.0.lock().unwrap().clone()
    }

    /// The pid that the postmaster wrote down; none while Postgres is stopped.
    pub(crate) fn postmaster(&self) -> Option<u32> {
        let text = fs::read_to_string(self.root.join("data/pg/postmaster.pid")).ok()?;
        text.lines().next()?.trim().parse().ok()
    }

    /// Whether it takes requests and reaches its database.
    pub(crate) async fn is_ready(&self) -> bool {
        is_ready(self.address).await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let lines = self.log_lines();
            let last = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
            eprintln!("the service said at last:\n{}", last.join("\n"));
        }
        // The service first, as it would bring Postgres back.
        if let Some(pid) = self.child.id() {
            signal("KILL", &[pid]);
        }
        if let Some(pid) = self.postmaster() {
            signal("KILL", &[pid]);
        }
        fs::remove_dir_all(&self.root).ok();
    }
}

/// Both for the service and for looking at what it left.
fn base_flags(root: &Path) -> Vec<String> {
    let data = root.join("data").display().to_string();
    let flags = [
        ("listen", "127.0.0.1:0"),
        ("data-dir", &data),
        ("secret-key", "a-signing-secret-for-tests-only-0123"),
        ("master-key", "a-sealing-secret-for-tests-only-0123"),
        ("connections", "8"),
    ];
    flags.map(|(name, value)| format!("--{name}={value}")).into()
}

/// The lines that a service wrote, in order.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<String>>>);

impl Said {
    async fn hear(&self, lines: &mut Lines<BufReader<ChildStderr>>) -> Option<String> {
        let line = lines.next_line().await.ok()??;
        self.0.lock().unwrap().push(line.clone());
        Some(line)
    }

    async fn until_ready(&self, lines: &mut Lines<BufReader<ChildStderr>>) -> Option<SocketAddr> {
        loop {
            let line = self.hear(lines).await?;
            if let Some((_, address)) = line.split_once("ready on http://") {
                return address.split_whitespace().next()?.parse().ok();
            }
        }
    }
}

/// Starts the service and returns when it is ready.
async fn launch(root: &Path, flags: &[String], said: &Said, within: Duration) -> (Child, SocketAddr) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_agentcores"))
        .arg("serve")
        .args(flags)
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = tokio::time::timeout(within, said.until_ready(&mut lines)).await;
    let address = address.expect("ready in time").expect("the service starts");
    let said = said.clone();
    tokio::spawn(async move { while said.hear(&mut lines).await.is_some() {} });
    let answers = async {
        while !is_ready(address).await {
            tokio::time::sleep(POLL).await;
        }
    };
    tokio::time::timeout(within, answers).await.expect("healthy in time");
    (child, address)
}

async fn is_ready(address: SocketAddr) -> bool {
    let url = format!("http://{address}/health/ready");
    let client = crate::plain::client().build().unwrap();
    client.get(url).send().await.is_ok_and(|answer| answer.status() == 200)
}

/// The shell's own `kill` is there on every machine.
pub(crate) fn signal(name: &str, pids: &[u32]) {
    let pids = pids.iter().map(u32::to_string);
    // One that is gone already is as wanted.
    Shell::new("/bin/sh")
        .args(["-c", "kill -s \"$@\"", "sh", name])
        .args(pids)
        .stderr(Stdio::null())
        .status()
        .unwrap();
}
