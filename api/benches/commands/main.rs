//! Commands per second, beside the stock framework and the plain limit of the same Postgres.
//!
//! `make bench`, or `cargo bench -p api --bench commands -- 64 plain many` for one number of clients and some of the systems
//! `plain`, `stock`, `many`, `one` and `http`. One private, durable Postgres (fsync on) serves all; the systems take turns,
//! three rounds, and the median of each is shown. A closed loop: each client sends its next command when the last is
//! answered.

mod cpu;
mod http;
mod load;
mod ours;
mod plain;
mod stock;

use std::path::{Path, PathBuf};

use infrastructure::embedded::{Durability, EmbeddedPostgres, Options};

use cpu::Spent;
use load::{Failure, Figures, median};

const CLIENTS: [usize; 4] = [1, 16, 64, 256];
const ROUNDS: usize = 3;
/// What takes turns, as asked for and as shown.
const SYSTEMS: [(&str, &str); 4] = [
    ("plain", "plain INSERT"),
    ("stock", "stock postgres-es, one view"),
    ("many", "AgentCores"),
    ("one", "AgentCores, one hot tenant"),
];

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
        max_connections: 400,
    };
    let server = EmbeddedPostgres::start(options).await?;
    let result = measure(&server, &data_dir.join("pg")).await;
    server.stop().await?;
    std::fs::remove_dir_all(data_dir)?;
    result
}

async fn measure(server: &EmbeddedPostgres, cluster: &Path) -> Result<(), Failure> {
    let plain = plain::Plain::prepare(server).await?;
    let stock = stock::Stock::prepare(server).await?;
    let ours = ours::Ours::prepare(server).await?;
    let mut asked: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let clients: Vec<usize> =
        asked.extract_if(.., |word| word.parse::<usize>().is_ok()).flat_map(|word| word.parse()).collect();
    let is_asked = |system: &str| asked.is_empty() || asked.iter().any(|word| word == system);
    println!("Postgres {}; plain limit measured with {}", plain.version, plain.means());
    println!(
        "of each, median of {ROUNDS} rounds; CPU is what a command takes in Postgres + in the client's program\n"
    );
    println!("| clients | | commands/s | p50 / p99 ms | CPU µs | / plain | / stock |");
    println!("|---|---|---|---|---|---|---|");
    for clients in if clients.is_empty() { CLIENTS.to_vec() } else { clients } {
        let mut rounds: [Vec<Figures>; 4] = Default::default();
        for _ in 0..ROUNDS {
            for (nth, (system, _)) in SYSTEMS.iter().enumerate().filter(|(_, (system, _))| is_asked(system)) {
                let before = Spent::until_now(cluster);
                let mut figures = match *system {
                    "plain" => plain.run(clients).await?,
                    "stock" => stock.run(clients).await?,
                    "many" => ours.run(clients, ours::Tenants::Many).await?,
                    _ => ours.run(clients, ours::Tenants::One).await?,
                };
                figures.spent = Spent::until_now(cluster).since(before);
                rounds[nth].push(figures);
            }
        }
        let medians = rounds.map(|rounds| median(&rounds));
        for ((_, name), figures) in SYSTEMS.iter().zip(&medians).filter(|(_, figures)| figures.done > 0) {
            let to = |nth: usize| figures.per_second / medians[nth].per_second;
            let (rate, cost) = (figures.rate_and_times(), figures.cost());
            println!("| {clients} | {name} | {rate} | {cost} | {:.2} | {:.1} |", to(0), to(1));
        }
    }
    if is_asked("http") {
        println!("\nrequests over HTTP, {} connections, median of {ROUNDS} rounds\n", http::CONNECTIONS);
        http::run(&ours).await?;
    }
    ours.stop().await;
    Ok(())
}
