//! What an agent's configuration says about its tools. What it says about other things is passed over.

use std::collections::{BTreeMap, BTreeSet};

use application::ports::ToolFailure;
use domain::Document;
use domain::tenant::Provider;
use serde::{Deserialize, Deserializer};

use super::failures::misconfigured;
use super::{headers, mcp};

/// The most MCP servers of an agent.
const MAX_SERVERS: usize = 8;
/// The most characters of a server's name, so that enough of 64 is left for its tools.
const MAX_SERVER_NAME: usize = 24;

#[derive(Debug, Default, Deserialize)]
pub(super) struct ToolSettings {
    #[serde(default, deserialize_with = "null_is_absent")]
    pub(super) http_request: HttpSettings,
    #[serde(default, deserialize_with = "null_is_absent")]
    pub(super) mcp_servers: Vec<McpServer>,
}

/// Within which bounds an agent may make HTTP requests. Without any it may reach what the deployment lets out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HttpSettings {
    #[serde(default)]
    pub(super) methods: BTreeSet<Method>,
    /// Names of hosts; all where there are none.
    #[serde(default)]
    pub(super) hosts: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

/// A server that an agent has tools from.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash)]
#[serde(deny_unknown_fields)]
pub(super) struct McpServer {
    pub(super) name: String,
    pub(super) url: String,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// Which of the organisation's keys is sent as a bearer token. The key itself has no place in a configuration,
    /// which the log keeps.
    #[serde(default)]
    pub(super) provider_key: Option<Provider>,
}

/// Of members at the top of a configuration.
fn null_is_absent<'de, T, D>(from: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

impl ToolSettings {
    pub(super) fn read(configuration: &Document) -> Result<Self, ToolFailure> {
        let read = serde_json::from_str::<Self>(configuration.as_str());
        let settings = read.map_err(|error| misconfigured(format!("the agent's configuration: {error}")))?;
        if settings.mcp_servers.len() > MAX_SERVERS {
            return Err(misconfigured(format!("an agent has at most {MAX_SERVERS} MCP servers")));
        }
        let mut names = BTreeSet::new();
        for server in &settings.mcp_servers {
            server
                .check()
                .map_err(|why| misconfigured(format!("the MCP server {:?}: {why}", server.name)))?;
            if !names.insert(&server.name) {
                return Err(misconfigured(format!("two MCP servers are called {:?}", server.name)));
            }
        }
        Ok(settings)
    }
}

impl McpServer {
    /// Whether a tool's name is one of this server's. No name of a server holds an underscore, so there is one at most.
    pub(super) fn owns(&self, tool: &str) -> bool {
        tool.starts_with(&mcp::names::prefix(&self.name))
    }

    fn check(&self) -> Result<(), String> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let is_named = (1..=MAX_SERVER_NAME).contains(&self.name.len()) && self.name.bytes().all(plain);
        if !is_named {
            return Err(format!("its name must be 1 to {MAX_SERVER_NAME} of a-z, 0-9 and -"));
        }
        headers::read(&self.headers).map(drop)
    }
}

impl Method {
    const ALL: [Self; 6] = [Self::Get, Self::Head, Self::Post, Self::Put, Self::Patch, Self::Delete];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    pub(super) const fn has_side_effects(self) -> bool {
        match self {
            Self::Get | Self::Head => false,
            Self::Post | Self::Put | Self::Patch | Self::Delete => true,
        }
    }
}

impl HttpSettings {
    /// The methods that may be used: those that are named, or all.
    pub(super) fn methods(&self) -> Vec<Method> {
        let open = |method: &Method| self.methods.is_empty() || self.methods.contains(method);
        Method::ALL.into_iter().filter(open).collect()
    }
}
