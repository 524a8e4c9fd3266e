//! What the rooms may know of each other, read off their manifests and sources.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms; an arrow may only point at one further left.
pub(crate) const ROOMS: [&str; 5] = ["domain", "application", "infrastructure", "projections", "api"];
/// What a room must do without.
const BARRED: [(&str, &[&str]); 2] = [
    ("domain", &["tokio", "sqlx", "axum", "reqwest"]),
    ("application", &["tokio", "sqlx", "axum", "reqwest"]),
];
/// The one place that makes pools.
const POOLS: &str = "infrastructure/src/postgres/pool.rs";

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// What a room needs at run time or to be built, and for its tests, as the crates are really called.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut is_dependencies = false;
    let mut found = vec![];
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            is_dependencies = section.ends_with("dependencies");
            found.extend(section.split_once("dependencies.").map(|(_, name)| name.to_owned()));
        } else if let Some((name, value)) = line.split_once('=').filter(|_| is_dependencies) {
            let renamed = value.split_once("package").and_then(|(_, rest)| rest.split('"').nth(1));
            let name = name.trim().trim_matches('"').split('.').next().unwrap();
            found.push(renamed.unwrap_or(name).to_owned());
        }
    }
    found
}

/// Each arrow between rooms that points the wrong way, and each crate that a room must do without.
fn wrong_arrows(room: &str, manifest: &str) -> Vec<String> {
    let place = |name: &str| ROOMS.iter().position(|one| *one == name);
    let is_barred = |name: &str| BARRED.iter().any(|(of, crates)| *of == room && crates.contains(&name));
    let wrong = |name: &String| is_barred(name) || place(name).is_some_and(|to| Some(to) >= place(room));
    dependencies(manifest).into_iter().filter(wrong).map(|name| format!("{room} needs {name}")).collect()
}

/// What a source file of a room must not say.
fn wrong_words(path: &str, source: &str) -> Vec<String> {
    let makes_pools = ["PgPoolOptions", "PoolOptions", "PgPool::connect"];
    let begins = [".begin()", ".begin_with(", "Transaction<'"];
    let barred = makes_pools.iter().filter(|_| path != POOLS).chain(&begins);
    barred.filter(|word| source.contains(**word)).map(|word| format!("{path} says {word}")).collect()
}

/// The Rust files below a folder.
pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let nested = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    nested.filter(|path| path.extension().is_some_and(|kind| kind == "rs")).collect()
}

#[test]
fn every_arrow_between_rooms_points_at_one_further_in() {
    for room in ROOMS {
        let manifest = fs::read_to_string(root().join(room).join("Cargo.toml")).unwrap();
        assert!(!dependencies(&manifest).is_empty(), "{room}");
        assert_eq!(wrong_arrows(room, &manifest), [""; 0]);
    }
}

#[test]
fn an_arrow_the_wrong_way_is_seen_however_it_is_written() {
    let of_application = |lines: &str| wrong_arrows("application", lines);
    for wrong in [
        "[dependencies]\nprojections.workspace = true",
        "[dependencies]\ninfrastructure = { path = \"../infrastructure\" }",
        "[dev-dependencies]\napi.workspace = true",
        "[dependencies.sqlx]\nversion = \"1\"",
        "[target.'cfg(unix)'.dependencies]\ntokio = \"1\"",
        "[dependencies]\nsql = { version = \"1\", package = \"sqlx\" }",
        "[build-dependencies]\n\"axum\" = \"1\"",
        "[dependencies]\napplication.workspace = true",
    ] {
        assert_eq!(of_application(wrong).len(), 1, "{wrong}");
    }
    for right in
        ["[dependencies]\ndomain.workspace = true\nserde.workspace = true", "[lints]\nworkspace = true"]
    {
        assert_eq!(of_application(right), [""; 0]);
    }
    assert_eq!(wrong_arrows("projections", "[dependencies]\ninfrastructure.workspace = true"), [""; 0]);
    assert_eq!(wrong_arrows("infrastructure", "[dependencies]\nprojections.workspace = true").len(), 1);
}

#[test]
fn pools_are_made_in_one_file_and_transactions_are_never_begun_through_sqlx() {
    let files: Vec<PathBuf> = ROOMS.iter().flat_map(|room| sources(&root().join(room).join("src"))).collect();
    assert!(files.len() > 100 && files.contains(&root().join(POOLS)));
    for file in files {
        let path = file.strip_prefix(root()).unwrap().to_str().unwrap();
        assert_eq!(wrong_words(path, &fs::read_to_string(&file).unwrap()), [""; 0]);
    }
}

#[test]
fn a_second_pool_and_a_begun_transaction_are_seen() {
    let elsewhere = "projections/src/views.rs";
    assert_eq!(wrong_words(elsewhere, "sqlx::postgres::PgPoolOptions::new()").len(), 2);
    assert_eq!(wrong_words(elsewhere, "sqlx::pool::PoolOptions::<Postgres>::new()").len(), 1);
    assert_eq!(wrong_words(POOLS, "PgPoolOptions::new()"), [""; 0]);
    assert_eq!(wrong_words(POOLS, "let tx = pool.begin().await?;").len(), 1);
    assert_eq!(wrong_words(elsewhere, "self.service.begin_stop();"), [""; 0]);
}
