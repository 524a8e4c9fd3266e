//! Server settings. Given on the command line, so they win over postgresql.conf and a reused cluster cannot drift.

use super::options::{Durability, Options};
use std::path::Path;

/// `name=value` pairs for `-c`.
pub(super) fn settings(options: &Options, socket_dir: &Path) -> Vec<String> {
    let mut settings = vec![
        "listen_addresses=".to_owned(),
        "port=5432".to_owned(), // only part of the socket's name
        format!("unix_socket_directories={}", quoted(socket_dir)),
        format!("max_connections={}", options.max_connections),
    ];
    settings.extend(ALWAYS.iter().copied().map(str::to_owned));
    settings.extend(durability(options.durability).iter().copied().map(str::to_owned));
    settings
}

const ALWAYS: &[&str] = &[
    "timezone=UTC",
    "log_timezone=UTC",
    "logging_collector=off",
    "log_line_prefix=%m [%p] ",
    // Optimistic locking makes unique violations ordinary; neither their statements nor their keys belong in a log.
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
    // Short statements on a shared machine: compiling them costs more than it brings.
    "jit=off",
    "random_page_cost=1.1",
];

/// macOS: a plain fsync leaves data in the drive's cache.
/// <https://www.postgresql.org/docs/18/wal-reliability.html>
#[cfg(target_os = "macos")]
const FLUSH: &str = "wal_sync_method=fsync_writethrough";
#[cfg(not(target_os = "macos"))]
const FLUSH: &str = "wal_sync_method=fdatasync";

const fn durability(durability: Durability) -> &'static [&'static str] {
    match durability {
        Durability::Durable => &[
            "fsync=on",
            "full_page_writes=on",
            "synchronous_commit=on",
            FLUSH,
            "shared_buffers=256MB",
            // pglz: every build has it, lz4 is a build option.
            "wal_compression=on",
            "max_wal_size=2GB",
            "checkpoint_completion_target=0.9",
        ],
        Durability::Throwaway => &[
            "fsync=off",
            "full_page_writes=off",
            "synchronous_commit=off",
            "shared_buffers=64MB",
            "max_wal_size=2GB",
            "checkpoint_timeout=1h",
        ],
    }
}

/// The setting is a list; quotes keep a path with a comma or a space in one piece.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display().to_string().replace('"', "\"\""))
}
