//! Owning the private server.

use super::{
    access::Access, account::find_own_uid, binaries::Binaries, cluster::Cluster, error::EmbeddedError,
    initdb, lock::DataLock, options::Options, runner::Runner, server::Server, settings::settings, socket,
    supervisor::supervise,
};
use sqlx::postgres::PgConnectOptions;
use tokio::{sync::oneshot, task::JoinHandle};

/// A running server that comes back when it dies. Dropped without [`stop`](Self::stop), the server goes on unwatched
/// and the next start reuses it.
pub struct EmbeddedPostgres {
    access: Access,
    stop: oneshot::Sender<()>,
    supervisor: JoinHandle<(Server, DataLock)>,
}

impl EmbeddedPostgres {
    /// Starts the server of this data directory, or reuses the one that already answers; makes cluster and database
    /// on the first start. Takes connections when this returns. Must be called inside a tokio runtime that outlives it.
    ///
    /// # Errors
    /// `InUse`, `NoBinaries`, `WrongMajor`, `Unreachable` and `NotStarting` are for the operator: their text says what to do.
    pub async fn start(options: Options) -> Result<Self, EmbeddedError> {
        let cluster = Cluster::create_in(&options.data_dir)?;
        let lock = DataLock::acquire(&cluster.data_dir).await?;
        let binaries = Binaries::find(&options, &cluster).await?;
        let runner = Runner::choose(&cluster, &binaries).await?;
        if !cluster.exists() {
            initdb::create(&cluster, &binaries, &runner, options.durability).await?;
        }
        let access = Access::load(&cluster)?;
        if let Some(account) = runner.account() {
            // A cluster that was copied or restored by root.
            if cluster.find_owner()? != Some(account.uid) {
                account.give_tree(&cluster.pg())?;
            }
        }
        let settings = settings(&options, &access.socket_dir);
        let (durability, own_uid) = (options.durability, find_own_uid().await?);
        let mut server =
            Server { access, cluster, binaries, runner, durability, settings, own_uid, child: None };
        server.bring_up().await?;
        server.access.ensure_database().await?;
        let access = server.access.clone();
        let (stop, stopped) = oneshot::channel();
        let supervisor = tokio::spawn(supervise(server, lock, stopped));
        Ok(Self { access, stop, supervisor })
    }

    /// For the cluster's owner, a superuser, and the database `agentcores`. Row level security does not bind it:
    /// for migrations and for making the role that the service uses.
    #[must_use]
    pub fn owner(&self) -> PgConnectOptions {
        self.access.options()
    }

    /// The same as [`owner`](Self::owner), as `postgres://…?host=<socket folder>`. Holds the password.
    #[must_use]
    pub fn url(&self) -> String {
        self.access.url()
    }

    /// Ends the supervisor, then all sessions, then the server, whoever started it.
    ///
    /// # Errors
    /// `NotStopping` after 75 seconds.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        drop(self.stop);
        let (mut server, _lock) = self.supervisor.await.map_err(|_| EmbeddedError::SupervisorGone)?;
        server.shut_down().await?;
        socket::remove(&server.access.socket_dir);
        Ok(())
    }
}
