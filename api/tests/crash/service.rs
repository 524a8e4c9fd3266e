//! The death of the service, and how long it takes to come back.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use api::settings::Settings;
use tokio::sync::watch;

use crate::process::{POLL, Process, signal};

/// After a kill, on a machine that does other things too.
const BACK_WITHIN: Duration = Duration::from_secs(15);
const STOPS_WITHIN: Duration = Duration::from_secs(40);

/// Whom a kill hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Victim {
    Service,
    Postmaster,
    Both,
}

/// A service that is started anew whenever it was killed.
pub(crate) struct Service {
    process: Process,
    address: watch::Sender<SocketAddr>,
    /// What was done, and how long it took until the service was ready.
    times: Vec<(String, Duration)>,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let begun = Instant::now();
        // Access tokens run out while the test runs.
        let process = Process::start(&["--access-token-minutes=1".to_owned()]).await;
        let times = vec![("first start".to_owned(), begun.elapsed())];
        Self { address: watch::Sender::new(process.address), process, times }
    }

    /// Where it listens; another port after each start.
    pub(crate) fn address(&self) -> watch::Receiver<SocketAddr> {
        self.address.subscribe()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub(crate) fn settings(&self) -> Settings {
        self.process.settings()
    }

    /// Kills with SIGKILL and returns when the service is ready again.
    pub(crate) async fn kill(&mut self, victim: Victim) {
        let (service, postmaster) = (self.pid(), self.process.postmaster().unwrap());
        let begun = Instant::now();
        match victim {
            Victim::Service => signal("KILL", &[service]),
            Victim::Postmaster => signal("KILL", &[postmaster]),
            Victim::Both => signal("KILL", &[postmaster, service]),
        }
        if victim == Victim::Postmaster {
            self.until_healed(postmaster).await;
        } else {
            self.process.child.wait().await.unwrap();
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
        self.process.start_again(BACK_WITHIN).await;
        self.address.send_replace(self.process.address);
    }

    /// The service itself brings its Postgres back.
    async fn until_healed(&mut self, killed: u32) {
        let healed = async {
            while self.process.postmaster().is_none_or(|pid| pid == killed) || !self.process.is_ready().await
            {
                tokio::time::sleep(POLL).await;
            }
        };
        tokio::time::timeout(BACK_WITHIN, healed).await.expect("healthy 15 s after the postmaster's death");
        assert!(self.process.child.try_wait().unwrap().is_none(), "the service lives through it");
    }

    async fn terminate(&mut self) {
        signal("TERM", &[self.pid()]);
        let ended = tokio::time::timeout(STOPS_WITHIN, self.process.child.wait()).await;
        assert!(ended.expect("stopped in time").unwrap().success());
        assert_eq!(self.process.postmaster(), None, "Postgres is stopped too");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.report());
        }
    }
}
