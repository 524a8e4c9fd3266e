//! The run queue as a whole: order, limits, fencing, and workers that die.
//!
//! Each test runs at a share of its full size: `AGENTCORES_TEST_SCALE=100 target/release/agentcores with-postgres
//! cargo test --release -p api --test queue -- --test-threads=1 --nocapture` is all of it, with figures.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends there")]

mod ambiguous;
mod bed;
#[expect(dead_code, reason = "tests of providers look at more of it")]
#[path = "../support/models/mod.rs"]
mod fake;
#[path = "../support/plain.rs"]
mod plain;
mod scale;
#[expect(dead_code, reason = "what the tests over HTTP need besides")]
#[path = "../it/support.rs"]
mod support;
#[path = "../support/worker.rs"]
mod worker;

mod fence;
mod herd;
mod interleavings;
mod limits;
mod order;
mod processes;
mod race;
mod rescue;
mod schedules;
