//! One owner per data directory.

use super::error::{EmbeddedError, io};
use std::{
    fs::{self, File, TryLockError},
    io::Write,
    path::Path,
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// A handle that was just dropped, or a process that forks at this moment, may hold the lock a little longer.
const PATIENCE: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(20);

/// Exclusive ownership of a data directory; ends with the value or with the process, however that dies.
#[derive(Debug)]
pub(super) struct DataLock {
    _file: File,
}

impl DataLock {
    /// # Errors
    /// `InUse` when another process, or another handle in this one, is the owner.
    pub(super) async fn acquire(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let path = data_dir.join("lock");
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .read(true)
            .open(&path)
            .map_err(io("open", &path))?;
        let give_up = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < give_up => sleep(PAUSE).await,
                Err(TryLockError::WouldBlock) => {
                    let pid = fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
                    return Err(EmbeddedError::InUse { data_dir: data_dir.to_owned(), pid });
                }
                Err(TryLockError::Error(error)) => return Err(io("lock", &path)(error)),
            }
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(io("write", &path))?;
        Ok(Self { _file: file })
    }
}
