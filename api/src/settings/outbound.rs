use clap::{Args, ValueEnum};
use infrastructure::outbound::{AllowList, OutboundPolicy, PlainHttp};

/// What may be reached on behalf of tenants: models, tools, webhooks.
#[derive(Args, Clone, Debug)]
pub struct OutboundSettings {
    /// Hosts and networks that models, tools and webhooks may reach besides the public internet, separated by commas,
    /// with a port or at any, such as localhost:11434,10.1.0.0/16
    #[arg(long, env = "AGENTCORES_OUTBOUND_ALLOW", default_value = "", hide_default_value = true)]
    pub outbound_allow: AllowList,

    /// Where they may be reached without TLS
    #[arg(long, env = "AGENTCORES_OUTBOUND_PLAIN_HTTP", value_enum, default_value_t = PlainHttpTo::Allowed)]
    pub outbound_plain_http: PlainHttpTo,
}

/// Where requests may go without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlainHttpTo {
    /// Nowhere
    Never,
    /// To the hosts and networks of AGENTCORES_OUTBOUND_ALLOW
    Allowed,
    /// Everywhere
    Always,
}

impl OutboundSettings {
    /// The rules for everything that leaves the service on behalf of tenants.
    pub fn policy(&self) -> OutboundPolicy {
        let plain_http = match self.outbound_plain_http {
            PlainHttpTo::Never => PlainHttp::Never,
            PlainHttpTo::Allowed => PlainHttp::Allowed,
            PlainHttpTo::Always => PlainHttp::Always,
        };
        OutboundPolicy { allow: self.outbound_allow.clone(), plain_http }
    }
}
