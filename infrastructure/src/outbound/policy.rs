use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use reqwest::Url;
use url::Host;

use super::addresses::is_forbidden;
use super::error::Forbidden;

/// What a deployment lets out.
#[derive(Clone, Debug, Default)]
pub struct OutboundPolicy {
    /// What the operator opened besides the public internet.
    pub allow: AllowList,
    /// Where requests may go without TLS.
    pub plain_http: PlainHttp,
}

/// Where requests may go without TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlainHttp {
    /// Nowhere.
    Never,
    /// To what the operator opened, such as a model server on the same machine.
    #[default]
    Allowed,
    /// Everywhere.
    Always,
}

/// What an operator opened, in the order of the setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList(pub Vec<Allowed>);

/// One thing that an operator opened. Without a port it is open at any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// A host by its name, whatever its addresses are. With ports, it is reached at these only.
    Host(String, Option<u16>),
    /// A network, for URLs that spell out an address in it; without a port also for names with such addresses.
    Network(IpNet, Option<u16>),
}

/// A text that names neither a host nor a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither a host nor a network, such as llm.example:8443 or 10.1.0.0/16")]
pub struct NotAllowable(String);

impl FromStr for AllowList {
    type Err = NotAllowable;

    /// Reads hosts and networks separated by commas; an empty text opens nothing.
    fn from_str(text: &str) -> Result<Self, NotAllowable> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl FromStr for Allowed {
    type Err = NotAllowable;

    fn from_str(text: &str) -> Result<Self, NotAllowable> {
        let network = |text: &str| {
            let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
            let network = bare.parse::<IpNet>().ok();
            network.or_else(|| bare.parse::<IpAddr>().ok().map(IpNet::from)).map(|network| network.trunc())
        };
        if let Some(network) = network(text) {
            return Ok(Self::Network(network, None));
        }
        let refused = || NotAllowable(text.to_owned());
        let (target, port) = match text.rsplit_once(':') {
            Some((target, port)) => (target, Some(port.parse().map_err(|_| refused())?)),
            None => (text, None),
        };
        if let Some(network) = network(target) {
            return Ok(Self::Network(network, port));
        }
        match Host::parse(target) {
            Ok(Host::Domain(name)) if !name.is_empty() && !target.contains(['/', '@', '*']) => {
                Ok(Self::Host(bare(&name), port))
            }
            _ => Err(refused()),
        }
    }
}

/// A name as names are compared: in lower case, without the dot of the root.
pub(super) fn bare(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

impl OutboundPolicy {
    /// Whether a URL may be asked, as far as its text tells.
    pub(super) fn judge(&self, url: &Url) -> Result<(), Forbidden> {
        let is_plain = match url.scheme() {
            "https" => false,
            "http" => true,
            _ => return Err(Forbidden::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Forbidden::Userinfo);
        }
        let host = url.host().ok_or(Forbidden::Name)?;
        let port = url.port_or_known_default().ok_or(Forbidden::Port)?;
        let is_open = self.opens(&host, port);
        let may_be_plain = match self.plain_http {
            PlainHttp::Never => false,
            PlainHttp::Allowed => is_open,
            PlainHttp::Always => true,
        };
        if is_plain && !may_be_plain {
            return Err(Forbidden::PlainHttp);
        }
        if is_open {
            return Ok(());
        }
        match &host {
            Host::Domain(name) if is_forbidden_name(&bare(name)) => return Err(Forbidden::Name),
            // A host that is open at some ports is open at no other: its addresses are not looked at.
            Host::Domain(name) if self.names(name) => return Err(Forbidden::Port),
            Host::Ipv4(address) if is_forbidden((*address).into()) => return Err(Forbidden::Address),
            Host::Ipv6(address) if is_forbidden((*address).into()) => return Err(Forbidden::Address),
            Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_) => {}
        }
        if port == if is_plain { 80 } else { 443 } { Ok(()) } else { Err(Forbidden::Port) }
    }

    /// Whether a name may be connected to if these are its addresses. One forbidden address forbids them all: which
    /// of them is used is the network's choice.
    pub(super) fn judge_resolved(&self, name: &str, addresses: &[IpAddr]) -> Result<(), Forbidden> {
        if self.names(name) {
            return Ok(());
        }
        if is_forbidden_name(&bare(name)) {
            return Err(Forbidden::Name);
        }
        let is_open = |address: &IpAddr| {
            let mut allowed = self.allow.0.iter();
            allowed.any(|one| matches!(one, Allowed::Network(network, None) if network.contains(address)))
        };
        let is_shut = |address: &IpAddr| is_forbidden(*address) && !is_open(address);
        if addresses.iter().any(is_shut) { Err(Forbidden::Address) } else { Ok(()) }
    }

    fn opens(&self, host: &Host<&str>, port: u16) -> bool {
        let at = |ports: &Option<u16>| ports.is_none_or(|one| one == port);
        self.allow.0.iter().any(|one| match (one, host) {
            (Allowed::Host(open, ports), Host::Domain(name)) => *open == bare(name) && at(ports),
            (Allowed::Network(network, ports), Host::Ipv4(address)) => {
                network.contains(&IpAddr::from(*address)) && at(ports)
            }
            (Allowed::Network(network, ports), Host::Ipv6(address)) => {
                network.contains(&IpAddr::from(*address)) && at(ports)
            }
            (Allowed::Host(..), Host::Ipv4(_) | Host::Ipv6(_)) | (Allowed::Network(..), Host::Domain(_)) => {
                false
            }
        })
    }

    fn names(&self, name: &str) -> bool {
        let name = bare(name);
        self.allow.0.iter().any(|one| matches!(one, Allowed::Host(open, _) if *open == name))
    }
}

/// Endings of names that are somebody's own network or nobody's at all. Their addresses would be refused too where
/// they are private; a name is refused without asking for them.
const FORBIDDEN_ENDINGS: [&str; 15] = [
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "home.arpa",
    "in-addr.arpa",
    "ip6.arpa",
    "onion",
    "invalid",
    "metadata.goog",
];

fn is_forbidden_name(bare: &str) -> bool {
    // A single label is looked for in the search domains of the machine.
    let is_single = !bare.contains('.');
    let ends =
        |ending: &&str| bare.strip_suffix(*ending).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    is_single || FORBIDDEN_ENDINGS.iter().any(ends)
}
