//! The server's log file.

use super::error::{EmbeddedError, io};
use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

/// Two files of this size hold the last runs; errors of clients are not detailed in them, so they grow slowly.
const ROTATE_AT_BYTES: u64 = 10 * 1024 * 1024;
const TAIL_LINES: usize = 8;

/// The log from the present attempt on.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    from: u64,
}

impl Log {
    /// Opens the log for appending; the file is for the child's stdout and stderr.
    pub(super) fn open(path: &Path) -> Result<(Self, File), EmbeddedError> {
        if fs::metadata(path).is_ok_and(|found| found.len() > ROTATE_AT_BYTES) {
            fs::rename(path, path.with_extension("log.1")).map_err(io("rotate", path))?;
        }
        let file = File::options().create(true).append(true).open(path).map_err(io("open", path))?;
        let from = file.metadata().map_err(io("look at", path))?.len();
        Ok((Self { path: path.to_owned(), from }, file))
    }

    /// The last lines of this attempt; empty when there are none.
    pub(super) fn tail(&self) -> String {
        let mut bytes = Vec::new();
        let read = File::open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.from))?;
            file.read_to_end(&mut bytes)
        });
        if let Err(error) = read {
            tracing::debug!(%error, path = %self.path.display(), "PostgreSQL's log cannot be read");
        }
        last_lines(&String::from_utf8_lossy(&bytes))
    }
}

/// The end of a longer output, on one line.
pub(super) fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join(" | ")
}
