//! The private server against real binaries: those of `AGENTCORES_PG_BIN`, else the first that the module finds.
//! Needs no other set-up; as root it also proves that the server runs as somebody else.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use infrastructure::embedded::{Durability, EmbeddedError, EmbeddedPostgres, attach};
use sqlx::{Connection, Executor, PgConnection, Row, postgres::PgConnectOptions};
use std::{
    os::unix::fs::{MetadataExt, PermissionsExt},
    time::{Duration, Instant},
};
use support::{Service, TestDir, kill, options, until};

async fn write(owner: &PgConnectOptions, n: i32) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect_with(owner).await?;
    connection.execute("create table if not exists t (n int primary key)").await?;
    sqlx::query("insert into t values ($1)").bind(n).execute(&mut connection).await?;
    connection.close().await
}

async fn read(owner: &PgConnectOptions) -> Result<Vec<i32>, sqlx::Error> {
    let mut connection = PgConnection::connect_with(owner).await?;
    let rows = sqlx::query("select n from t order by n").fetch_all(&mut connection).await?;
    connection.close().await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

async fn setting(owner: &PgConnectOptions, name: &str) -> String {
    let mut connection = PgConnection::connect_with(owner).await.unwrap();
    sqlx::query_scalar("select current_setting($1)").bind(name).fetch_one(&mut connection).await.unwrap()
}

#[tokio::test]
async fn an_empty_folder_becomes_a_server_and_keeps_its_rows() {
    let dir = TestDir::in_tmp("empty");
    let first = EmbeddedPostgres::start(options(&dir, Durability::Durable)).await.unwrap();
    write(&first.owner(), 1).await.unwrap();
    assert_eq!(setting(&first.owner(), "fsync").await, "on");
    assert_eq!(setting(&first.owner(), "listen_addresses").await, "");
    let password = std::fs::metadata(dir.path().join("pg.password")).unwrap();
    assert_eq!(password.permissions().mode() & 0o777, 0o600);
    first.stop().await.unwrap();
    assert_eq!(dir.postmaster(), None);

    let started = Instant::now();
    let second = EmbeddedPostgres::start(options(&dir, Durability::Durable)).await.unwrap();
    assert!(started.elapsed() < Duration::from_millis(1500), "took {:?}", started.elapsed());
    assert_eq!(read(&second.owner()).await.unwrap(), [1]);
    second.stop().await.unwrap();
}

#[tokio::test]
async fn the_url_says_the_same_as_the_options() {
    let dir = TestDir::in_tmp("url with, odd \"signs\" & 100%");
    let server = EmbeddedPostgres::start(options(&dir, Durability::Throwaway)).await.unwrap();
    write(&server.owner(), 1).await.unwrap();
    let parsed: PgConnectOptions = server.url().parse().unwrap();
    assert_eq!(read(&parsed).await.unwrap(), [1]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_postmaster_comes_back_with_every_committed_row() {
    let dir = TestDir::in_tmp("killed");
    let server = EmbeddedPostgres::start(options(&dir, Durability::Durable)).await.unwrap();
    for n in 1..=3 {
        write(&server.owner(), n).await.unwrap();
        let before = dir.postmaster().unwrap();
        kill("KILL", before);
        until("the server is back", async || {
            dir.postmaster().is_some_and(|now| now != before) && read(&server.owner()).await.is_ok()
        })
        .await;
        assert_eq!(read(&server.owner()).await.unwrap(), (1..=n).collect::<Vec<_>>());
    }
    server.stop().await.unwrap();
    assert_eq!(dir.postmaster(), None);
}

#[tokio::test]
async fn every_acknowledged_row_survives_kills_under_load() {
    let dir = TestDir::in_tmp("load");
    let server = EmbeddedPostgres::start(options(&dir, Durability::Durable)).await.unwrap();
    write(&server.owner(), 0).await.unwrap();
    let mut acknowledged = vec![0];
    let mut next = 1;
    for round in 1..=3 {
        let before = dir.postmaster().unwrap();
        let mut connection = PgConnection::connect_with(&server.owner()).await.unwrap();
        while acknowledged.len() < round * 100 {
            sqlx::query("insert into t values ($1)").bind(next).execute(&mut connection).await.unwrap();
            acknowledged.push(next);
            next += 1;
        }
        kill("KILL", before);
        // The backend outlives its postmaster a moment; what it still acknowledges counts too.
        while sqlx::query("insert into t values ($1)").bind(next).execute(&mut connection).await.is_ok() {
            acknowledged.push(next);
            next += 1;
        }
        next += 1; // the failed one may be committed or not
        until("the server is back", async || {
            dir.postmaster().is_some_and(|now| now != before) && read(&server.owner()).await.is_ok()
        })
        .await;
    }
    let rows = read(&server.owner()).await.unwrap();
    assert!(acknowledged.iter().all(|n| rows.binary_search(n).is_ok()));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn stopping_while_the_server_comes_back_leaves_none() {
    let dir = TestDir::in_tmp("stop");
    for wait_for_recovery in [false, true] {
        let server = EmbeddedPostgres::start(options(&dir, Durability::Durable)).await.unwrap();
        let before = dir.postmaster().unwrap();
        kill("KILL", before);
        if wait_for_recovery {
            until("a new process exists", async || dir.postmaster().is_some_and(|now| now != before)).await;
        }
        server.stop().await.unwrap();
        let left = dir.postmaster().filter(|now| *now != before);
        assert_eq!(left, None);
    }
    let server = EmbeddedPostgres::start(options(&dir, Durability::Durable)).await.unwrap();
    write(&server.owner(), 1).await.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_backend_that_is_busy_when_the_postmaster_is_killed_does_not_prevent_the_recovery() {
    let dir = TestDir::in_tmp("busy");
    let server = EmbeddedPostgres::start(options(&dir, Durability::Durable)).await.unwrap();
    write(&server.owner(), 1).await.unwrap();
    let mut busy = PgConnection::connect_with(&server.owner()).await.unwrap();
    // Burns CPU without looking at the postmaster, so it outlives it and holds the shared memory.
    let query =
        tokio::spawn(async move { busy.execute("select count(*) from generate_series(1, 20000000)").await });
    until("the query runs", async || {
        let mut connection = PgConnection::connect_with(&server.owner()).await.unwrap();
        let active: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity where state = 'active' and query like '%generate_series(1%'
             and pid <> pg_backend_pid()",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        active > 0
    })
    .await;
    let before = dir.postmaster().unwrap();
    kill("KILL", before);
    until("the server is back", async || {
        dir.postmaster().is_some_and(|now| now != before) && read(&server.owner()).await.is_ok()
    })
    .await;
    drop(query.await);
    let log = std::fs::read_to_string(dir.path().join("pg.log")).unwrap();
    assert!(log.contains("automatic recovery"), "{log}");
    assert_eq!(read(&server.owner()).await.unwrap(), [1]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_dropped_handle_leaves_a_server_that_the_next_start_reuses_watches_and_stops() {
    let dir = TestDir::in_tmp("dropped");
    let first = EmbeddedPostgres::start(options(&dir, Durability::Durable)).await.unwrap();
    write(&first.owner(), 1).await.unwrap();
    let pid = dir.postmaster().unwrap();
    drop(first);

    let second = EmbeddedPostgres::start(options(&dir, Durability::Durable)).await.unwrap();
    assert_eq!(dir.postmaster(), Some(pid));
    assert_eq!(read(&second.owner()).await.unwrap(), [1]);
    kill("KILL", pid);
    until("the reused server is back", async || {
        dir.postmaster().is_some_and(|now| now != pid) && read(&second.owner()).await.is_ok()
    })
    .await;
    drop(second);

    let third = EmbeddedPostgres::start(options(&dir, Durability::Durable)).await.unwrap();
    third.stop().await.unwrap();
    assert_eq!(dir.postmaster(), None);
}

#[tokio::test]
async fn a_dropped_handle_and_a_killed_server_recover_at_the_next_start() {
    let dir = TestDir::in_tmp("both");
    let first = EmbeddedPostgres::start(options(&dir, Durability::Durable)).await.unwrap();
    write(&first.owner(), 1).await.unwrap();
    drop(first);
    kill("KILL", dir.postmaster().unwrap());
    let second = EmbeddedPostgres::start(options(&dir, Durability::Durable)).await.unwrap();
    assert_eq!(read(&second.owner()).await.unwrap(), [1]);
    second.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_service_leaves_the_server_and_does_not_hold_its_own_pipes() {
    let dir = TestDir::in_tmp("service");
    let mut service = Service::start(&dir);
    assert_eq!(service.next_line(), "ready");
    let pid = dir.postmaster().unwrap();

    match EmbeddedPostgres::start(options(&dir, Durability::Durable)).await {
        Err(EmbeddedError::InUse { pid, .. }) => assert_eq!(pid, Some(service.id())),
        other => panic!("started beside another process: {:?}", other.err()),
    }
    let owner = attach(dir.path()).await.unwrap().unwrap();
    write(&owner, 7).await.unwrap();

    kill("KILL", service.id());
    service.assert_pipes_end();
    let server = EmbeddedPostgres::start(options(&dir, Durability::Durable)).await.unwrap();
    assert_eq!(dir.postmaster(), Some(pid));
    assert_eq!(read(&server.owner()).await.unwrap(), [7]);
    server.stop().await.unwrap();
}

/// Not a test: the service of the test above, in its own process.
#[tokio::test]
async fn service_process() {
    let Some(dir) = support::dir_of_service() else {
        return;
    };
    let _server = EmbeddedPostgres::start(options(&dir, Durability::Durable)).await.unwrap();
    println!("\nready");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_second_start_is_refused_with_the_pid_of_the_first() {
    let dir = TestDir::in_tmp("twice");
    let first = EmbeddedPostgres::start(options(&dir, Durability::Throwaway)).await.unwrap();
    let refusal =
        EmbeddedPostgres::start(options(&dir, Durability::Throwaway)).await.err().unwrap().to_string();
    let pid = std::process::id();
    assert!(
        refusal.contains(&format!("another agentcores uses this data directory (pid {pid})")),
        "{refusal}"
    );
    first.stop().await.unwrap();
}

#[tokio::test]
async fn attaching_to_a_folder_without_a_server_finds_nothing() {
    let dir = TestDir::in_tmp("attach");
    assert!(attach(&dir.path().join("absent")).await.unwrap().is_none());
    let server = EmbeddedPostgres::start(options(&dir, Durability::Throwaway)).await.unwrap();
    assert!(attach(dir.path()).await.unwrap().is_some());
    server.stop().await.unwrap();
    assert!(attach(dir.path()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_closed_folder_under_the_home_of_root_works() {
    let Some(dir) = TestDir::in_closed_home("closed") else {
        return;
    };
    let server = EmbeddedPostgres::start(options(&dir, Durability::Durable)).await.unwrap();
    write(&server.owner(), 1).await.unwrap();
    let owner = std::fs::metadata(dir.path().join("pg")).unwrap().uid();
    assert_ne!(owner, 0);
    let before = dir.postmaster().unwrap();
    assert_eq!(std::fs::metadata(format!("/proc/{before}")).unwrap().uid(), owner);
    kill("KILL", before);
    until("the server is back", async || {
        dir.postmaster().is_some_and(|now| now != before) && read(&server.owner()).await.is_ok()
    })
    .await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_cluster_that_root_copied_belongs_to_the_account_again() {
    let Some(dir) = TestDir::in_closed_home("copied") else {
        return;
    };
    let server = EmbeddedPostgres::start(options(&dir, Durability::Throwaway)).await.unwrap();
    write(&server.owner(), 1).await.unwrap();
    server.stop().await.unwrap();
    assert!(
        std::process::Command::new("chown").args(["-R", "0:0"]).arg(dir.path()).status().unwrap().success()
    );
    let server = EmbeddedPostgres::start(options(&dir, Durability::Throwaway)).await.unwrap();
    assert_eq!(read(&server.owner()).await.unwrap(), [1]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_gets_a_short_one() {
    let dir = TestDir::in_tmp(&"long".repeat(30));
    let server = EmbeddedPostgres::start(options(&dir, Durability::Throwaway)).await.unwrap();
    write(&server.owner(), 1).await.unwrap();
    assert_eq!(read(&attach(dir.path()).await.unwrap().unwrap()).await.unwrap(), [1]);
    let url = server.url();
    let (_, after) = url.split_once("?host=").unwrap();
    let (socket_dir, _) = after.split_once('&').unwrap();
    assert!(socket_dir.starts_with("/tmp/agentcores-"), "{socket_dir}");
    server.stop().await.unwrap();
    assert!(!std::path::Path::new(socket_dir).exists());
}

#[tokio::test]
async fn a_throwaway_server_does_not_wait_for_the_disk_and_is_not_mistaken_for_a_durable_one() {
    let dir = TestDir::in_tmp("throwaway");
    let first = EmbeddedPostgres::start(options(&dir, Durability::Throwaway)).await.unwrap();
    for name in ["fsync", "synchronous_commit", "full_page_writes"] {
        assert_eq!(setting(&first.owner(), name).await, "off");
    }
    drop(first);
    let second = EmbeddedPostgres::start(options(&dir, Durability::Durable)).await.unwrap();
    assert_eq!(setting(&second.owner(), "fsync").await, "on");
    second.stop().await.unwrap();
}

#[tokio::test]
async fn an_interrupted_first_start_leaves_nothing_in_the_way() {
    let dir = TestDir::in_tmp("interrupted");
    std::fs::create_dir_all(dir.path().join("pg.tmp.1/base")).unwrap();
    std::fs::write(dir.path().join("pg.password"), "half").unwrap();
    let server = EmbeddedPostgres::start(options(&dir, Durability::Throwaway)).await.unwrap();
    assert!(!dir.path().join("pg.tmp.1").exists());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_is_said_with_the_way_out() {
    let dir = TestDir::in_tmp("wrong");
    let mut unusable = options(&dir, Durability::Throwaway);
    unusable.binaries = Some("/nonexistent".into());
    let refusal = EmbeddedPostgres::start(unusable).await.err().unwrap();
    assert!(refusal.to_string().ends_with("correct or unset AGENTCORES_PG_BIN"), "{refusal}");

    let server = EmbeddedPostgres::start(options(&dir, Durability::Throwaway)).await.unwrap();
    server.stop().await.unwrap();
    std::fs::remove_file(dir.path().join("pg.password")).unwrap();
    let refusal = EmbeddedPostgres::start(options(&dir, Durability::Throwaway)).await.err().unwrap();
    assert!(matches!(refusal, EmbeddedError::PasswordMissing { .. }), "{refusal}");
    std::fs::write(dir.path().join("pg.password"), "wrong").unwrap();
    // The server starts and refuses us: it must not be left behind.
    let refusal = EmbeddedPostgres::start(options(&dir, Durability::Throwaway)).await.err().unwrap();
    assert!(matches!(refusal, EmbeddedError::PasswordRefused { .. }), "{refusal}");
    assert_eq!(dir.postmaster(), None);

    std::fs::write(dir.path().join("pg/PG_VERSION"), "16\n").unwrap();
    let refusal = EmbeddedPostgres::start(options(&dir, Durability::Throwaway)).await.err().unwrap();
    assert!(matches!(refusal, EmbeddedError::WrongMajor { cluster: 16, .. }), "{refusal}");
}

#[tokio::test]
async fn a_broken_configuration_is_reported_at_once_with_the_words_of_the_server() {
    let dir = TestDir::in_tmp("broken");
    let server = EmbeddedPostgres::start(options(&dir, Durability::Throwaway)).await.unwrap();
    server.stop().await.unwrap();
    std::fs::write(dir.path().join("pg/postgresql.conf"), "no_such_setting = 1\n").unwrap();
    let started = Instant::now();
    let refusal = EmbeddedPostgres::start(options(&dir, Durability::Throwaway)).await.err().unwrap();
    assert!(refusal.to_string().contains("no_such_setting"), "{refusal}");
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_pid_file_that_names_another_living_process_is_explained() {
    let dir = TestDir::in_tmp("held");
    let server = EmbeddedPostgres::start(options(&dir, Durability::Throwaway)).await.unwrap();
    server.stop().await.unwrap();
    let mut sleeper = support::sleeper_like(&dir.path().join("pg"));
    let pid_file = dir.path().join("pg/postmaster.pid");
    std::fs::write(&pid_file, format!("{}\n", sleeper.id())).unwrap();
    let refusal = EmbeddedPostgres::start(options(&dir, Durability::Throwaway)).await.err().unwrap();
    assert!(matches!(refusal, EmbeddedError::Held { pid, .. } if pid == sleeper.id()), "{refusal}");
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
    // A pid file of a dead process is Postgres' own business.
    let server = EmbeddedPostgres::start(options(&dir, Durability::Throwaway)).await.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_stale_socket_is_no_obstacle() {
    let dir = TestDir::in_tmp("stale");
    let server = EmbeddedPostgres::start(options(&dir, Durability::Throwaway)).await.unwrap();
    drop(server);
    let pid = dir.postmaster().unwrap();
    kill("KILL", pid);
    until("it is dead", async || !std::path::Path::new(&format!("/proc/{pid}/exe")).exists()).await;
    assert!(dir.path().join("pg.run/.s.PGSQL.5432").exists());
    assert!(attach(dir.path()).await.unwrap().is_none());
    let server = EmbeddedPostgres::start(options(&dir, Durability::Throwaway)).await.unwrap();
    write(&server.owner(), 1).await.unwrap();
    server.stop().await.unwrap();
}
