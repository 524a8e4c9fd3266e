use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is none of a public host: everything that the IANA special-purpose registries do not call
/// globally reachable, multicast, and what clouds keep their metadata services at.
/// <https://www.iana.org/assignments/iana-ipv4-special-registry>,
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>
pub(super) fn is_forbidden(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_forbidden_v4(address),
        IpAddr::V6(address) => is_forbidden_v6(address),
    }
}

/// Network and prefix length.
const V4: [([u8; 4], u32); 20] = [
    ([0, 0, 0, 0], 8),          // this network
    ([10, 0, 0, 0], 8),         // private
    ([100, 64, 0, 0], 10),      // shared address space of carriers; metadata of Alibaba
    ([127, 0, 0, 0], 8),        // loopback
    ([168, 63, 129, 16], 32),   // Azure's host, reachable from every virtual machine
    ([169, 254, 0, 0], 16),     // link-local; metadata of most clouds
    ([172, 16, 0, 0], 12),      // private
    ([192, 0, 0, 0], 24),       // protocol assignments; metadata of Oracle
    ([192, 0, 2, 0], 24),       // documentation
    ([192, 31, 196, 0], 24),    // AS112
    ([192, 52, 193, 0], 24),    // automatic multicast tunnelling
    ([192, 88, 99, 0], 24),     // 6to4 relays
    ([192, 168, 0, 0], 16),     // private
    ([192, 175, 48, 0], 24),    // AS112
    ([198, 18, 0, 0], 15),      // benchmarking
    ([198, 51, 100, 0], 24),    // documentation
    ([203, 0, 113, 0], 24),     // documentation
    ([224, 0, 0, 0], 4),        // multicast
    ([240, 0, 0, 0], 4),        // reserved
    ([255, 255, 255, 255], 32), // broadcast
];

fn is_forbidden_v4(address: Ipv4Addr) -> bool {
    let bits = u32::from(address);
    V4.iter().any(|(network, prefix)| {
        let mask = u32::MAX << (32 - prefix);
        bits & mask == u32::from(Ipv4Addr::from(*network))
    })
}

/// The space that unicast addresses are given out from. What lies outside is forbidden as a whole: loopback and
/// unspecified, v4-mapped and v4-compatible, NAT64 (64:ff9b::/96 and 64:ff9b:1::/48), discard (100::/64), segment
/// routing (5f00::/16), unique local (fc00::/7), link-local and site-local (fe80::/9), multicast (ff00::/8).
const GLOBAL_UNICAST: (u128, u32) = (0x2000 << 112, 3);

/// Network and prefix length, within that space.
const V6: [(u128, u32); 6] = [
    (0x2001 << 112, 23),          // protocol assignments; Teredo, benchmarking, ORCHID
    (0x2001_0db8 << 96, 32),      // documentation
    (0x2002 << 112, 16),          // 6to4: any v4 address in disguise
    (0x2620_004f_8000 << 80, 48), // AS112
    (0x3ffe << 112, 16),          // what once was the 6bone
    (0x3fff << 112, 20),          // documentation
];

fn is_forbidden_v6(address: Ipv6Addr) -> bool {
    let bits = u128::from(address);
    let within = |(network, prefix): &(u128, u32)| bits & (u128::MAX << (128 - prefix)) == *network;
    !within(&GLOBAL_UNICAST) || V6.iter().any(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edges_of_every_forbidden_network_are_forbidden_and_their_neighbours_are_not() {
        for (inside, outside) in [
            ("0.255.255.255", "1.0.0.0"),
            ("10.0.0.0", "9.255.255.255"),
            ("10.255.255.255", "11.0.0.0"),
            ("100.64.0.0", "100.63.255.255"),
            ("100.127.255.255", "100.128.0.0"),
            ("127.0.0.0", "126.255.255.255"),
            ("127.255.255.255", "128.0.0.0"),
            ("168.63.129.16", "168.63.129.17"),
            ("169.254.0.0", "169.253.255.255"),
            ("169.254.169.254", "169.255.0.0"),
            ("172.16.0.0", "172.15.255.255"),
            ("172.31.255.255", "172.32.0.0"),
            ("192.0.0.192", "192.0.1.0"),
            ("192.0.2.255", "192.0.3.0"),
            ("192.168.255.255", "192.169.0.0"),
            ("198.18.0.0", "198.17.255.255"),
            ("198.19.255.255", "198.20.0.0"),
            ("198.51.100.1", "198.51.101.0"),
            ("203.0.113.1", "203.0.114.0"),
            ("224.0.0.0", "223.255.255.255"),
            ("255.255.255.255", "8.8.8.8"),
            ("::", "2606:4700::1111"),
            ("::1", "2a00:1450:4001:80b::200e"),
            ("::ffff:8.8.8.8", "2001:4860:4860::8888"),
            ("::8.8.8.8", "2000::"),
            ("64:ff9b::808:808", "2400:cb00::1"),
            ("64:ff9b:1::1", "2600::1"),
            ("100::1", "2800::1"),
            ("1fff:ffff::", "2000::1"),
            ("2001::1", "2001:200::"),
            ("2001:1ff:ffff::", "2001:200::1"),
            ("2001:db8::1", "2001:db9::"),
            ("2002:7f00:1::", "2003::"),
            ("2002::", "2001:ffff::"),
            ("3ffe::1", "3ffd::1"),
            ("3fff:fff::1", "3fff:1000::"),
            ("4000::", "3fff:ffff::"),
            ("5f00::1", "2a01::1"),
            ("fc00::1", "2a02::1"),
            ("fd00:ec2::254", "2a03::1"),
            ("fe80::1", "2a04::1"),
            ("fec0::1", "2a05::1"),
            ("ff02::1", "2a06::1"),
        ] {
            assert!(is_forbidden(inside.parse().unwrap()), "{inside} is open");
            assert!(!is_forbidden(outside.parse().unwrap()), "{outside} is shut");
        }
    }
}
