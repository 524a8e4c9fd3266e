//! Workers as processes, and their death.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use domain::Tier;
use rand::Rng;
use rand::seq::IndexedRandom;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tokio::process::Child;

use crate::bed::{Bed, Shop};
use crate::scale::scaled;
use crate::worker;

const WORKERS: usize = 4;
/// In seconds; short, so that a test sees many of them run out.
const LEASE: u64 = 2;
/// A running task may lack a live lease for so long: until its lease is found dead, once a second, and its attempt is
/// recorded as lost.
const RESCUED_WITHIN: Duration = Duration::from_secs(5);

/// `agentcores worker`, started anew whenever it was killed. Dropped, it is killed.
struct WorkerProcess {
    child: Child,
    database: PgConnectOptions,
}

impl WorkerProcess {
    fn start(database: &PgConnectOptions) -> Self {
        Self { child: launch(database, "0"), database: database.clone() }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().unwrap().to_string();
        // The shell's own `kill` is there on every machine.
        let sent =
            std::process::Command::new("/bin/sh").args(["-c", "kill -s \"$@\"", "sh", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    async fn kill(&mut self) {
        self.child.kill().await.unwrap();
        self.child = launch(&self.database, "0");
    }
}

fn launch(database: &PgConnectOptions, health: &str) -> Child {
    let lease = format!("--lease={LEASE}");
    let health = (health != "0").then(|| format!("--health={health}"));
    worker::launch(database, &[lease].into_iter().chain(health).collect::<Vec<_>>())
}

/// An organisation whose tasks take a tenth of a second each, so that whoever is killed is in the middle of some.
async fn slow_shop(bed: &Bed) -> Shop {
    let shop = bed.shop(Tier::Enterprise).await;
    let lines = vec![serde_json::json!({"text": "done", "delay_ms": 100}); 8];
    let configuration = serde_json::json!({ "script": lines }).to_string();
    Shop { agent: bed.agent_of("scripted", shop.tenant, &configuration).await, ..shop }
}

/// How long each running task has been seen without a live lease, looked at again and again.
struct Watch {
    unleased: HashMap<uuid::Uuid, Instant>,
    longest: Duration,
    looks: usize,
}

impl Watch {
    async fn look(&mut self, owner: &PgPool) {
        let sql = "
            select q.task_id
            from run_queue q
            where q.state = 'running' and not exists (
                select from task_leases l
                where l.tenant_id = q.tenant_id and l.task_id = q.task_id and l.expires_at > clock_timestamp()
            )";
        let unleased: Vec<uuid::Uuid> = sqlx::query_scalar(sql).fetch_all(owner).await.unwrap();
        self.unleased.retain(|task, _| unleased.contains(task));
        for task in unleased {
            let since = *self.unleased.entry(task).or_insert_with(Instant::now);
            self.longest = self.longest.max(since.elapsed());
        }
        self.looks += 1;
        assert!(self.longest < RESCUED_WITHIN, "a task runs without a live lease for {:?}", self.longest);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_task_ends_once_however_many_workers_are_killed() {
    let (tasks, kills) = (scaled(10_000), scaled(200));
    let bed = Bed::start().await;
    let shop = slow_shop(&bed).await;
    bed.tasks(shop, 3, tasks / 2).await;
    let mut workers: Vec<_> = (0..WORKERS).map(|_| WorkerProcess::start(&bed.database)).collect();
    let mut watch = Watch { unleased: HashMap::new(), longest: Duration::ZERO, looks: 0 };
    let begun = Instant::now();
    let (mut killed, mut queued) = (0, tasks / 2);
    let mut next_kill = begun + Duration::from_millis(500);
    loop {
        watch.look(&bed.owner).await;
        if killed < kills && Instant::now() >= next_kill {
            // There is always something to be killed over.
            let more = ((tasks - tasks / 2) / kills).min(tasks - queued);
            queued += bed.tasks(shop, 3, more).await.len();
            let at = rand::rng().random_range(0..WORKERS);
            workers[at].kill().await;
            killed += 1;
            next_kill = Instant::now() + Duration::from_millis(rand::rng().random_range(50..250));
        }
        if killed == kills {
            queued += bed.tasks(shop, 3, tasks - queued).await.len();
            if bed.count("select count(*) from run_queue").await == 0 {
                break;
            }
        }
        assert!(begun.elapsed() < Duration::from_secs(900), "it comes to an end");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let ends = "select count(*) from tasks where stage in ('completed', 'failed')";
    assert_eq!(bed.count(ends).await, i64::try_from(tasks).unwrap());
    let twice = "
        select count(*) from (
            select from events where event_type in ('task.completed', 'task.failed')
            group by aggregate_id having count(*) <> 1
        ) t";
    assert_eq!(bed.count(twice).await, 0, "one result each");
    assert_eq!(bed.count("select count(*) from task_leases").await, 0, "no slot is lost");
    let failed = bed.count("select count(*) from tasks where stage = 'failed'").await;
    let lost = bed.count("select count(*) from events where event_type = 'task.attempt_failed'").await;
    println!(
        "{tasks} tasks, {kills} kills in {:?}: all ended, {failed} parked, {lost} attempts lost; {} looks, none \
         running without a live lease for more than {:?}",
        begun.elapsed(),
        watch.looks,
        watch.longest
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_are_stopped_and_go_on_give_no_task_a_second_result() {
    let freezes = scaled(50).max(2);
    let bed = Bed::start().await;
    let shop = slow_shop(&bed).await;
    let workers: Vec<_> = (0..WORKERS).map(|_| WorkerProcess::start(&bed.database)).collect();
    let mut tasks = bed.tasks(shop, 3, 1).await.len();
    while bed.count("select count(*) from run_queue").await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for _ in 0..freezes {
        tasks += bed.tasks(shop, 3, 100).await.len();
        tokio::time::sleep(Duration::from_millis(rand::rng().random_range(10..150))).await;
        let frozen = workers.choose(&mut rand::rng()).unwrap();
        frozen.signal("STOP");
        // Longer than its leases.
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        frozen.signal("CONT");
    }
    while bed.count("select count(*) from run_queue").await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let twice = "
        select count(*) from (
            select from events where event_type in ('task.completed', 'task.failed')
            group by aggregate_id having count(*) <> 1
        ) t";
    assert_eq!(bed.count(twice).await, 0, "one result each");
    let ended = "select count(*) from tasks where stage in ('completed', 'failed')";
    assert_eq!(bed.count(ended).await, i64::try_from(tasks).unwrap());
    let lost = bed.count("select count(*) from events where event_type = 'task.attempt_failed'").await;
    println!("{tasks} tasks, {freezes} freezes longer than a lease: {lost} attempts lost, one result each");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_process_shows_its_health_and_ends_in_order() {
    let bed = Bed::start().await;
    let shop = bed.shop(Tier::Free).await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut worker =
        WorkerProcess { child: launch(&bed.database, &port.to_string()), database: bed.database.clone() };
    let client = crate::plain::client().build().unwrap();
    let is_ready = async || {
        let answer = client.get(format!("http://{port}/health/ready")).send().await;
        answer.is_ok_and(|answer| answer.status() == 200)
    };
    while !is_ready().await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // It is woken by what another process queues, long before it would look by itself.
    tokio::time::sleep(Duration::from_millis(600)).await;
    let queued = Instant::now();
    bed.tasks(shop, 3, 1).await;
    while bed.count("select count(*) from tasks where stage = 'completed'").await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    println!("a task queued elsewhere was completed after {:?}", queued.elapsed());
    worker.signal("TERM");
    let ended = tokio::time::timeout(Duration::from_secs(20), worker.child.wait()).await;
    assert!(ended.expect("it ends").unwrap().success());
    assert!(!is_ready().await);
}
