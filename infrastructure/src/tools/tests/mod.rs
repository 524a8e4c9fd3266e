//! Calls as agents make them, against servers on this machine.

mod grants;
mod http;
mod mcp;
mod reach;

use std::collections::HashMap;
use std::sync::Arc;

use application::ports::{
    ProviderKeys, SealedKey, ToolFailure, ToolGrant, ToolReply, ToolSpec, ToolUse, Tools, Unavailable,
};
use domain::TenantId;
use domain::tenant::Provider;
use secrecy::SecretString;
use serde_json::Value;
use uuid::Uuid;

use super::AgentTools;
use crate::clock::SystemClock;
use crate::json_schema::JsonSchemas;
use crate::outbound::Outbound;
use crate::outbound::tests::{Names, outbound};

/// Keys of providers by tenant, as a test says.
#[derive(Default)]
struct Keys(HashMap<(TenantId, &'static str), &'static str>);

#[async_trait::async_trait]
impl ProviderKeys for Keys {
    async fn seal(&self, _: TenantId, _: &Provider, _: &SecretString) -> Result<SealedKey, Unavailable> {
        Err(Unavailable)
    }

    async fn open(&self, tenant: TenantId, provider: &Provider) -> Result<Option<SecretString>, Unavailable> {
        let held = self.0.iter().find(|((of, name), _)| (*of, *name) == (tenant, provider.as_str()));
        Ok(held.map(|(_, key)| (*key).into()))
    }
}

fn tools_over(outbound: Outbound, keys: Keys) -> AgentTools {
    AgentTools::new(outbound, Arc::new(JsonSchemas::default()), Arc::new(SystemClock), Arc::new(keys))
}

/// Tools that reach what is opened, and nothing else on this machine.
fn tools(open: &str) -> AgentTools {
    tools_over(outbound(open, Names::default()), Keys::default())
}

const TENANT: TenantId = TenantId(Uuid::from_u128(1));

/// An agent by its capabilities and its configuration.
fn agent(capabilities: &[&str], configuration: &Value) -> ToolGrant {
    ToolGrant {
        tenant: TENANT,
        capabilities: capabilities.iter().map(|name| (*name).to_owned()).collect(),
        configuration: configuration.to_string().parse::<Value>().unwrap().to_string().try_into().unwrap(),
    }
}

async fn call(
    tools: &AgentTools,
    agent: &ToolGrant,
    name: &str,
    arguments: &Value,
) -> Result<ToolReply, ToolFailure> {
    let used = ToolUse { id: Uuid::from_u128(7), name: name.to_owned(), arguments: arguments.to_string() };
    tools.call(agent, &used).await
}

async fn offered(tools: &AgentTools, agent: &ToolGrant) -> Vec<ToolSpec> {
    tools.offered(agent).await.unwrap()
}

fn names(specs: &[ToolSpec]) -> Vec<&str> {
    specs.iter().map(|spec| spec.name.as_str()).collect()
}

fn code(answered: Result<ToolReply, ToolFailure>) -> &'static str {
    answered.unwrap_err().code
}
