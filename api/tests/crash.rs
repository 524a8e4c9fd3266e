//! kill -9: the real service on its own durable Postgres, killed again and again while it is written to.
//!
//! `cargo test -p api --test crash -- --nocapture` also says how long it took to come back.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends there")]

#[path = "crash/evidence.rs"]
mod evidence;
#[path = "support/plain.rs"]
mod plain;
#[path = "support/process.rs"]
mod process;
#[path = "crash/service.rs"]
mod service;
#[path = "crash/writers.rs"]
mod writers;

use std::time::Duration;

use rand::Rng;
use rand::seq::SliceRandom;

use service::{Service, Victim};
use writers::Writers;

const WRITERS: usize = 8;
const LONGEST: Duration = Duration::from_secs(240);

#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_of_service_and_postmaster_under_eight_writers_lose_nothing_and_do_nothing_twice() {
    tokio::time::timeout(LONGEST, kill_and_look()).await.expect("over in four minutes");
}

async fn kill_and_look() {
    let mut service = Service::start().await;
    let mut writers = Writers::start(&service, WRITERS).await;
    for victim in victims() {
        let lives = Duration::from_millis(rand::rng().random_range(300..2_000));
        tokio::time::sleep(lives).await;
        writers.assert_all_at_work();
        service.kill(victim).await;
    }
    let ledger = writers.finish().await;
    ledger.until_no_task_is_under_way(&service).await;
    service.stop().await;
    eprintln!("{}{}", service.report(), ledger.report());
    evidence::check(&service, &ledger).await;
}

/// Twenty, of every kind, in random order.
fn victims() -> Vec<Victim> {
    let kinds = [(Victim::Service, 7), (Victim::Postmaster, 7), (Victim::Both, 6)];
    let mut victims: Vec<_> = kinds.into_iter().flat_map(|(kind, times)| vec![kind; times]).collect();
    victims.shuffle(&mut rand::rng());
    victims
}
