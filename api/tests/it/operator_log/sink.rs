use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::Watched;
use crate::support::Session;

/// Creates agents until so many lines of the log are lost. None of the requests may take long.
async fn until_lost(service: &Watched, owner: &Session, lost: u64) -> u64 {
    let end = Instant::now() + Duration::from_secs(120);
    let mut created = 0;
    loop {
        for _ in 0..20 {
            let begun = Instant::now();
            service.client.agent(owner).await;
            created += 1;
            assert!(begun.elapsed() < Duration::from_secs(5), "a request waited for {:?}", begun.elapsed());
        }
        let health = service.log_health().await;
        if health["lost_lines"].as_u64().unwrap() > lost {
            return created;
        }
        assert!(Instant::now() < end, "not within 120 s: {health}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_holds_up_no_request_and_what_it_lost_is_told() {
    let mut service = Watched::start(&["--log=trace"], Stdio::piped()).await;
    let unread = service.child.stderr.take().unwrap();
    let owner = service.client.sign_up("enterprise").await;
    let created = until_lost(&service, &owner, 0).await;
    let behind = || async { service.log_health().await["behind_seconds"].as_u64().unwrap() };
    while behind().await == 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // What the organisations are told does not go through this log.
    let audit = service.client.get(&owner, "/audit/events?event_type=agent.created").await.expect(200);
    assert_eq!(audit["total"], created);
    let mut lines = BufReader::new(unread).lines();
    let told = async {
        loop {
            let line = lines.next_line().await.unwrap().unwrap();
            if line.contains("lines of the log were lost") {
                return line;
            }
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(60), told).await.expect("it is told");
    let count = told.split("lines=").nth(1).unwrap().split_whitespace().next().unwrap();
    assert!(count.parse::<u64>().unwrap() > 0, "{told}");
    let reading = tokio::spawn(async move { while lines.next_line().await.unwrap_or_default().is_some() {} });
    while behind().await > 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(service.end().await.success());
    reading.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_does_not_keep_the_service_from_ending() {
    let mut service = Watched::start(&["--log=trace"], Stdio::piped()).await;
    let _unread = service.child.stderr.take().unwrap();
    let owner = service.client.sign_up("enterprise").await;
    until_lost(&service, &owner, 0).await;
    assert!(service.end().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_reader_has_gone_ends_nothing_and_every_line_counts_as_lost() {
    let mut service = Watched::start(&["--log=debug"], Stdio::piped()).await;
    drop(service.child.stderr.take());
    let owner = service.client.sign_up("enterprise").await;
    until_lost(&service, &owner, 10).await;
    assert_eq!(service.log_health().await["behind_seconds"], 0);
    let agents = service.client.get(&owner, "/agents").await.expect(200);
    assert_ne!(agents["total"], json!(0));
    assert!(service.end().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_a_file_is_added_to_at_its_end() {
    let folder = tempfile();
    let path = folder.join("agentcores.log");
    std::fs::write(&path, "{\"earlier\":1}\n").unwrap();
    let flag = format!("--log-file={}", path.display());
    let service = Watched::start(&["--log-json", &flag], Stdio::null()).await;
    let health: Value = service.log_health().await;
    assert_eq!(health, json!({"lost_lines": 0, "behind_seconds": 0}));
    // As a file is turned over that is copied and cut.
    let earlier = super::lines(&path);
    assert_eq!(earlier[0], json!({"earlier": 1}));
    assert!(
        earlier
            .iter()
            .any(|line| line["fields"]["message"].as_str().unwrap_or_default().starts_with("ready"))
    );
    std::fs::write(&path, "").unwrap();
    assert!(service.end().await.success());
    let later = super::lines(&path);
    assert_eq!(later.last().unwrap()["fields"]["message"], "stopped");
    std::fs::remove_dir_all(folder).unwrap();
}

fn tempfile() -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("log-{}", uuid::Uuid::new_v4().simple()));
    std::fs::create_dir(&folder).unwrap();
    folder
}
