use std::net::{IpAddr, Ipv6Addr};

/// The network that stands for a client: its IPv4 address, or so many leading bits of its IPv6 address, because whoever
/// has one of those has all of its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Client(Option<IpAddr>);

/// What one subscriber has.
const SUBSCRIBER: u32 = 64;
/// What one customer can ask for many subscribers' networks from.
const CUSTOMER: u32 = 56;

impl Client {
    pub(super) const fn new(address: Option<IpAddr>) -> Self {
        Self(address)
    }

    /// For limits of requests.
    pub(super) fn subscriber(self) -> String {
        self.network(SUBSCRIBER)
    }

    /// For limits of what is guessed.
    pub(super) fn customer(self) -> String {
        self.network(CUSTOMER)
    }

    fn network(self, prefix: u32) -> String {
        match self.0.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => address.to_string(),
            Some(IpAddr::V6(address)) => {
                let network = Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - prefix)));
                format!("{network}/{prefix}")
            }
            None => "unknown".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stands_for_what_its_holder_has() {
        let client = |text: &str| Client::new(Some(text.parse().unwrap()));
        assert_eq!(client("203.0.113.7").customer(), "203.0.113.7");
        assert_eq!(client("::ffff:203.0.113.7").subscriber(), "203.0.113.7");
        assert_eq!(client("2001:db8:1:2fa:3::4").subscriber(), "2001:db8:1:2fa::/64");
        assert_eq!(client("2001:db8:1:2fa:3::4").customer(), "2001:db8:1:200::/56");
    }
}
