//! How often something may be asked.
//!
//! What lets guess or sends mail is limited on all nodes together, in Postgres ([`Throttle`]); requests as such on each
//! node, in memory. `figures.rs` holds every figure. Where the limits cannot be asked, nothing is allowed.

mod buckets;
mod figures;
mod network;
mod standing;
mod streams;
mod throttle;

use std::net::IpAddr;
use std::sync::Arc;

use application::Caller;
use application::caller::Credential;
use axum::http::Extensions;
use domain::Tier;
use infrastructure::postgres::{RateLimits, Subject};
use sha2::{Digest, Sha256};

use crate::problem::Problem;
use buckets::Buckets;
use figures::Limit;
use network::Client;
use streams::Streams;

pub use figures::{Figures, OwnFigure, Regime};
pub(crate) use standing::{Standing, Tightest};
pub(crate) use streams::OpenStream;
pub(crate) use throttle::Throttle;

/// The limits of a deployment.
#[derive(Clone)]
pub struct Limits {
    shared: RateLimits,
    figures: Figures,
    /// Secret, and the same on every node: who reads the table must not find addresses by trying them.
    pepper: [u8; 32],
    anonymous: Arc<Buckets>,
    tenants: [Arc<Buckets>; Tier::ALL.len()],
    keys: [Arc<Buckets>; Tier::ALL.len()],
    streams: Arc<Streams>,
}

impl Limits {
    /// Nothing used but what the table says.
    pub fn new(shared: RateLimits, figures: Figures, pepper: [u8; 32]) -> Self {
        let of_tenants =
            |part: u32| Tier::ALL.map(|tier| Arc::new(Buckets::per_minute(figures.of_tenant(tier) / part)));
        Self {
            shared,
            pepper,
            anonymous: Arc::new(Buckets::per_minute(figures.anonymous())),
            tenants: of_tenants(1),
            keys: of_tenants(2),
            streams: Arc::new(Streams::new(figures.streams())),
            figures,
        }
    }

    /// One request by nobody in particular.
    pub(crate) fn anonymous(&self, client: Option<IpAddr>, request: &Extensions) -> Result<(), Problem> {
        note(self.anonymous.take(&Client::new(client).subscriber()), request)
    }

    /// One request by someone known, whose organisation is on that tier.
    pub(crate) fn caller(&self, caller: &Caller, tier: Tier, request: &Extensions) -> Result<(), Problem> {
        let at = Tier::ALL.iter().position(|one| *one == tier).unwrap_or_default();
        if let Credential::ApiKey { id, .. } = caller.credential {
            note(self.keys[at].take(&id), request)?;
        }
        note(self.tenants[at].take(&caller.tenant), request)
    }

    /// One more stream of a caller's organisation.
    pub(crate) fn stream(&self, caller: &Caller) -> Result<OpenStream, Problem> {
        self.streams.open(caller.tenant).ok_or_else(Problem::too_many_streams)
    }

    /// Sweeps what says nothing any more out of the table.
    pub async fn sweep(&self) {
        match self.shared.sweep().await {
            Ok(0) | Err(_) => {}
            Ok(swept) => tracing::info!(swept, "swept limits that nothing is used of"),
        }
    }

    fn subject(&self, limit: Limit, parts: &[&str]) -> Subject {
        self.named(limit.name(), parts)
    }

    /// Each part goes with its length, so that no two subjects run together.
    fn named(&self, name: &'static str, parts: &[&str]) -> Subject {
        let mut hash = Sha256::new().chain_update(self.pepper);
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Subject { name, hash: hash.finalize().into() }
    }
}

fn note(taken: Result<Standing, Standing>, request: &Extensions) -> Result<(), Problem> {
    let standing = taken.map_err(Problem::rate_limited)?;
    if let Some(tightest) = request.get::<Tightest>() {
        tightest.note(standing);
    }
    Ok(())
}
