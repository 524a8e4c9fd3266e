//! Identifiers, one type per noun so that they cannot be mixed up. New ones are UUIDv7, made outside this room.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )+};
}

ids! {
    /// An organisation. It is also the id of the tenant aggregate.
    TenantId,
    /// A person's membership in one tenant: the same person in two tenants is two users.
    UserId,
    /// An agent.
    AgentId,
    /// A task.
    TaskId,
    /// One run of a task by one worker.
    AttemptId,
    /// A conversation with an agent; each of its turns is a task.
    ConversationId,
    /// A schedule by which an agent is given tasks.
    ScheduleId,
    /// A signed-in session of a user.
    SessionId,
    /// One request to reset a password.
    ResetId,
}
