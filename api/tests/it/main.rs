//! The service as its users meet it: real HTTP, a real Postgres, a database of its own for each test.
//!
//! `make test` sets `DATABASE_URL` to a Postgres that is thrown away; to run one test by hand:
//! `target/debug/agentcores with-postgres cargo test -p api --test it NAME`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends there")]

mod listener;
mod operations;
#[path = "../queue/scale.rs"]
mod scale;
mod scene;
mod smtp;
mod support;
mod wire_tap;
#[path = "../support/worker.rs"]
mod worker;

mod access;
mod approvals;
mod architecture;
mod bad_input;
mod budgets;
mod canary;
mod catalogue;
mod consistency;
mod contract;
mod conversations;
mod fuzz;
mod isolation;
mod keys;
mod limits;
mod lints;
mod log;
mod mail;
mod operator_log;
mod overload;
mod passwords;
#[path = "../support/plain.rs"]
mod plain;
mod plans;
mod pool;
#[expect(dead_code, reason = "the test that kills the service uses the rest")]
#[path = "../support/process.rs"]
mod process;
mod rate_limits;
mod replays;
mod schedules;
mod sessions;
mod setup;
mod slow_clients;
mod slow_statements;
mod statements;
mod steps;
mod stops;
mod stream;
mod tenancy;
mod texts;
mod two_processes;
mod usage;
mod walkthrough;
mod watching;
mod work;
