//! More sign-ins at once than passwords can be hashed.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use crate::process::Process;
use crate::support::{Answer, Client, PASSWORD, Session};

const AT_ONCE: usize = 500;
const MOST_MIB: u64 = 200;

/// What was seen of the service while it was busy.
#[derive(Default)]
struct Watched {
    most_kib: u64,
    waits: Vec<Duration>,
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_sign_ins_at_once_are_answered_or_told_to_come_back_and_cost_little_memory() {
    let service = Process::start(&[]).await;
    let client = Client::of(service.address);
    let owner = client.sign_up("basic").await;
    let before = resident_kib(&service);
    let mut storm = JoinSet::new();
    for _ in 0..AT_ONCE {
        storm.spawn(sign_in(Client::of(service.address), owner.clone()));
    }
    let mut watched = Watched::default();
    let (mut let_in, mut busy) = (0, 0);
    while let_in + busy < AT_ONCE {
        watched.look(&service, &client).await;
        while let Some(answer) = storm.try_join_next() {
            let answer = answer.unwrap();
            if answer.status == 200 {
                let_in += 1;
                continue;
            }
            assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
            answer.expect_problem(503, "busy");
            busy += 1;
        }
    }
    watched.waits.sort();
    let rise_mib = watched.most_kib.saturating_sub(before) / 1_024;
    let p99 = watched.waits[watched.waits.len() * 99 / 100];
    eprintln!("{let_in} signed in, {busy} told to come back, +{rise_mib} MiB, live p99 {p99:?}");
    assert!(let_in > 0 && busy > 0, "{let_in} signed in, {busy} told to come back");
    assert!(rise_mib <= MOST_MIB, "memory rose by {rise_mib} MiB");
    client.sign_in(&owner.subdomain, &owner.email).await;
}

async fn sign_in(client: Client, owner: Session) -> Answer {
    let body = json!({"email": owner.email, "password": PASSWORD, "tenant_subdomain": owner.subdomain});
    client.post_anonymous("/auth/login", body).await
}

impl Watched {
    async fn look(&mut self, service: &Process, client: &Client) {
        let asked = Instant::now();
        let live = client.send(client.request(reqwest::Method::GET, "/health/live")).await;
        assert_eq!(live.status, 200);
        self.waits.push(asked.elapsed());
        self.most_kib = self.most_kib.max(resident_kib(service));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What the service occupies of the machine's memory, by proc(5).
fn resident_kib(service: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
