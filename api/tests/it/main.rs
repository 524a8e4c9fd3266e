//! The service as its users meet it: real HTTP, a real Postgres, a database of its own for each test.
//!
//! `make test` sets `DATABASE_URL` to a Postgres that is thrown away; to run one test by hand:
//! `target/debug/agentcores with-postgres cargo test -p api --test it NAME`.

mod support;

mod consistency;
mod limits;
mod log;
mod walkthrough;
