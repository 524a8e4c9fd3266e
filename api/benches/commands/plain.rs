//! The plain limit: one row per transaction, by pgbench where there is one, else by the same statement from here.

use std::path::PathBuf;
use std::process::Stdio;

use infrastructure::embedded::EmbeddedPostgres;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, Executor, PgConnection, Row};
use uuid::Uuid;

use crate::cpu::Spent;
use crate::load::{Failure, Figures, closed_loop};

/// A row as long as an event of ours, under one index.
const INSERT: &str = "
    insert into plain (
        tenant_id, position, aggregate_type, aggregate_id, sequence, event_id, event_type, event_version, payload,
        metadata, recorded_at, leaf_hash
    ) values (
        '0199b3f0-0000-7000-8000-000000000000', 1, 'agent', gen_random_uuid(), 1, '0199b3f0-0000-7000-8000-000000000001',
        'agent.created', '1.0',
        '{\"created\":{\"agent_type\":\"echo\",\"capabilities\":[],\"configuration\":\"{}\",\"created_by\":\"0199b3f0-0000-7000-8000-000000000002\",\"description\":\"An agent of the benchmark\",\"name\":\"Agent\"}}',
        '{\"actor_id\":\"0199b3f0-0000-7000-8000-000000000002\",\"actor_type\":\"user\",\"request_id\":\"0199b3f0-0000-7000-8000-000000000003\",\"session_id\":\"0199b3f0-0000-7000-8000-000000000004\"}',
        now(), '\\x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'
    )";

pub(crate) struct Plain {
    options: PgConnectOptions,
    url: String,
    pgbench: Option<PathBuf>,
    pub(crate) version: String,
}

impl Plain {
    pub(crate) async fn prepare(server: &EmbeddedPostgres) -> Result<Self, Failure> {
        let mut conn = PgConnection::connect_with(&server.owner()).await?;
        conn.execute("create database plain").await?;
        let version = conn.fetch_one("show server_version").await?.try_get(0)?;
        let options = server.owner().database("plain");
        let mut conn = PgConnection::connect_with(&options).await?;
        conn.execute(
            "create table plain (
                 tenant_id uuid not null, position bigint not null, aggregate_type text not null,
                 aggregate_id uuid not null, sequence bigint not null, event_id uuid not null, event_type text not null,
                 event_version text not null, payload json not null, metadata json not null,
                 recorded_at timestamptz not null, leaf_hash bytea not null,
                 primary key (tenant_id, aggregate_type, aggregate_id, sequence)
             )",
        )
        .await?;
        let url = server.url().replace("/agentcores?", "/plain?");
        Ok(Self { options, url, pgbench: find_pgbench(), version })
    }

    pub(crate) fn means(&self) -> &'static str {
        if self.pgbench.is_some() { "pgbench -M prepared" } else { "the same statement from this program" }
    }

    pub(crate) async fn run(&self, clients: usize) -> Result<Figures, Failure> {
        let mut conn = PgConnection::connect_with(&self.options).await?;
        conn.execute("truncate plain").await?;
        conn.execute("checkpoint").await?;
        match &self.pgbench {
            Some(program) => self.pgbench(program, clients).await,
            None => self.by_ourselves(clients).await,
        }
    }

    async fn by_ourselves(&self, clients: usize) -> Result<Figures, Failure> {
        let mut connections = vec![];
        for _ in 0..clients {
            connections.push(PgConnection::connect_with(&self.options).await?);
        }
        closed_loop(connections, |mut conn| async move {
            sqlx::query(INSERT).execute(&mut conn).await?;
            Ok(conn)
        })
        .await
    }

    async fn pgbench(&self, program: &PathBuf, clients: usize) -> Result<Figures, Failure> {
        let folder = std::env::temp_dir().join(format!("agentcores-pgbench-{}", Uuid::new_v4()));
        std::fs::create_dir(&folder)?;
        let script = folder.join("insert.sql");
        // pgbench takes a line for a statement's end, unless it ends in a backslash.
        std::fs::write(&script, format!("{};\n", INSERT.replace('\n', " ")))?;
        let output = tokio::process::Command::new(program)
            .args(["--no-vacuum", "--protocol=prepared", "--log", "--time=3", "--jobs=2"])
            .arg(format!("--client={clients}"))
            .arg(format!("--file={}", script.display()))
            .arg(&self.url)
            .current_dir(&folder)
            .stderr(Stdio::piped())
            .output()
            .await?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        let figures = figures(&String::from_utf8_lossy(&output.stdout), &folder)?;
        std::fs::remove_dir_all(folder)?;
        Ok(figures)
    }
}

/// The rate that pgbench prints, and the percentiles of its log, whose third column is a latency in microseconds.
fn figures(printed: &str, folder: &PathBuf) -> Result<Figures, Failure> {
    let rate = printed.lines().find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next());
    let per_second = rate.ok_or("pgbench printed no rate")?.parse()?;
    let mut times = vec![];
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pgbench_log")) {
            let text = std::fs::read_to_string(path)?;
            times.extend(text.lines().filter_map(|line| line.split(' ').nth(2)?.parse::<u64>().ok()));
        }
    }
    times.sort_unstable();
    let at = |share: usize| {
        std::time::Duration::from_micros(times.get(times.len() * share / 100).copied().unwrap_or_default())
    };
    Ok(Figures {
        per_second,
        p50: at(50),
        p99: at(99),
        done: u32::try_from(times.len())?,
        spent: Spent::default(),
    })
}

fn find_pgbench() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).map(|folder| folder.join("pgbench"));
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let packaged = versions.map(|version| version.path().join("bin/pgbench"));
    in_path.chain(packaged).find(|program| program.is_file())
}
