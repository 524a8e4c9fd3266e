//! Where a request comes from, behind proxies or not.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::extract::ConnectInfo;
use axum::http::HeaderMap;
use axum::http::request::Parts;

/// Addresses that share a prefix, such as `10.0.0.0/8` or `::1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

/// A text that is neither an address nor an address with a prefix length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an address or a network such as 10.0.0.0/8")]
pub struct NetworkError;

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.trim().parse().map_err(|_| NetworkError)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.trim().parse().map_err(|_| NetworkError)?,
            None => longest,
        };
        if prefix > longest {
            return Err(NetworkError);
        }
        Ok(Self { address, prefix })
    }
}

impl Network {
    /// Whether the address is one of the network's; an IPv4 address written as IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32_u32.saturating_sub(self.prefix);
                (own.to_bits() ^ other.to_bits()).checked_shr(shift).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128_u32.saturating_sub(self.prefix);
                (own.to_bits() ^ other.to_bits()).checked_shr(shift).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// The address of the client: the peer's, or, as long as that is a trusted proxy's, what the proxy says it had as
/// peer. So whatever a client claims of itself stands left of the first address that is not trusted.
pub(crate) fn client_address(parts: &Parts, proxies: &[Network]) -> Option<IpAddr> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip();
    Some(behind(proxies, peer, &parts.headers).to_canonical())
}

fn behind(proxies: &[Network], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let trusted = |address: IpAddr| proxies.iter().any(|network| network.contains(address));
    let hops: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .collect();
    let mut client = peer;
    for hop in hops.iter().rev() {
        if !trusted(client) {
            break;
        }
        let Ok(address) = hop.trim().parse() else { break };
        client = address;
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let proxies: Vec<Network> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        let headers = forwarded
            .iter()
            .map(|value| ("x-forwarded-for".parse().unwrap(), value.parse().unwrap()))
            .collect();
        behind(&proxies, peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_client_is_the_right_most_address_that_is_not_trusted() {
        let spoofed = ["9.9.9.9, 203.0.113.7, 10.0.0.2"];
        assert_eq!(client(&[], "10.0.0.1", &spoofed), "10.0.0.1");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &spoofed), "203.0.113.7");
        assert_eq!(client(&["10.0.0.0/8"], "198.51.100.1", &spoofed), "198.51.100.1");
        assert_eq!(client(&["10.0.0.1"], "10.0.0.1", &spoofed), "10.0.0.2");
        assert_eq!(client(&["0.0.0.0/0"], "10.0.0.1", &["1.2.3.4", "5.6.7.8"]), "1.2.3.4");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(client(&["fd00::/8"], "fd00::1", &["2001:db8::1"]), "2001:db8::1");
    }

    #[test]
    fn networks_are_read_strictly() {
        for bad in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "a/8"] {
            assert_eq!(bad.parse::<Network>(), Err(NetworkError), "{bad}");
        }
    }
}
