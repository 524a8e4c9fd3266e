//! Model providers at their worst: each adapter against a server that knows both protocols and many ways to break them,
//! and then the whole service.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends there")]

#[path = "../support/models/mod.rs"]
mod fake;
#[path = "../support/plain.rs"]
mod plain;
#[expect(dead_code, reason = "other test programs use the rest of it")]
#[path = "../it/support.rs"]
mod support;

mod bench;
mod capture;
mod circuits;
mod good;
mod keys;
mod modes;
mod service;
