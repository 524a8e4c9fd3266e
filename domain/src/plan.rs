//! Subscription tiers and what they allow.

use serde::{Deserialize, Serialize};

/// A subscription tier, smallest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// For trying out.
    #[default]
    Free,
    /// For small teams.
    Basic,
    /// For teams.
    Professional,
    /// By contract.
    Enterprise,
}

impl Tier {
    /// Every tier, smallest first.
    pub const ALL: [Self; 4] = [Self::Free, Self::Basic, Self::Professional, Self::Enterprise];

    /// The text stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Basic => "basic",
            Self::Professional => "professional",
            Self::Enterprise => "enterprise",
        }
    }

    /// The tier with that text, if there is one.
    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.as_str() == text)
    }

    /// What the tier allows. Figures of the founding document; it names no number of users for the free tier,
    /// where 3 lets a small team try the product.
    pub const fn limits(self) -> Limits {
        match self {
            Self::Free => Limits { agents: Some(5), tasks_per_month: Some(1_000), users: Some(3) },
            Self::Basic => Limits { agents: Some(25), tasks_per_month: Some(10_000), users: Some(5) },
            Self::Professional => {
                Limits { agents: Some(100), tasks_per_month: Some(100_000), users: Some(25) }
            }
            Self::Enterprise => Limits { agents: None, tasks_per_month: None, users: None },
        }
    }
}

impl Tier {
    /// How much of the workers a tenant gets beside others that want them too: so many tasks for one of a tenant of
    /// weight 1. A divisor of [`Tier::MAX_WEIGHT`].
    pub const fn weight(self) -> u32 {
        match self {
            Self::Free => 1,
            Self::Basic => 2,
            Self::Professional => 4,
            Self::Enterprise => 8,
        }
    }

    /// The greatest weight.
    pub const MAX_WEIGHT: u32 = 8;

    /// How many of a tenant's tasks run at once.
    pub const fn running_tasks(self) -> u32 {
        match self {
            Self::Free => 2,
            Self::Basic => 5,
            Self::Professional => 20,
            Self::Enterprise => 100,
        }
    }

    /// The price of a month in whole US dollars; `None` is by contract.
    pub const fn dollars_a_month(self) -> Option<u32> {
        match self {
            Self::Free => Some(0),
            Self::Basic => Some(29),
            Self::Professional => Some(99),
            Self::Enterprise => None,
        }
    }

    /// What comes with the tier besides its limits, for people. Source: the founding document.
    pub const fn features(self) -> &'static [&'static str] {
        match self {
            Self::Free => &["Basic support", "Community access"],
            Self::Basic => &["Email support", "Team collaboration"],
            Self::Professional => &["Priority support", "Advanced analytics", "Team collaboration"],
            Self::Enterprise => &["24/7 support", "Custom integrations", "SLA guarantees"],
        }
    }
}

/// The most of each resource; `None` is unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Agents that are not terminated.
    pub agents: Option<u32>,
    /// Tasks created in a calendar month, UTC.
    pub tasks_per_month: Option<u32>,
    /// Active users.
    pub users: Option<u32>,
}

/// Something a tier limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Agents that are not terminated.
    Agents,
    /// Tasks created this calendar month.
    TasksPerMonth,
    /// Active users.
    Users,
}

impl Resource {
    /// Every resource.
    pub const ALL: [Self; 3] = [Self::Agents, Self::TasksPerMonth, Self::Users];

    /// The text of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agents => "agents",
            Self::TasksPerMonth => "tasks_per_month",
            Self::Users => "users",
        }
    }
}

impl Limits {
    /// The limit of one resource.
    pub const fn of(&self, resource: Resource) -> Option<u32> {
        match resource {
            Resource::Agents => self.agents,
            Resource::TasksPerMonth => self.tasks_per_month,
            Resource::Users => self.users,
        }
    }
}
