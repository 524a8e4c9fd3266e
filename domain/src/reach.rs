//! Which agents something is for: all of an organisation, or some.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::AgentId;
use crate::text::TextError;

/// The agents that a credential reaches, with all that is theirs: tasks, conversations, schedules. Written as the list
/// of their ids; where it is all of them, as nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<AgentIds>", into = "Option<AgentIds>")]
pub enum Reach {
    /// All agents that there are or will be, and the organisation beside them.
    #[default]
    All,
    /// These, and nothing that is not one of them or theirs.
    Only(AgentIds),
}

/// From 1 to 100 agents, each of them once, in the order in which they were named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<AgentId>", into = "Vec<AgentId>")]
pub struct AgentIds(Arc<[AgentId]>);

impl Reach {
    /// Whether it is not narrowed to single agents.
    pub const fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    /// Whether something of that agent is within it. What is of no agent is within reach of those alone who reach all.
    pub fn covers(&self, agent: Option<AgentId>) -> bool {
        match self {
            Self::All => true,
            Self::Only(agents) => agent.is_some_and(|agent| agents.contains(agent)),
        }
    }
}

impl AgentIds {
    /// The most there may be.
    pub const MOST: usize = 100;

    /// Whether the agent is among them.
    pub fn contains(&self, agent: AgentId) -> bool {
        self.0.contains(&agent)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = AgentId> + '_ {
        self.0.iter().copied()
    }
}

impl TryFrom<Vec<AgentId>> for AgentIds {
    type Error = TextError;

    fn try_from(agents: Vec<AgentId>) -> Result<Self, TextError> {
        if !(1..=Self::MOST).contains(&agents.len()) {
            return Err(TextError::Malformed("must name 1 to 100 agents"));
        }
        if agents.iter().collect::<BTreeSet<_>>().len() != agents.len() {
            return Err(TextError::Malformed("must name each agent once"));
        }
        Ok(Self(agents.into()))
    }
}

impl From<AgentIds> for Vec<AgentId> {
    fn from(agents: AgentIds) -> Self {
        agents.iter().collect()
    }
}

impl From<Option<AgentIds>> for Reach {
    fn from(agents: Option<AgentIds>) -> Self {
        agents.map_or(Self::All, Self::Only)
    }
}

impl From<Reach> for Option<AgentIds> {
    fn from(reach: Reach) -> Self {
        match reach {
            Reach::All => None,
            Reach::Only(agents) => Some(agents),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn agent(number: u128) -> AgentId {
        AgentId(Uuid::from_u128(number))
    }

    fn only(numbers: impl IntoIterator<Item = u128>) -> Result<Reach, TextError> {
        AgentIds::try_from(numbers.into_iter().map(agent).collect::<Vec<_>>()).map(Reach::Only)
    }

    #[test]
    fn what_is_of_no_agent_is_beyond_those_who_reach_some() {
        let some = only([1, 2]).unwrap();
        assert!(some.covers(Some(agent(1))) && some.covers(Some(agent(2))));
        assert!(!some.covers(Some(agent(3))) && !some.covers(None));
        assert!(Reach::All.covers(Some(agent(3))) && Reach::All.covers(None));
    }

    #[test]
    fn some_are_one_to_a_hundred_and_each_of_them_once() {
        assert!(only(1..=1).is_ok() && only(1..=100).is_ok());
        assert!(only([]).is_err() && only(1..=101).is_err() && only([1, 2, 1]).is_err());
    }

    #[test]
    fn all_are_written_as_nothing_and_some_as_the_list_of_their_ids() {
        let json = |reach: &Reach| serde_json::to_string(reach).unwrap();
        assert_eq!(json(&Reach::All), "null");
        let some = only([2, 1]).unwrap();
        let listed = format!(r#"["{}","{}"]"#, agent(2), agent(1));
        assert_eq!(json(&some), listed);
        assert_eq!(serde_json::from_str::<Reach>(&listed).unwrap(), some);
        assert_eq!(serde_json::from_str::<Reach>("null").unwrap(), Reach::All);
        assert!(serde_json::from_str::<Reach>("[]").is_err());
    }
}
