//! The folder of the unix socket.

use super::{
    account::Account,
    cluster::Cluster,
    error::{EmbeddedError, io},
};
use std::{
    fs::{self, DirBuilder},
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, MetadataExt},
    },
    path::{Path, PathBuf},
};

/// `sockaddr_un` holds 108 bytes on Linux and 104 on macOS, one of them for the end.
const LONGEST_SOCKET: usize = 103;
const SOCKET: &str = ".s.PGSQL.5432";

/// Always the same for a data directory, so that every process finds it without asking.
pub(super) fn socket_dir(cluster: &Cluster) -> PathBuf {
    let beside = cluster.data_dir.join("pg.run");
    if socket_file(&beside).as_os_str().len() <= LONGEST_SOCKET {
        return beside;
    }
    let hash = fnv1a(cluster.data_dir.as_os_str().as_bytes());
    Path::new("/tmp").join(format!("agentcores-{hash:016x}"))
}

pub(super) fn socket_file(dir: &Path) -> PathBuf {
    dir.join(SOCKET)
}

/// Makes the folder, 0700, or takes the one of an earlier run.
pub(super) fn prepare(dir: &Path, account: Option<&Account>, own_uid: u32) -> Result<(), EmbeddedError> {
    let mut builder = DirBuilder::new();
    match builder.mode(0o700).create(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        result => result.map_err(io("create", dir))?,
    }
    let found = fs::symlink_metadata(dir).map_err(io("look at", dir))?;
    // Anybody can make folders in /tmp and wait there for our password.
    let ours = [Some(own_uid), account.map(|account| account.uid)].contains(&Some(found.uid()));
    if !found.is_dir() || !ours {
        return Err(EmbeddedError::SocketDirTaken { path: dir.to_owned() });
    }
    account.map_or(Ok(()), |account| account.give(dir))
}

/// Takes the folder away after a shutdown, which left it empty; it matters in /tmp.
pub(super) fn remove(dir: &Path) {
    if let Err(error) = fs::remove_dir(dir) {
        tracing::debug!(%error, dir = %dir.display(), "the folder of the socket stays");
    }
}

/// Whether the folder belongs to the cluster's owner; `false` when there is none.
pub(super) fn is_trusted(dir: &Path, cluster: &Cluster) -> Result<bool, EmbeddedError> {
    let owner = cluster.find_owner()?;
    Ok(fs::symlink_metadata(dir).is_ok_and(|found| found.is_dir() && Some(found.uid()) == owner))
}

/// Stable over builds and machines, unlike the standard library's hasher.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
