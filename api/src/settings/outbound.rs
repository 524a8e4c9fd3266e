use std::time::Duration;

use clap::{Args, ValueEnum};
use infrastructure::outbound::{AllowList, OutboundPolicy, Patience, PlainHttp};

use super::seconds;

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

    /// Seconds that a connection to models, tools and webhooks may take
    #[arg(long, env = "AGENTCORES_OUTBOUND_CONNECT", default_value = "5", value_parser = seconds)]
    pub outbound_connect: Duration,

    /// Seconds that the head of an answer of tools and webhooks may take
    #[arg(long, env = "AGENTCORES_OUTBOUND_FIRST_BYTE", default_value = "30", value_parser = seconds)]
    pub outbound_first_byte: Duration,

    /// Seconds that an answer may fall silent
    #[arg(long, env = "AGENTCORES_OUTBOUND_SILENCE", default_value = "30", value_parser = seconds)]
    pub outbound_silence: Duration,
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

    /// How long the other side may take.
    pub const fn patience(&self) -> Patience {
        Patience {
            connect: self.outbound_connect,
            first_byte: self.outbound_first_byte,
            silence: self.outbound_silence,
        }
    }
}
