//! The one way out for everything that leaves the service on behalf of a tenant: model calls, tools, webhooks.
//!
//! What a tenant names (a base URL, an argument of a tool) must not reach what only the service can reach. A URL
//! is judged three times by the same rules: by [`Outbound::admit`] before anything happens, where the client opens
//! a connection to an address that the URL spells out ([`client`]), and where a name is resolved ([`resolver`]).
//! Names are resolved once, by the connection itself, so there is nothing between the check and the use.

mod addresses;
mod body;
mod client;
mod error;
mod pieces;
mod policy;
mod resolver;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, Url};

pub use body::{read_limited, read_up_to};
pub use error::{Forbidden, OutboundError};
pub use pieces::Body;
pub use policy::{AllowList, Allowed, NotAllowable, OutboundPolicy, PlainHttp};
pub use resolver::{Lookup, SystemLookup};

/// How long the other side may take, as far as the caller does not say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection, its name's resolution and TLS included.
    pub connect: Duration,
    /// For the head of an answer.
    pub first_byte: Duration,
    /// Between two pieces of a body.
    pub silence: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(30),
            silence: Duration::from_secs(30),
        }
    }
}

/// The most bytes that names and values of an answer's headers may have.
pub const MAX_HEADER_BYTES: usize = 64 * 1024;

/// A guarded HTTP client. Cheap to clone; clones share connections.
#[derive(Clone, Debug)]
pub struct Outbound {
    client: Client,
    policy: Arc<OutboundPolicy>,
    patience: Patience,
}

impl Outbound {
    /// The way out of a deployment.
    pub fn new(policy: OutboundPolicy) -> Self {
        Self::with_lookup(policy, SystemLookup)
    }

    /// The same with another patience.
    pub fn patient(policy: OutboundPolicy, patience: Patience) -> Self {
        Self::build(policy, patience, SystemLookup)
    }

    /// The same where somebody else knows the addresses of names.
    pub fn with_lookup(policy: OutboundPolicy, lookup: impl Lookup) -> Self {
        Self::build(policy, Patience::default(), lookup)
    }

    fn build(policy: OutboundPolicy, patience: Patience, lookup: impl Lookup) -> Self {
        let policy = Arc::new(policy);
        let client = client::build(policy.clone(), patience.connect, Arc::new(lookup));
        Self { client, policy, patience }
    }

    /// How long the other side may take.
    pub const fn patience(&self) -> Patience {
        self.patience
    }

    /// The client itself, to build requests. It refuses forbidden targets when it connects, follows no redirects,
    /// knows no proxy and no cookies. It waits for an answer as long as its caller does.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Whether the URL may be asked at all. A name that may be asked can still turn out to have a forbidden address.
    pub fn admit(&self, url: &Url) -> Result<(), Forbidden> {
        self.policy.judge(url)
    }

    /// Sends a request and waits for the head of its answer, as long as [`Patience::first_byte`] says. A
    /// redirect is an answer like any other.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, OutboundError> {
        self.send_within(request, self.patience.first_byte).await
    }

    /// The same with another patience, for models that think before they say anything.
    pub async fn send_within(
        &self,
        request: RequestBuilder,
        patience: Duration,
    ) -> Result<Response, OutboundError> {
        let request = request.build().map_err(|_| OutboundError::Invalid)?;
        self.admit(request.url())?;
        let answered = tokio::time::timeout(patience, self.client.execute(request)).await;
        let response = answered.map_err(|_| OutboundError::Timeout)??;
        let headers = response.headers().iter();
        let size: usize = headers.map(|(name, value)| name.as_str().len() + value.len()).sum();
        if size > MAX_HEADER_BYTES {
            return Err(OutboundError::HeadersTooLarge);
        }
        Ok(response)
    }
}
