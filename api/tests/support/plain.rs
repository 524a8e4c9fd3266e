//! A client of services on this machine, for every test program.

/// A client that goes through no proxy. The service names its TLS provider itself; who builds a client without one needs
/// the process's.
pub(crate) fn client() -> reqwest::ClientBuilder {
    // The second time there is one already.
    rustls::crypto::ring::default_provider().install_default().ok();
    reqwest::Client::builder().no_proxy()
}
