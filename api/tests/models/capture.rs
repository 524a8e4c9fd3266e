//! Everything that this program logs, at the finest level.

use std::io::{self, Write};
use std::sync::{Mutex, Once, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

static LOG: Mutex<Vec<u8>> = Mutex::new(vec![]);

struct Captured;

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

/// Begins to capture; events of all tests of this program go to the same place.
pub(crate) fn begin() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(Captured).init();
    });
}

/// Fails where a key stands in the log, or where nothing of the client's own is in it.
#[track_caller]
pub(crate) fn holds_none_of(keys: &[&str]) {
    // A copy, as whoever logs waits for the original.
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let log = String::from_utf8_lossy(&log);
    assert!(log.contains("TRACE") && log.contains("hyper"), "the log is not captured");
    for key in keys {
        let line = || log.lines().find(|line| line.contains(key));
        assert!(!log.contains(key), "a key is in the log: {:?}", line());
    }
}
