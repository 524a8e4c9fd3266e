//! As whom Postgres's programs run.

use super::{
    account::{Account, find_own_uid},
    binaries::Binaries,
    cluster::Cluster,
    error::{EmbeddedError, io},
};
use std::{path::Path, process::Stdio};
use tokio::process::Command;

/// Enough to pass folders of others. The second can also write there, but is the one that a container's root has.
const PASSING_CAPABILITIES: [&str; 2] = ["dac_read_search", "dac_override"];
const SETPRIV: [&str; 2] = ["/usr/bin/setpriv", "/bin/setpriv"];

/// As whom Postgres's programs run: they refuse to run as root.
#[derive(Debug, Clone)]
pub(super) enum Runner {
    /// As ourselves, an ordinary user.
    Same,
    /// We are root; the account reaches the data directory and the binaries by itself.
    Dropped(Account),
    /// We are root and something lies behind a folder that the account may not enter, such as /root (0700):
    /// it keeps one capability, given by `setpriv`. Unlike a user namespace this works in Docker's default sandbox.
    Passing { account: Account, setpriv: &'static str, capability: &'static str },
}

impl Runner {
    /// Tries the ways in order, with the real files.
    pub(super) async fn choose(cluster: &Cluster, binaries: &Binaries) -> Result<Self, EmbeddedError> {
        let owner = cluster.find_owner()?;
        let own = find_own_uid().await?;
        if own != 0 {
            return match owner {
                Some(uid) if uid != own => Err(EmbeddedError::ForeignCluster { path: cluster.pg(), uid }),
                _ => Ok(Self::Same),
            };
        }
        let account = Account::choose(owner)?;
        let passing = SETPRIV.into_iter().filter(|path| Path::new(path).exists()).flat_map(|setpriv| {
            let account = account.clone();
            PASSING_CAPABILITIES.map(|capability| Self::Passing {
                account: account.clone(),
                setpriv,
                capability,
            })
        });
        for runner in std::iter::once(Self::Dropped(account.clone())).chain(passing) {
            if runner.reaches(cluster, binaries).await {
                if let Self::Passing { capability, .. } = &runner {
                    tracing::info!(
                        capability,
                        account = account.name,
                        "PostgreSQL runs behind a folder closed to it"
                    );
                }
                return Ok(runner);
            }
        }
        let (data_dir, binaries) = (cluster.data_dir.clone(), binaries.dir.clone());
        Err(EmbeddedError::Unreachable { account: account.name, data_dir, binaries })
    }

    /// The account that must own the cluster; `None` when that is ourselves.
    pub(super) fn account(&self) -> Option<&Account> {
        match self {
            Self::Same => None,
            Self::Dropped(account) | Self::Passing { account, .. } => Some(account),
        }
    }

    /// A command in its own process group, so that Ctrl-C reaches only the service, which drains first; with an
    /// empty environment, so that neither `PGPORT` nor the service's secrets get in; in C, so that output can be read.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = match self {
            Self::Same => Command::new(program),
            Self::Dropped(account) => {
                let mut command = Command::new(program);
                command.uid(account.uid).gid(account.gid);
                command
            }
            Self::Passing { account, setpriv, capability } => {
                let mut command = Command::new(setpriv);
                command.arg(format!("--reuid={}", account.uid)).arg(format!("--regid={}", account.gid));
                command.arg("--clear-groups").arg(format!("--inh-caps=+{capability}"));
                command.arg(format!("--ambient-caps=+{capability}")).arg("--").arg(program);
                command
            }
        };
        command.env_clear().env("LC_ALL", "C").env("TZ", "UTC");
        // Up to version 15 the programs fail in a working directory that they cannot read.
        command.current_dir("/").process_group(0).stdin(Stdio::null());
        command
    }

    async fn reaches(&self, cluster: &Cluster, binaries: &Binaries) -> bool {
        let mut probe = self.command(Path::new("/bin/sh"));
        probe
            .args(["-c", "cd \"$1\" && exec \"$2\" --version", "sh"])
            .arg(&cluster.data_dir)
            .arg(binaries.postgres());
        probe.stdout(Stdio::null()).stderr(Stdio::null()).status().await.is_ok_and(|status| status.success())
    }

    /// Signals a process of the same account. The shell's own `kill` is there on every machine, `/bin/kill` is not.
    pub(super) async fn signal(&self, name: &str, pid: u32) -> Result<(), EmbeddedError> {
        let shell = Path::new("/bin/sh");
        let mut kill = self.command(shell);
        kill.args(["-c", "kill -s \"$1\" \"$2\"", "sh", name, &pid.to_string()]);
        // A process that is already gone is no failure: the caller waits for its end anyway.
        kill.stdout(Stdio::null()).stderr(Stdio::null()).status().await.map(drop).map_err(io("run", shell))
    }
}
