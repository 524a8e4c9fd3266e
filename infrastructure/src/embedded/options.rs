//! What the caller decides about the private server.

use std::path::PathBuf;

/// How to start the private server.
#[derive(Debug, Clone)]
pub struct Options {
    /// Holds the cluster, its log, its password and the lock; created if missing.
    pub data_dir: PathBuf,
    /// Folder with `initdb` and `postgres` (`AGENTCORES_PG_BIN`). When set, nothing else is tried.
    pub binaries: Option<PathBuf>,
    /// Folders that may hold `deploy/postgres/node_modules` or `frontend/node_modules`, first match wins.
    pub search_from: Vec<PathBuf>,
    /// What a power cut may cost.
    pub durability: Durability,
    /// Connections for everybody together; three of them are kept for the owner.
    pub max_connections: u16,
}

/// What a power cut may cost. Killing a process costs nothing in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing that was acknowledged.
    Durable,
    /// The whole cluster: for tests. Never switch such a cluster to `Durable` later.
    Throwaway,
}
