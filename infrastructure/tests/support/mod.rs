//! Folders that clean up after themselves, and a service in its own process.

use infrastructure::embedded::{Durability, Options};
use std::{
    env, fs,
    io::{BufRead, BufReader},
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

const DIR_OF_SERVICE: &str = "AGENTCORES_TEST_SERVICE_DIR";

pub(crate) struct TestDir {
    path: PathBuf,
    borrowed: bool,
}

impl TestDir {
    pub(crate) fn in_tmp(name: &str) -> Self {
        Self::new(&env::temp_dir(), name)
    }

    /// `None` unless we are root, since nobody else has such a home.
    pub(crate) fn in_closed_home(name: &str) -> Option<Self> {
        let uid = Command::new("id").arg("-u").output().unwrap().stdout;
        (uid == b"0\n").then(|| Self::new(Path::new("/root"), name))
    }

    fn new(parent: &Path, name: &str) -> Self {
        let path = parent.join(format!("agentcores-test-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self { path, borrowed: false }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn postmaster(&self) -> Option<u32> {
        fs::read_to_string(self.path.join("pg/postmaster.pid")).ok()?.lines().next()?.parse().ok()
    }
}

impl Drop for TestDir {
    /// A failed test leaves a server; its pid is in our own folder, so it is ours.
    fn drop(&mut self) {
        if self.borrowed {
            return;
        }
        if let Some(pid) = self.postmaster() {
            kill("QUIT", pid);
        }
        drop(fs::remove_dir_all(&self.path));
    }
}

pub(crate) fn options(dir: &TestDir, durability: Durability) -> Options {
    Options {
        data_dir: dir.path().to_owned(),
        binaries: env::var_os("AGENTCORES_PG_BIN").map(PathBuf::from),
        search_from: Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(Path::to_owned).collect(),
        durability,
        max_connections: 30,
    }
}

pub(crate) fn kill(signal: &str, pid: u32) {
    let script = format!("kill -s {signal} {pid}");
    Command::new("/bin/sh").args(["-c", &script]).stderr(Stdio::null()).status().unwrap();
}

/// Polls for at most 30 seconds.
pub(crate) async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition().await {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// This test binary again, running only `service_process`.
pub(crate) struct Service {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Service {
    pub(crate) fn start(dir: &TestDir) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "service_process", "--nocapture"])
            .env(DIR_OF_SERVICE, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line that is not the test harness's.
    pub(crate) fn next_line(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.stdout.read_line(&mut line).unwrap(), 0, "the service ended");
            if !line.trim().is_empty() && !line.starts_with("running") && !line.starts_with("test ") {
                return line.trim().to_owned();
            }
        }
    }

    /// The pipe ends only when nobody holds its other end any more.
    pub(crate) fn assert_pipes_end(mut self) {
        self.child.wait().unwrap();
        let (done, ended) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            while self.stdout.read_line(&mut line).is_ok_and(|read| read > 0) {}
            done.send(()).ok();
        });
        ended.recv_timeout(Duration::from_secs(5)).expect("the service's pipe is still open");
    }
}

pub(crate) fn dir_of_service() -> Option<TestDir> {
    env::var_os(DIR_OF_SERVICE).map(|path| TestDir { path: path.into(), borrowed: true })
}

/// A process of the cluster's owner that is no Postgres.
pub(crate) fn sleeper_like(cluster: &Path) -> Child {
    let found = fs::metadata(cluster).unwrap();
    let mut command = Command::new("sleep");
    command.arg("60");
    if fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
        command.uid(found.uid()).gid(found.gid());
    }
    command.spawn().unwrap()
}
