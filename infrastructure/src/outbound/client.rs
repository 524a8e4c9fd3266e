use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{Client, Proxy, redirect};
use rustls::{ClientConfig, RootCertStore};

use super::Forbidden;
use super::policy::OutboundPolicy;
use super::resolver::{GuardedResolver, Lookup};

/// Who asks.
const USER_AGENT: &str = concat!("AgentCores/", env!("CARGO_PKG_VERSION"));
/// The most headers an answer may have.
const MAX_HEADERS: usize = 100;
/// How long a connection is kept for the next request.
const KEPT_FOR: Duration = Duration::from_secs(30);
/// How many connections to a host are kept.
const KEPT_PER_HOST: usize = 8;

pub(super) fn build(policy: Arc<OutboundPolicy>, connect: Duration, lookup: Arc<dyn Lookup>) -> Client {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let builder = Client::builder()
        .user_agent(USER_AGENT)
        .default_headers(headers)
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .no_proxy()
        .proxy(turn_away(policy.clone()))
        .dns_resolver(GuardedResolver { policy, lookup })
        .connect_timeout(connect)
        .pool_idle_timeout(KEPT_FOR)
        .pool_max_idle_per_host(KEPT_PER_HOST)
        .http1_only()
        .http1_max_headers(MAX_HEADERS)
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .tls_backend_preconfigured(tls());
    builder.build().expect("a client of fixed settings can be built")
}

/// Turns connections to forbidden targets away. A resolver never sees an address that the URL spells out, but every
/// connection asks for its proxy first, and that of a forbidden target is a host that the resolver refuses.
fn turn_away(policy: Arc<OutboundPolicy>) -> Proxy {
    Proxy::custom(move |target| {
        let forbidden: Forbidden = policy.judge(target).err()?;
        Some(format!("http://{}", forbidden.host()))
    })
}

/// Believes the roots that browsers believe and those of the machine, where an operator adds their own.
fn tls() -> ClientConfig {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let own = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(own.certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows the protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}
