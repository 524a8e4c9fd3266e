//! Finding `initdb` and `postgres` on this machine.

use super::{
    cluster::Cluster,
    error::EmbeddedError,
    npm_package::{link_libraries, package_in},
    options::Options,
};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Stdio,
};
use tokio::process::Command;

/// The oldest version that the product's SQL and these settings were tried with.
const OLDEST_MAJOR: u32 = 15;

/// A folder with `initdb` and `postgres` of one version, both seen to load.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    pub(super) dir: PathBuf,
    pub(super) major: u32,
}

impl Binaries {
    pub(super) fn initdb(&self) -> PathBuf {
        self.dir.join("initdb")
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.dir.join("postgres")
    }

    /// The first that fits: `options.binaries` alone if set, else the npm package, PATH, the places of the
    /// distributions. With a cluster only its own major version fits.
    pub(super) async fn find(options: &Options, cluster: &Cluster) -> Result<Self, EmbeddedError> {
        let wanted = cluster.find_major()?;
        let candidates = match &options.binaries {
            Some(named) => vec![named.clone()],
            None => candidates(&options.search_from),
        };
        let mut found = Vec::new();
        for dir in candidates {
            match inspect(&dir).await {
                Some(binaries) if wanted.is_none_or(|major| major == binaries.major) => return Ok(binaries),
                Some(binaries) => found.push(binaries.major),
                None => {}
            }
        }
        found.sort_unstable();
        found.dedup();
        Err(match (wanted, &options.binaries) {
            (Some(major), _) if !found.is_empty() => EmbeddedError::WrongMajor {
                path: cluster.pg(),
                cluster: major,
                found: found.iter().map(u32::to_string).collect::<Vec<_>>().join(", "),
            },
            (_, Some(named)) => EmbeddedError::UnusableBinaries { path: named.clone(), oldest: OLDEST_MAJOR },
            (_, None) => EmbeddedError::NoBinaries { oldest: OLDEST_MAJOR },
        })
    }
}

/// `None` for a folder without both programs, with broken or with too old ones.
async fn inspect(dir: &Path) -> Option<Binaries> {
    // The folder on PATH may hold links only; the libraries and `share` are found from the real one.
    let dir = fs::canonicalize(dir.join("initdb")).ok()?.parent()?.to_owned();
    let postgres = dir.join("postgres");
    if !postgres.exists() {
        return None;
    }
    if let Some(Err(error)) = npm_package_of(&dir).map(link_libraries) {
        tracing::debug!(%error, "the libraries of the PostgreSQL package cannot be linked");
    }
    let output = Command::new(&postgres).arg("--version").stdin(Stdio::null()).output().await.ok()?;
    let major = parse_major(&String::from_utf8_lossy(&output.stdout));
    if major.is_none() {
        let said = String::from_utf8_lossy(&output.stderr);
        tracing::warn!(dir = %dir.display(), said = said.trim(), "this PostgreSQL does not run, looking further");
    }
    major.filter(|major| *major >= OLDEST_MAJOR).map(|major| Binaries { dir, major })
}

/// The package's root, for `<root>/native/bin`.
fn npm_package_of(bin: &Path) -> Option<&Path> {
    bin.parent().filter(|native| native.ends_with("native")).and_then(Path::parent)
}

/// From `postgres (Postgres) 15.18 (Debian 15.18-0+deb12u1)`, `19beta1` included.
fn parse_major(version: &str) -> Option<u32> {
    let number = version.split("(PostgreSQL)").nth(1)?.trim_start();
    let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    number[..end].parse().ok()
}

fn candidates(search_from: &[PathBuf]) -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    for root in search_from {
        for modules in ["deploy/postgres/node_modules", "frontend/node_modules"] {
            dirs.push(package_in(&root.join(modules)).join("native/bin"));
        }
    }
    dirs.extend(env::var_os("PATH").iter().flat_map(env::split_paths));
    dirs.extend(versioned("/usr/lib/postgresql", ""));
    dirs.extend(versioned("/usr", "pgsql-"));
    dirs.extend(versioned("/opt/homebrew/opt", "postgresql@"));
    dirs.extend(versioned("/usr/local/opt", "postgresql@"));
    dirs.extend(versioned("/Applications/Postgres.app/Contents/Versions", ""));
    dirs
}

/// `<parent>/<prefix><version>/bin`, highest version first; empty when there is no such folder.
fn versioned(parent: &str, prefix: &str) -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, dir)| dir).collect()
}

#[cfg(test)]
mod tests {
    use super::parse_major;

    #[test]
    fn the_major_version_is_the_first_number_after_the_name() {
        assert_eq!(parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(parse_major("something else 7"), None);
    }
}
