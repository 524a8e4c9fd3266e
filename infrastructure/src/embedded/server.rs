//! The running server: started by us, or adopted from a service that died.

use super::{
    access::{Access, Answer, POLL, RECOVERY, pause_after},
    binaries::Binaries,
    cluster::Cluster,
    error::{EmbeddedError, io},
    log::Log,
    options::Durability,
    runner::Runner,
    socket,
};
use std::time::Duration;
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

/// After kill -9 of the postmaster its backends hold the shared memory for a moment, a busy one for longer.
const OLD_BACKENDS: Duration = Duration::from_secs(15);
const RETRY: Duration = Duration::from_millis(250);
/// An adopted server is nobody's child, so its end is seen by looking.
const LOOK: Duration = Duration::from_secs(1);
/// A fast shutdown writes a checkpoint; an immediate one leaves that to the next start.
const FAST_SHUTDOWN: Duration = Duration::from_secs(60);
const IMMEDIATE_SHUTDOWN: Duration = Duration::from_secs(15);

/// One server and everything that is needed to start it again.
pub(super) struct Server {
    pub(super) access: Access,
    pub(super) cluster: Cluster,
    pub(super) binaries: Binaries,
    pub(super) runner: Runner,
    pub(super) durability: Durability,
    pub(super) settings: Vec<String>,
    pub(super) own_uid: u32,
    /// `None` while stopped, or when adopted.
    pub(super) child: Option<(Child, Log)>,
}

impl Server {
    /// Adopts the server that answers, if it is as durable as wanted, or starts one. Ready when this returns.
    ///
    /// # Errors
    /// `NotStarting`, `NotReady`, `PasswordRefused`
    pub(super) async fn bring_up(&mut self) -> Result<(), EmbeddedError> {
        if self.child.is_none() && self.access.ask_until_settled().await? == Answer::Ready {
            if self.access.has_fsync().await? == (self.durability == Durability::Durable) {
                let pid = self.cluster.find_postmaster();
                tracing::info!(pid, "reusing the PostgreSQL of an earlier run");
                return Ok(());
            }
            self.shut_down().await?;
        }
        self.launch().await
    }

    /// Returns when the server is dead.
    pub(super) async fn ended(&mut self) {
        let Some((child, _)) = &mut self.child else {
            while self.access.is_listening().await {
                sleep(LOOK).await;
            }
            return;
        };
        if let Err(error) = child.wait().await {
            tracing::debug!(%error, "PostgreSQL's process cannot be waited for");
        }
        self.child = None;
    }

    /// Ends every session, writes a checkpoint and stops; without a server it does nothing.
    ///
    /// # Errors
    /// `NotStopping`
    pub(super) async fn shut_down(&mut self) -> Result<(), EmbeddedError> {
        let Some(pid) = self.find_pid().await else {
            return Ok(());
        };
        for (signal, patience) in [("INT", FAST_SHUTDOWN), ("QUIT", IMMEDIATE_SHUTDOWN)] {
            self.runner.signal(signal, pid).await?;
            if timeout(patience, self.gone(pid)).await.is_ok() {
                tracing::info!(pid, "PostgreSQL stopped");
                return Ok(());
            }
        }
        Err(EmbeddedError::NotStopping { pid })
    }

    /// The process to signal. A pid that is merely written down counts only while somebody listens:
    /// it may have become another program's.
    async fn find_pid(&self) -> Option<u32> {
        match &self.child {
            Some((child, _)) => child.id(),
            None if self.access.is_listening().await => self.cluster.find_postmaster(),
            None => None,
        }
    }

    async fn gone(&mut self, pid: u32) {
        if self.child.is_some() {
            return self.ended().await;
        }
        // The socket goes first; the pid file is the last thing that the process removes.
        while self.access.is_listening().await || self.cluster.find_postmaster() == Some(pid) {
            sleep(POLL).await;
        }
    }

    async fn launch(&mut self) -> Result<(), EmbeddedError> {
        let give_up = Instant::now() + OLD_BACKENDS;
        loop {
            match self.launch_once().await {
                Err(EmbeddedError::NotStarting { tail, log }) => match Holder::find_in(&tail) {
                    Some(_) if Instant::now() < give_up => sleep(RETRY).await,
                    Some(holder) => return Err(self.held_by(holder)),
                    None => return Err(EmbeddedError::NotStarting { tail, log }),
                },
                // One that is still recovering goes on; one that we cannot use is not left behind.
                Err(error) if self.child.is_some() && !matches!(error, EmbeddedError::NotReady { .. }) => {
                    self.shut_down().await?;
                    return Err(error);
                }
                result => return result,
            }
        }
    }

    fn held_by(&self, holder: Holder) -> EmbeddedError {
        let cluster = self.cluster.pg();
        match (holder, self.cluster.find_postmaster()) {
            (Holder::Postmaster, Some(pid)) => EmbeddedError::Held { pid, cluster },
            (Holder::Postmaster, None) | (Holder::Backends, _) => EmbeddedError::HeldByBackends { cluster },
        }
    }

    /// Waits for the child of an earlier, interrupted attempt if there is one.
    async fn launch_once(&mut self) -> Result<(), EmbeddedError> {
        let (child, log) = match &mut self.child {
            Some(running) => running,
            none => {
                // Here and not once: cleaners of /tmp may have taken it since.
                socket::prepare(&self.access.socket_dir, self.runner.account(), self.own_uid)?;
                let (log, file) = Log::open(&self.cluster.log())?;
                let errors = file.try_clone().map_err(io("open", &self.cluster.log()))?;
                let mut command = self.runner.command(&self.binaries.postgres());
                command.arg("-D").arg(self.cluster.pg());
                with_settings(&mut command, &self.settings).stdout(file).stderr(errors);
                none.insert((command.spawn().map_err(io("run", &self.binaries.postgres()))?, log))
            }
        };
        let since = Instant::now();
        loop {
            if child.try_wait().map_err(io("wait for", &self.binaries.postgres()))?.is_some() {
                let tail = log.tail();
                self.child = None;
                return Err(EmbeddedError::NotStarting { log: self.cluster.log(), tail });
            }
            match self.access.ask().await? {
                Answer::Ready => return Ok(()),
                Answer::Busy | Answer::Absent if since.elapsed() < RECOVERY => {
                    sleep(pause_after(since.elapsed())).await;
                }
                Answer::Busy | Answer::Absent => {
                    return Err(EmbeddedError::NotReady { log: self.cluster.log() });
                }
            }
        }
    }
}

fn with_settings<'a>(command: &'a mut Command, settings: &[String]) -> &'a mut Command {
    for setting in settings {
        command.arg("-c").arg(setting);
    }
    command
}

/// Who keeps a server from starting, by its own words (English, since the programs run in the C locale).
enum Holder {
    /// `lock file "postmaster.pid" already exists`: the process named there lives.
    Postmaster,
    /// `pre-existing shared memory block ... is still in use`: the postmaster is dead, its backends are not yet.
    Backends,
}

impl Holder {
    fn find_in(tail: &str) -> Option<Self> {
        match tail {
            tail if tail.contains("still in use") => Some(Self::Backends),
            tail if tail.contains("lock file") => Some(Self::Postmaster),
            _ => None,
        }
    }
}
