use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::error::Forbidden;
use super::policy::OutboundPolicy;

/// Where the addresses of names are known.
#[async_trait::async_trait]
pub trait Lookup: Send + Sync + 'static {
    /// All addresses of a name. Port 0 stands for the one that the URL's scheme has.
    async fn addresses(&self, name: &str) -> io::Result<Vec<SocketAddr>>;
}

/// The machine's resolver.
#[derive(Clone, Copy, Debug)]
pub struct SystemLookup;

#[async_trait::async_trait]
impl Lookup for SystemLookup {
    async fn addresses(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.collect())
    }
}

/// Resolves for connections: what it hands out is what is connected to.
pub(super) struct GuardedResolver {
    pub(super) policy: Arc<OutboundPolicy>,
    pub(super) lookup: Arc<dyn Lookup>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, lookup) = (self.policy.clone(), self.lookup.clone());
        Box::pin(async move {
            let name = name.as_str();
            if let Some(forbidden) = Forbidden::of_host(name) {
                return Err(forbidden.into());
            }
            // A forbidden name is not even looked up: the question itself would tell the network something.
            policy.judge_resolved(name, &[])?;
            let addresses = lookup.addresses(name).await?;
            let hosts: Vec<IpAddr> = addresses.iter().map(SocketAddr::ip).collect();
            policy.judge_resolved(name, &hosts)?;
            if addresses.is_empty() {
                return Err(io::Error::from(io::ErrorKind::NotFound).into());
            }
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}
