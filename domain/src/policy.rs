//! Who may do what: the whole role policy, in one match.

use serde::{Deserialize, Serialize};

/// A user's role in the tenant, highest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Uses agents and creates tasks.
    Member,
    /// Manages users and everybody's agents and tasks, reads the log.
    Admin,
    /// Controls the organisation itself.
    Owner,
}

impl Role {
    /// Every role, lowest first.
    pub const ALL: [Self; 3] = [Self::Member, Self::Admin, Self::Owner];

    /// The text stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The role with that text, if there is one.
    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// Whether the policy grants `permission` to this role.
    pub const fn may(self, permission: Permission) -> bool {
        use Permission as P;
        match permission {
            P::ReadTenant
            | P::ReadUsers
            | P::ReadAgents
            | P::CreateAgents
            | P::RunAgents
            | P::ReadTasks
            | P::CreateTasks
            | P::ReadEvents => true,
            P::ChangeSettings | P::ManageUsers | P::ManageAgents | P::ManageTasks | P::ReadAudit => {
                matches!(self, Self::Admin | Self::Owner)
            }
            P::ChangeTenant | P::ChangeSubscription => matches!(self, Self::Owner),
        }
    }
}

/// Something a caller may or may not do. Own things (the profile, an agent one created) need no permission
/// beyond reading; the use case says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// See the organisation, its settings, usage and health.
    ReadTenant,
    /// Change name and contact.
    ChangeTenant,
    /// Change settings.
    ChangeSettings,
    /// Change the subscription tier.
    ChangeSubscription,
    /// See users.
    ReadUsers,
    /// Invite, change and deactivate users.
    ManageUsers,
    /// See agents.
    ReadAgents,
    /// Create agents, and change or terminate one's own.
    CreateAgents,
    /// Start, stop, pause and resume agents.
    RunAgents,
    /// Change or terminate anybody's agents.
    ManageAgents,
    /// See tasks.
    ReadTasks,
    /// Create and execute tasks, and change or withdraw one's own.
    CreateTasks,
    /// Change, cancel or withdraw anybody's tasks.
    ManageTasks,
    /// Follow the stream of events.
    ReadEvents,
    /// Read the audit log, with addresses and programs.
    ReadAudit,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 15] = [
        Self::ReadTenant,
        Self::ChangeTenant,
        Self::ChangeSettings,
        Self::ChangeSubscription,
        Self::ReadUsers,
        Self::ManageUsers,
        Self::ReadAgents,
        Self::CreateAgents,
        Self::RunAgents,
        Self::ManageAgents,
        Self::ReadTasks,
        Self::CreateTasks,
        Self::ManageTasks,
        Self::ReadEvents,
        Self::ReadAudit,
    ];

    /// The text of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadTenant => "read_tenant",
            Self::ChangeTenant => "change_tenant",
            Self::ChangeSettings => "change_settings",
            Self::ChangeSubscription => "change_subscription",
            Self::ReadUsers => "read_users",
            Self::ManageUsers => "manage_users",
            Self::ReadAgents => "read_agents",
            Self::CreateAgents => "create_agents",
            Self::RunAgents => "run_agents",
            Self::ManageAgents => "manage_agents",
            Self::ReadTasks => "read_tasks",
            Self::CreateTasks => "create_tasks",
            Self::ManageTasks => "manage_tasks",
            Self::ReadEvents => "read_events",
            Self::ReadAudit => "read_audit",
        }
    }
}
