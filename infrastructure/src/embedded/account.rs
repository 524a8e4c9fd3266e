//! The unprivileged account for Postgres, which refuses to run as root.

use super::error::{EmbeddedError, io};
use std::{
    fs,
    os::unix::fs::{chown, lchown},
    path::Path,
};
use tokio::process::Command;

/// A line of /etc/passwd. Postgres looks its own uid up, so a bare number would not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Account {
    /// For root only: the owner of the cluster unless that is root or unknown here, else `postgres`, else `nobody`.
    pub(super) fn choose(cluster_owner: Option<u32>) -> Result<Self, EmbeddedError> {
        let path = Path::new("/etc/passwd");
        let passwd = fs::read_to_string(path).map_err(io("read", path))?;
        let accounts: Vec<Self> =
            passwd.lines().filter_map(parse).filter(|account| account.uid != 0).collect();
        let owner = accounts.iter().find(|account| Some(account.uid) == cluster_owner);
        let named = |name: &str| accounts.iter().find(|account| account.name == name);
        owner
            .or_else(|| named("postgres"))
            .or_else(|| named("nobody"))
            .cloned()
            .ok_or(EmbeddedError::NoAccount)
    }

    /// Gives a file, or an empty folder, to the account.
    pub(super) fn give(&self, path: &Path) -> Result<(), EmbeddedError> {
        chown(path, Some(self.uid), Some(self.gid)).map_err(io("change the owner of", path))
    }

    /// Gives a whole tree to the account, without following symlinks out of it.
    pub(super) fn give_tree(&self, path: &Path) -> Result<(), EmbeddedError> {
        lchown(path, Some(self.uid), Some(self.gid)).map_err(io("change the owner of", path))?;
        if !fs::symlink_metadata(path).map_err(io("look at", path))?.is_dir() {
            return Ok(());
        }
        for entry in fs::read_dir(path).map_err(io("list", path))? {
            self.give_tree(&entry.map_err(io("list", path))?.path())?;
        }
        Ok(())
    }
}

/// macOS writes `nobody` as -2, which is the same 32 bits.
fn parse(line: &str) -> Option<Account> {
    let id =
        |text: &str| text.parse::<u32>().ok().or_else(|| text.parse::<i32>().ok().map(i32::cast_unsigned));
    let mut fields = line.split(':');
    let name = fields.next()?.to_owned();
    let uid = id(fields.nth(1)?)?;
    let gid = id(fields.next()?)?;
    Some(Account { name, uid, gid })
}

/// Effective uid of this process; the standard library has no way to ask without `unsafe`.
pub(super) async fn find_own_uid() -> Result<u32, EmbeddedError> {
    let output = Command::new("id").arg("-u").output().await.map_err(io("run", Path::new("id")))?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map_err(|error| io("understand", Path::new("id"))(std::io::Error::other(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_uid_is_the_same_bits() {
        let nobody = parse("nobody:*:-2:-2:Unprivileged User:/var/empty:/usr/bin/false").unwrap();
        assert_eq!(nobody, Account { name: "nobody".into(), uid: 4_294_967_294, gid: 4_294_967_294 });
        assert_eq!(parse("# a comment"), None);
    }
}
