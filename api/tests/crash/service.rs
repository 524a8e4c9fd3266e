//! The service as a process, and its death.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command as Shell, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, fs};

use api::settings::Settings;
use clap::Parser;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::watch;
use uuid::Uuid;

/// After a kill, on a machine that does other things too.
const BACK_WITHIN: Duration = Duration::from_secs(15);
/// The first start makes the cluster.
const FIRST_WITHIN: Duration = Duration::from_secs(60);
const STOPS_WITHIN: Duration = Duration::from_secs(40);
pub(crate) const POLL: Duration = Duration::from_millis(20);
/// What the service said last, for whoever looks at a failure.
const REMEMBERED_LINES: usize = 80;

/// Whom a kill hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Victim {
    Service,
    Postmaster,
    Both,
}

/// `agentcores serve` with a data directory of its own, started anew whenever it was killed. Dropped, it leaves no
/// process and no file.
pub(crate) struct Service {
    root: PathBuf,
    child: Child,
    address: watch::Sender<SocketAddr>,
    said: Arc<Mutex<VecDeque<String>>>,
    /// What was done, and how long it took until the service was ready.
    times: Vec<(String, Duration)>,
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    settings: Settings,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let root = env::temp_dir().join(format!("agentcores-crash-{}", Uuid::new_v4().simple()));
        fs::create_dir(&root).unwrap();
        // The service looks for its Postgres from where it stands, and must not find the `.env` of the repository.
        symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy"), root.join("deploy")).unwrap();
        let begun = Instant::now();
        let said = Arc::default();
        let (child, address) = launch(&root, &said, FIRST_WITHIN).await;
        let times = vec![("first start".to_owned(), begun.elapsed())];
        Self { root, child, address: watch::Sender::new(address), said, times }
    }

    /// Where it listens; another port after each start.
    pub(crate) fn address(&self) -> watch::Receiver<SocketAddr> {
        self.address.subscribe()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    pub(crate) fn settings(&self) -> Settings {
        Line::parse_from(["agentcores".to_owned()].into_iter().chain(flags(&self.root))).settings
    }

    /// Kills with SIGKILL and returns when the service is ready again.
    pub(crate) async fn kill(&mut self, victim: Victim) {
        let (service, postmaster) = (self.pid(), postmaster(&self.root).unwrap());
        let begun = Instant::now();
        match victim {
            Victim::Service => signal("KILL", &[service]),
            Victim::Postmaster => signal("KILL", &[postmaster]),
            Victim::Both => signal("KILL", &[postmaster, service]),
        }
        if victim == Victim::Postmaster {
            self.until_healed(postmaster).await;
        } else {
            self.child.wait().await.unwrap();
            self.launch().await;
        }
        self.times.push((format!("killed {victim:?}"), begun.elapsed()));
    }

    /// Ends it as an operator would, once more after a start on the data directory at rest.
    pub(crate) async fn stop(&mut self) {
        self.terminate().await;
        let begun = Instant::now();
        self.launch().await;
        self.times.push(("start at rest".to_owned(), begun.elapsed()));
        self.terminate().await;
    }

    pub(crate) fn report(&self) -> String {
        self.times.iter().fold(String::new(), |mut text, (what, time)| {
            writeln!(text, "{what:18} ready after {:5} ms", time.as_millis()).unwrap();
            text
        })
    }

    async fn launch(&mut self) {
        let (child, address) = launch(&self.root, &self.said, BACK_WITHIN).await;
        self.child = child;
        self.address.send_replace(address);
    }

    /// The service itself brings its Postgres back.
    async fn until_healed(&mut self, killed: u32) {
        let address = *self.address.borrow();
        let healed = async {
            while postmaster(&self.root).is_none_or(|pid| pid == killed) || !is_ready(address).await {
                tokio::time::sleep(POLL).await;
            }
        };
        tokio::time::timeout(BACK_WITHIN, healed).await.expect("healthy 15 s after the postmaster's death");
        assert!(self.child.try_wait().unwrap().is_none(), "the service lives through it");
    }

    async fn terminate(&mut self) {
        signal("TERM", &[self.child.id().unwrap()]);
        let ended = tokio::time::timeout(STOPS_WITHIN, self.child.wait()).await;
        assert!(ended.expect("stopped in time").unwrap().success());
        assert_eq!(postmaster(&self.root), None, "Postgres is stopped too");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let said = self.said.lock().unwrap();
            let lines = said.iter().map(String::as_str).collect::<Vec<_>>();
            eprintln!("{}the service said at last:\n{}", self.report(), lines.join("\n"));
        }
        // The service first, as it would bring Postgres back.
        if let Some(pid) = self.child.id() {
            signal("KILL", &[pid]);
        }
        if let Some(pid) = postmaster(&self.root) {
            signal("KILL", &[pid]);
        }
        fs::remove_dir_all(&self.root).ok();
    }
}

/// Both for the service and for looking at what it left.
fn flags(root: &Path) -> Vec<String> {
    let data = root.join("data").display().to_string();
    let flags = [
        ("listen", "127.0.0.1:0"),
        ("data-dir", &data),
        ("secret-key", "a-signing-secret-for-tests-only-0123"),
        ("master-key", "a-sealing-secret-for-tests-only-0123"),
        ("connections", "8"),
        // Runs out while the test runs.
        ("access-token-minutes", "1"),
    ];
    flags.map(|(name, value)| format!("--{name}={value}")).into()
}

/// Starts the service and returns when it is ready.
async fn launch(root: &Path, said: &Arc<Mutex<VecDeque<String>>>, within: Duration) -> (Child, SocketAddr) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_agentcores"))
        .arg("serve")
        .args(flags(root))
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
    let address = tokio::time::timeout(within, until_ready(&mut lines, said)).await;
    let address = address.expect("ready in time").expect("the service starts");
    let said = said.clone();
    tokio::spawn(async move { while remember(&mut lines, &said).await.is_some() {} });
    let answers = async {
        while !is_ready(address).await {
            tokio::time::sleep(POLL).await;
        }
    };
    tokio::time::timeout(within, answers).await.expect("healthy in time");
    (child, address)
}

async fn until_ready(
    lines: &mut Lines<BufReader<ChildStderr>>,
    said: &Mutex<VecDeque<String>>,
) -> Option<SocketAddr> {
    loop {
        let line = remember(lines, said).await?;
        if let Some((_, address)) = line.split_once("ready on http://") {
            return address.split_whitespace().next()?.parse().ok();
        }
    }
}

async fn remember(
    lines: &mut Lines<BufReader<ChildStderr>>,
    said: &Mutex<VecDeque<String>>,
) -> Option<String> {
    let line = lines.next_line().await.ok()??;
    let mut said = said.lock().unwrap();
    said.push_back(line.clone());
    if said.len() > REMEMBERED_LINES {
        said.pop_front();
    }
    Some(line)
}

async fn is_ready(address: SocketAddr) -> bool {
    let url = format!("http://{address}/health/ready");
    let client = crate::plain::client().build().unwrap();
    client.get(url).send().await.is_ok_and(|answer| answer.status() == 200)
}

/// The pid that the postmaster wrote down; none while Postgres is stopped.
fn postmaster(root: &Path) -> Option<u32> {
    let text = fs::read_to_string(root.join("data/pg/postmaster.pid")).ok()?;
    text.lines().next()?.trim().parse().ok()
}

/// The shell's own `kill` is there on every machine.
fn signal(name: &str, pids: &[u32]) {
    let pids = pids.iter().map(u32::to_string);
    // One that is gone already is as wanted.
    Shell::new("/bin/sh")
        .args(["-c", "kill -s \"$@\"", "sh", name])
        .args(pids)
        .stderr(Stdio::null())
        .status()
        .unwrap();
}
