//! Where the parts of a cluster lie in the data directory.

use super::error::{EmbeddedError, io};
use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// The files of one data directory. The path is absolute and without symlinks.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    pub(super) data_dir: PathBuf,
}

impl Cluster {
    /// Makes the data directory if it is missing.
    pub(super) fn create_in(data_dir: &Path) -> Result<Self, EmbeddedError> {
        fs::create_dir_all(data_dir).map_err(io("create", data_dir))?;
        let data_dir = fs::canonicalize(data_dir).map_err(io("resolve", data_dir))?;
        Ok(Self { data_dir })
    }

    /// `None` without a data directory or without a cluster in it.
    pub(super) fn find_in(data_dir: &Path) -> Result<Option<Self>, EmbeddedError> {
        match fs::canonicalize(data_dir) {
            Ok(data_dir) => Ok(Some(Self { data_dir }).filter(Self::exists)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io("resolve", data_dir)(error)),
        }
    }

    pub(super) fn pg(&self) -> PathBuf {
        self.data_dir.join("pg")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.data_dir.join("pg.log")
    }

    pub(super) fn password_file(&self) -> PathBuf {
        self.data_dir.join("pg.password")
    }

    /// A cluster is complete or absent: `initdb` works beside it and its result is renamed.
    pub(super) fn exists(&self) -> bool {
        self.pg().join("PG_VERSION").exists()
    }

    /// Major version that made the cluster; `None` when there is no cluster.
    pub(super) fn find_major(&self) -> Result<Option<u32>, EmbeddedError> {
        let path = self.pg().join("PG_VERSION");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim().parse().ok()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io("read", &path)(error)),
        }
    }

    /// Uid of the cluster's owner; `None` when there is no cluster.
    pub(super) fn find_owner(&self) -> Result<Option<u32>, EmbeddedError> {
        match fs::metadata(self.pg()) {
            Ok(found) => Ok(Some(found.uid())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io("look at", &self.pg())(error)),
        }
    }

    /// Pid that the postmaster wrote down. It may be dead.
    pub(super) fn find_postmaster(&self) -> Option<u32> {
        let text = fs::read_to_string(self.pg().join("postmaster.pid")).ok()?;
        text.lines().next()?.trim().parse().ok()
    }

    pub(super) fn read_password(&self) -> Result<String, EmbeddedError> {
        let path = self.password_file();
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim().to_owned()),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(EmbeddedError::PasswordMissing { path }),
            Err(error) => Err(io("read", &path)(error)),
        }
    }

    /// Replaces the password file by a fresh one, on disk when this returns.
    pub(super) fn write_password(&self, password: &str) -> Result<(), EmbeddedError> {
        let path = self.password_file();
        let write = || {
            if path.exists() {
                fs::remove_file(&path)?;
            }
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(password.as_bytes())?;
            file.sync_all()
        };
        write().map_err(io("write", &path))
    }
}
