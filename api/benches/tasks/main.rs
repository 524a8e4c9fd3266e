//! Tasks per second through the whole cycle, how long a claim takes in a full queue, and a look for due schedules.
//!
//! `make bench`, or `cargo bench -p api --bench tasks`. A private, durable Postgres (fsync on), the service's own worker
//! and the built-in echo.

mod bed;
mod claims;
mod cycle;
mod schedules;

use std::path::PathBuf;

use infrastructure::embedded::{Durability, EmbeddedPostgres, Options};

use bed::{Bed, Failure};

fn main() -> Result<(), Failure> {
    // `cargo test --benches` only wants to know that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run())
}

async fn run() -> Result<(), Failure> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let data_dir = std::env::temp_dir().join(format!("agentcores-bench-{}", std::process::id()));
    let options = Options {
        data_dir: data_dir.clone(),
        binaries: std::env::var_os("AGENTCORES_PG_BIN").map(PathBuf::from),
        search_from: vec![root],
        durability: Durability::Durable,
        max_connections: 200,
    };
    let server = EmbeddedPostgres::start(options).await?;
    let result = measure(&server).await;
    server.stop().await?;
    std::fs::remove_dir_all(data_dir)?;
    result
}

async fn measure(server: &EmbeddedPostgres) -> Result<(), Failure> {
    let bed = Bed::start(server, "cycle").await?;
    println!("created, queued, claimed, run by echo and completed: tasks/s\n");
    println!("| tenants | slots | tasks/s | waits for its end, p50 / p99 ms |");
    println!("|---|---|---|---|");
    for (tenants, slots) in [(1, 32), (20, 32), (20, 64)] {
        println!("| {tenants} | {slots} | {} |", cycle::run(&bed, tenants, slots).await?);
    }
    bed.stop().await;

    let bed = Bed::start(server, "claims").await?;
    println!("\na claim of 8 tasks, p50 / p99 / longest ms\n");
    println!("| queued | finished | claim |");
    println!("|---|---|---|");
    for (queued, finished) in [(1_000, 0), (100_000, 1_000_000)] {
        println!("| {queued} | {finished} | {} |", claims::run(&bed, queued, finished).await?);
    }
    println!("\na look for due schedules, ms\n");
    println!("| schedules | first, at all | further, p50 / p99 |");
    println!("|---|---|---|");
    println!("| 100000 | {} |", schedules::run(&bed, 100_000).await?);
    bed.stop().await;
    Ok(())
}
