//! Who caused an event.

use uuid::Uuid;

use crate::id::{AgentId, UserId};

/// The one who acted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in user.
    User(UserId),
    /// A program with an API key.
    ApiKey(Uuid),
    /// An agent that runs a task.
    Agent(AgentId),
    /// A part of the service itself, by name, such as `worker`.
    System(String),
    /// Someone not signed in: creating an organisation, accepting an invitation.
    Anonymous,
}

impl Actor {
    /// The kind as stored: `user`, `api_key`, `agent`, `system` or `anonymous`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::ApiKey(_) => "api_key",
            Self::Agent(_) => "agent",
            Self::System(_) => "system",
            Self::Anonymous => "anonymous",
        }
    }

    /// The id of a user, key or agent, the name of a part of the system, nothing for the anonymous.
    pub fn reference(&self) -> Option<String> {
        match self {
            Self::User(user) => Some(user.to_string()),
            Self::ApiKey(key) => Some(key.to_string()),
            Self::Agent(agent) => Some(agent.to_string()),
            Self::System(name) => Some(name.clone()),
            Self::Anonymous => None,
        }
    }

    /// The actor of a stored kind and reference; nothing if they do not fit together.
    pub fn find(kind: &str, reference: Option<&str>) -> Option<Self> {
        let id = || reference.and_then(|text| Uuid::parse_str(text).ok());
        match kind {
            "user" => id().map(|id| Self::User(UserId(id))),
            "api_key" => id().map(Self::ApiKey),
            "agent" => id().map(|id| Self::Agent(AgentId(id))),
            "system" => reference.map(|name| Self::System(name.to_owned())),
            "anonymous" => Some(Self::Anonymous),
            _ => None,
        }
    }
}
