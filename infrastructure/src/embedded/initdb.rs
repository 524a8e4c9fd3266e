//! Making a cluster.

use super::{
    access::OWNER,
    binaries::Binaries,
    cluster::Cluster,
    error::{EmbeddedError, io},
    log::last_lines,
    options::Durability,
    runner::Runner,
};
use std::{
    fs::{self, DirBuilder, File},
    io::Read,
    os::unix::fs::DirBuilderExt,
    path::Path,
};

const UNFINISHED: &str = "pg.tmp";

/// Makes the cluster beside its place and moves it there when complete: an interrupted start leaves none, not half of one.
pub(super) async fn create(
    cluster: &Cluster,
    binaries: &Binaries,
    runner: &Runner,
    durability: Durability,
) -> Result<(), EmbeddedError> {
    remove_unfinished(&cluster.data_dir)?;
    cluster.write_password(&random_password()?)?;
    // Named by process: an initdb that outlived its service cleans up only after itself.
    let unfinished = cluster.data_dir.join(format!("{UNFINISHED}.{}", std::process::id()));
    DirBuilder::new().mode(0o700).create(&unfinished).map_err(io("create", &unfinished))?;
    if let Some(account) = runner.account() {
        account.give(&unfinished)?;
        account.give(&cluster.password_file())?;
    }
    let mut initdb = runner.command(&binaries.initdb());
    initdb.arg("-D").arg(&unfinished).arg("-U").arg(OWNER).arg("--pwfile").arg(cluster.password_file());
    initdb.args(["-A", "scram-sha-256", "-E", "UTF8", "--data-checksums"]).args(locale(binaries.major));
    if durability == Durability::Throwaway {
        initdb.arg("--no-sync");
    }
    let output = initdb.kill_on_drop(true).output().await.map_err(io("run", &binaries.initdb()))?;
    if !output.status.success() {
        remove_unfinished(&cluster.data_dir)?;
        return Err(EmbeddedError::Init { output: last_lines(&String::from_utf8_lossy(&output.stderr)) });
    }
    fs::rename(&unfinished, cluster.pg()).map_err(io("move", &unfinished))?;
    File::open(&cluster.data_dir).and_then(|dir| dir.sync_all()).map_err(io("sync", &cluster.data_dir))?;
    tracing::info!(path = %cluster.pg().display(), major = binaries.major, "made a PostgreSQL cluster");
    Ok(())
}

/// UTF-8 that sorts by code point. From 17 on Postgres brings it along, the same on every system; before, it is libc's.
fn locale(major: u32) -> &'static [&'static str] {
    match major {
        17.. => &["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
        _ if cfg!(target_os = "macos") => &["--locale=C", "--lc-ctype=UTF-8"], // libc has no C.UTF-8 there
        _ => &["--locale=C.UTF-8", "--lc-messages=C"],
    }
}

fn remove_unfinished(data_dir: &Path) -> Result<(), EmbeddedError> {
    for entry in fs::read_dir(data_dir).map_err(io("list", data_dir))? {
        let entry = entry.map_err(io("list", data_dir))?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            fs::remove_dir_all(entry.path()).map_err(io("remove", &entry.path()))?;
        }
    }
    Ok(())
}

/// 256 bits from the kernel, as letters and digits that need no escaping anywhere.
fn random_password() -> Result<String, EmbeddedError> {
    let path = Path::new("/dev/urandom");
    let mut bytes = [0_u8; 32];
    File::open(path).and_then(|mut file| file.read_exact(&mut bytes)).map_err(io("read", path))?;
    Ok(bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0xf])
        .filter_map(|half| char::from_digit(half.into(), 16))
        .collect())
}
