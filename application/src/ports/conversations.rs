use domain::text::Name;
use domain::{AgentId, ConversationId, TaskId, TenantId, UserId};

use super::Unavailable;

/// What conversations have come to, as of the last commit before the call.
#[async_trait::async_trait]
pub trait Conversations: Send + Sync {
    /// Where a conversation stands; nothing if there is none, or nothing is left of it.
    async fn standing(
        &self,
        tenant: TenantId,
        conversation: ConversationId,
    ) -> Result<Option<Standing>, Unavailable>;

    /// The last turns that were answered, at most so many, newest first.
    async fn answered_turns(
        &self,
        tenant: TenantId,
        conversation: ConversationId,
        most: usize,
    ) -> Result<Vec<AnsweredTurn>, Unavailable>;

    /// All its turns that were not withdrawn, in their order.
    async fn turns(&self, tenant: TenantId, conversation: ConversationId)
    -> Result<Vec<TaskId>, Unavailable>;
}

/// Where a conversation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// With which agent.
    pub agent: AgentId,
    /// Who began it.
    pub created_by: Option<UserId>,
    /// What it is called.
    pub title: Name,
    /// Its last turn that was not withdrawn.
    pub last: TaskId,
    /// How many turns were made.
    pub version: i64,
}

/// What was said, and what was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredTurn {
    /// By the person.
    pub said: String,
    /// By the agent.
    pub answered: String,
}
