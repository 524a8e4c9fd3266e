//! What agents may use besides their model: HTTP requests, the time, a calculator, and the tools of MCP servers.
//!
//! A tool is offered, and called, only where a capability of the agent grants it: `http_request`, `current_time`,
//! `calculator`, `mcp:<server>` for all tools of a server, `mcp:<server>/<tool>` for one of them. What a model writes
//! as arguments is held against the tool's schema before anything happens, and decides neither for whom a call is made
//! nor with which credentials. Everything that leaves goes through [`crate::outbound`].

mod answers;
mod calculator;
mod current_time;
mod failures;
mod headers;
mod http_request;
mod mcp;
mod settings;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use application::ports::{
    Clock, ProviderKeys, Schemas, ToolFailure, ToolGrant, ToolReply, ToolSpec, ToolUse, Tools,
};
use domain::Document;
use futures::future::try_join_all;

use crate::outbound::Outbound;
use failures::{not_fitting, not_granted};
use mcp::McpServers;
use settings::{McpServer, ToolSettings};

/// The tools of a deployment.
pub struct AgentTools {
    outbound: Outbound,
    schemas: Arc<dyn Schemas>,
    clock: Arc<dyn Clock>,
    servers: McpServers,
}

impl AgentTools {
    /// Tools that reach outside through `outbound`, and whose MCP servers may be asked with the tenants' own keys.
    pub fn new(
        outbound: Outbound,
        schemas: Arc<dyn Schemas>,
        clock: Arc<dyn Clock>,
        keys: Arc<dyn ProviderKeys>,
    ) -> Self {
        let servers = McpServers::new(outbound.clone(), schemas.clone(), keys);
        Self { outbound, schemas, clock, servers }
    }

    fn check(&self, parameters: &str, arguments: &str) -> Result<(), ToolFailure> {
        self.schemas.validate(parameters, arguments).map_err(|problem| not_fitting(&problem))
    }
}

#[async_trait::async_trait]
impl Tools for AgentTools {
    fn read(&self, configuration: &Document) -> Result<(), String> {
        ToolSettings::read(configuration).map(drop).map_err(|failure| failure.message)
    }

    async fn offered(&self, agent: &ToolGrant) -> Result<Vec<ToolSpec>, ToolFailure> {
        let settings = ToolSettings::read(&agent.configuration)?;
        let built_in = [
            (http_request::NAME, http_request::spec(&settings.http_request)),
            (current_time::NAME, current_time::spec()),
            (calculator::NAME, calculator::spec()),
        ];
        let granted = built_in.into_iter().filter(|(name, _)| grants(agent, name)).map(|(_, spec)| spec);
        let asked = settings.mcp_servers.iter().filter(|server| grants_some_of(agent, server));
        let listed = try_join_all(asked.map(|server| self.servers.listed(agent.tenant, server))).await?;
        let theirs = listed.iter().flat_map(|listed| listed.iter());
        let theirs =
            theirs.filter(|tool| grants_tool(agent, &tool.server, &tool.name)).map(|tool| tool.spec.clone());
        Ok(granted.chain(theirs).collect())
    }

    async fn call(&self, agent: &ToolGrant, call: &ToolUse) -> Result<ToolReply, ToolFailure> {
        let settings = ToolSettings::read(&agent.configuration)?;
        match call.name.as_str() {
            http_request::NAME if grants(agent, http_request::NAME) => {
                self.check(&http_request::spec(&settings.http_request).parameters, &call.arguments)?;
                http_request::call(&self.outbound, &settings.http_request, call).await
            }
            current_time::NAME if grants(agent, current_time::NAME) => {
                self.check(&current_time::spec().parameters, &call.arguments)?;
                current_time::call(self.clock.as_ref(), &call.arguments)
            }
            calculator::NAME if grants(agent, calculator::NAME) => {
                self.check(&calculator::spec().parameters, &call.arguments)?;
                calculator::call(&call.arguments)
            }
            name => {
                let server = settings.mcp_servers.iter().find(|server| server.owns(name));
                let server = server.filter(|server| grants_some_of(agent, server));
                let server = server.ok_or_else(|| not_granted(name))?;
                let listed = self.servers.listed(agent.tenant, server).await?;
                let tool = listed.iter().find(|tool| tool.spec.name == name);
                let tool = tool.filter(|tool| grants_tool(agent, &tool.server, &tool.name));
                let tool = tool.ok_or_else(|| not_granted(name))?;
                self.check(&tool.spec.parameters, &call.arguments)?;
                self.servers.call(agent.tenant, server, &tool.name, &call.arguments).await
            }
        }
    }
}

fn grants(agent: &ToolGrant, capability: &str) -> bool {
    agent.capabilities.iter().any(|granted| granted == capability)
}

fn grants_tool(agent: &ToolGrant, server: &str, tool: &str) -> bool {
    grants(agent, &format!("mcp:{server}")) || grants(agent, &format!("mcp:{server}/{tool}"))
}

/// Whether a server has to be asked at all.
fn grants_some_of(agent: &ToolGrant, server: &McpServer) -> bool {
    let of_server = |granted: &String| {
        let name =
            granted.strip_prefix("mcp:").map(|rest| rest.split_once('/').map_or(rest, |(name, _)| name));
        name == Some(server.name.as_str())
    };
    agent.capabilities.iter().any(of_server)
}
