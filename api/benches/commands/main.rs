//! Commands per second, beside the stock framework and the plain limit of the same Postgres.
//!
//! `make bench`, or `cargo bench -p api --bench commands -- 64` for one number of clients. One private, durable Postgres (fsync on) serves all; the systems take turns, three rounds, and the
//! median of each is shown. A closed loop: each client sends its next command when the last is answered.

mod http;
mod load;
mod ours;
mod plain;
mod stock;

use std::error::Error;
use std::path::PathBuf;

use infrastructure::embedded::{Durability, EmbeddedPostgres, Options};

use load::{Figures, median};

const CLIENTS: [usize; 4] = [1, 16, 64, 256];
const ROUNDS: usize = 3;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    // `cargo test --benches` only wants to know that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run())
}

async fn run() -> Result<(), Box<dyn Error + Send + Sync>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let data_dir = std::env::temp_dir().join(format!("agentcores-bench-{}", std::process::id()));
    let options = Options {
        data_dir: data_dir.clone(),
        binaries: std::env::var_os("AGENTCORES_PG_BIN").map(PathBuf::from),
        search_from: vec![root],
        durability: Durability::Durable,
        max_connections: 400,
    };
    let server = EmbeddedPostgres::start(options).await?;
    let result = measure(&server).await;
    server.stop().await?;
    std::fs::remove_dir_all(data_dir)?;
    result
}

async fn measure(server: &EmbeddedPostgres) -> Result<(), Box<dyn Error + Send + Sync>> {
    let plain = plain::Plain::prepare(server).await?;
    let stock = stock::Stock::prepare(server).await?;
    let ours = ours::Ours::prepare(server).await?;
    println!("Postgres {}; plain limit measured with {}\n", plain.version, plain.means());
    println!("commands/s (p50 / p99 ms), median of {ROUNDS} rounds\n");
    println!(
        "| clients | plain INSERT | stock postgres-es, one view | AgentCores | one hot tenant | / plain | / stock |"
    );
    println!("|---|---|---|---|---|---|---|");
    let asked_for: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    for clients in if asked_for.is_empty() { CLIENTS.to_vec() } else { asked_for } {
        let mut rounds: [Vec<Figures>; 4] = Default::default();
        for _ in 0..ROUNDS {
            rounds[0].push(plain.run(clients).await?);
            rounds[1].push(stock.run(clients).await?);
            rounds[2].push(ours.run(clients, ours::Tenants::Many).await?);
            rounds[3].push(ours.run(clients, ours::Tenants::One).await?);
        }
        let [plain, stock, many, one] = rounds.map(|rounds| median(&rounds));
        println!(
            "| {clients} | {plain} | {stock} | {many} | {one} | {:.1} | {:.1} |",
            many.per_second / plain.per_second,
            many.per_second / stock.per_second,
        );
    }
    println!("\nrequests/s over HTTP (p50 / p99 ms), 32 connections, median of {ROUNDS} rounds\n");
    http::run(&ours).await?;
    ours.stop().await;
    Ok(())
}
