//! MCP servers over Streamable HTTP.
//!
//! Each call is a connection of its own: what a server remembers of a session does not outlive a call, and so neither
//! crosses agents nor tenants. Which tools a server has is remembered for a minute.

mod client;
mod errors;
pub(super) mod names;
mod replies;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use application::ports::{ProviderKeys, Schemas, ToolFailure, ToolReply, ToolSpec};
use domain::TenantId;
use moka::future::Cache;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use rmcp::model::{CallToolRequestParams, PaginatedRequestParams, Tool};
use secrecy::ExposeSecret;

use super::answers::kept;
use super::failures::{misconfigured, misread, timeout, unavailable};
use super::headers;
use super::settings::McpServer;
use crate::outbound::{Outbound, OutboundError};
use client::Connection;

/// How long a server may take to connect and to say which tools it has.
const LIST_WITHIN: Duration = Duration::from_secs(30);
/// How long a call may take.
const CALL_WITHIN: Duration = Duration::from_secs(120);
/// How long it is remembered which tools a server has.
const REMEMBERED_FOR: Duration = Duration::from_secs(60);
/// Of how many servers that is remembered.
const REMEMBERED: u64 = 1_000;
/// The most tools of a server; what it lists behind them is passed over.
const MAX_TOOLS: usize = 128;
/// The most pages of a server's list.
const MAX_PAGES: usize = 16;
/// The most characters of a tool's description.
const MAX_DESCRIPTION: usize = 1_024;

/// A tool of a server.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) server: String,
    /// As the server calls it.
    pub(super) name: String,
    pub(super) spec: ToolSpec,
}

type Remembered = Cache<(TenantId, McpServer), Arc<Vec<Listed>>>;

pub(super) struct McpServers {
    outbound: Outbound,
    schemas: Arc<dyn Schemas>,
    keys: Arc<dyn ProviderKeys>,
    remembered: Remembered,
}

impl McpServers {
    pub(super) fn new(outbound: Outbound, schemas: Arc<dyn Schemas>, keys: Arc<dyn ProviderKeys>) -> Self {
        let remembered = Cache::builder().max_capacity(REMEMBERED).time_to_live(REMEMBERED_FOR).build();
        Self { outbound, schemas, keys, remembered }
    }

    /// The tools of a server, at most a minute old.
    pub(super) async fn listed(
        &self,
        tenant: TenantId,
        server: &McpServer,
    ) -> Result<Arc<Vec<Listed>>, ToolFailure> {
        let key = (tenant, server.clone());
        let asked =
            self.remembered.try_get_with(key, async { self.list(tenant, server).await.map(Arc::new) });
        asked.await.map_err(|failure: Arc<ToolFailure>| (*failure).clone())
    }

    async fn list(&self, tenant: TenantId, server: &McpServer) -> Result<Vec<Listed>, ToolFailure> {
        let asked = async {
            let connection = self.connect(tenant, server).await?;
            let tools = all_tools(&connection).await;
            connection.end();
            tools
        };
        let tools =
            tokio::time::timeout(LIST_WITHIN, asked).await.map_err(|_| late(server, LIST_WITHIN))??;
        Ok(tools.into_iter().filter_map(|tool| self.taken(server, &tool)).collect())
    }

    /// A tool as it is offered, unless its schema cannot be used.
    fn taken(&self, server: &McpServer, tool: &Tool) -> Option<Listed> {
        let parameters = serde_json::to_string(&tool.input_schema).ok()?;
        if let Err(problem) = self.schemas.check_schema(&parameters) {
            tracing::info!(
                mcp.server = server.name,
                mcp.tool = %tool.name,
                "a tool is not offered, as its schema cannot be used: {} {}",
                problem.path,
                problem.message
            );
            return None;
        }
        let is_read_only = tool.annotations.as_ref().and_then(|hints| hints.read_only_hint);
        let description = tool.description.as_deref().or(tool.title.as_deref()).unwrap_or_default();
        let spec = ToolSpec {
            name: names::offered(&server.name, &tool.name),
            description: kept(description.chars().take(MAX_DESCRIPTION).collect()),
            parameters,
            has_side_effects: is_read_only != Some(true),
        };
        Some(Listed { server: server.name.clone(), name: tool.name.to_string(), spec })
    }

    /// Calls a tool by the server's own name of it.
    pub(super) async fn call(
        &self,
        tenant: TenantId,
        server: &McpServer,
        tool: &str,
        arguments: &str,
    ) -> Result<ToolReply, ToolFailure> {
        let arguments = serde_json::from_str(arguments).map_err(|error| misread(&error))?;
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let asked = async {
            let connection = self.connect(tenant, server).await?;
            let answered = connection.peer().call_tool(params).await;
            connection.end();
            replies::read(answered)
        };
        tokio::time::timeout(CALL_WITHIN, asked).await.map_err(|_| late(server, CALL_WITHIN))?
    }

    async fn connect(&self, tenant: TenantId, server: &McpServer) -> Result<Connection, ToolFailure> {
        let refused = |why: &str| misconfigured(format!("the MCP server {:?}: {why}", server.name));
        let url = server.url.parse().map_err(|_| refused("its URL is none"))?;
        self.outbound.admit(&url).map_err(OutboundError::from)?;
        let mut headers = headers::read(&server.headers).map_err(|why| refused(&why))?;
        if let Some(provider) = &server.provider_key {
            let key = self.keys.open(tenant, provider).await.map_err(unavailable)?;
            let key = key.ok_or_else(|| refused(&format!("the organisation has no key of {provider}")))?;
            let bearer = format!("Bearer {}", key.expose_secret());
            let mut bearer: HeaderValue = bearer.parse().map_err(|_| refused("its key cannot be sent"))?;
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        let headers: HashMap<_, _> =
            headers.into_iter().filter_map(|(name, value)| Some((name?, value))).collect();
        Connection::open(&self.outbound, url.as_str(), headers).await
    }
}

async fn all_tools(connection: &Connection) -> Result<Vec<Tool>, ToolFailure> {
    let mut tools = vec![];
    let mut cursor = None;
    for _ in 0..MAX_PAGES {
        let page = PaginatedRequestParams::default().with_cursor(cursor);
        let page = connection.peer().list_tools(Some(page)).await.map_err(|error| errors::failed(&error))?;
        tools.extend(page.tools);
        cursor = page.next_cursor;
        if cursor.is_none() || tools.len() >= MAX_TOOLS {
            break;
        }
    }
    tools.truncate(MAX_TOOLS);
    Ok(tools)
}

fn late(server: &McpServer, within: Duration) -> ToolFailure {
    timeout(format!("the MCP server {:?} did not answer within {} s", server.name, within.as_secs()))
}
