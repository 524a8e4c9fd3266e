//! Who may do what: the whole role policy, in one match.

use serde::{Deserialize, Serialize};

use crate::text::TextError;

/// An enum of words: the text of the API and what each means, once.
macro_rules! words {
    (
        $(#[$attribute:meta])*
        $name:ident { $($variant:ident = $text:literal: $meaning:literal,)+ }
    ) => {
        $(#[$attribute])*
        pub enum $name {
            $(#[doc = $meaning] $variant,)+
        }

        impl $name {
            /// All of them, in the order of their declaration.
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$variant),+];

            /// The text stored and shown.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// What it means, for people.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => $meaning,)+
                }
            }

            /// The one with that text, if there is one.
            pub fn find(text: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|word| word.as_str() == text)
            }
        }
    };
}

words! {
    /// A user's role in the tenant, highest last.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    Role {
        Auditor = "auditor": "Reads everything of the organisation, the log included, and changes nothing.",
        Member = "member": "Uses agents and creates tasks.",
        Admin = "admin": "Manages users and everybody's agents and tasks, reads the log.",
        Owner = "owner": "Controls the organisation itself.",
    }
}

impl Role {
    /// Whether the policy grants `permission` to this role.
    pub const fn may(self, permission: Permission) -> bool {
        use Permission as P;
        match permission {
            P::ReadTenant | P::ReadUsers | P::ReadAgents | P::ReadTasks | P::ReadEvents => true,
            P::CreateAgents | P::RunAgents | P::CreateTasks => {
                matches!(self, Self::Member | Self::Admin | Self::Owner)
            }
            P::ReadInvitations | P::ReadKeys | P::ReadAudit => {
                matches!(self, Self::Auditor | Self::Admin | Self::Owner)
            }
            P::ChangeSettings
            | P::ManageUsers
            | P::ManageApiKeys
            | P::ManageProviderKeys
            | P::ManageAgents
            | P::ManageTasks
            | P::ManageBudgets
            | P::ApproveTasks => matches!(self, Self::Admin | Self::Owner),
            P::ChangeTenant | P::ChangeSubscription | P::StopWork => matches!(self, Self::Owner),
        }
    }
}

words! {
    /// Something a caller may or may not do. Own things (the profile, an agent one created) need no permission
    /// beyond reading; the use case says so.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(try_from = "String", into = "&'static str")]
    Permission {
        ReadTenant = "read_tenant": "See the organisation, its settings, usage and health.",
        ChangeTenant = "change_tenant": "Change name and contact.",
        ChangeSettings = "change_settings": "Change settings.",
        ChangeSubscription = "change_subscription": "Change the subscription tier.",
        StopWork = "stop_work": "Stop all work of the organisation's agents at once, and let it go on.",
        ReadUsers = "read_users": "See users.",
        ReadInvitations = "read_invitations": "See open invitations.",
        ManageUsers = "manage_users": "Invite, change and deactivate users, and end their sessions.",
        ReadKeys = "read_keys": "See API keys and which provider keys are set, never the keys themselves.",
        ManageApiKeys = "manage_api_keys": "Create and revoke API keys.",
        ManageProviderKeys = "manage_provider_keys": "Set and remove the organisation's own keys of model providers.",
        ReadAgents = "read_agents": "See agents.",
        CreateAgents = "create_agents": "Create agents, and change or terminate one's own.",
        RunAgents = "run_agents": "Start, stop, pause and resume agents.",
        ManageAgents = "manage_agents": "Change or terminate anybody's agents.",
        ReadTasks = "read_tasks": "See tasks.",
        CreateTasks = "create_tasks": "Create and execute tasks, and change or withdraw one's own.",
        ManageTasks = "manage_tasks": "Change, cancel or withdraw anybody's tasks.",
        ApproveTasks = "approve_tasks": "Approve or deny calls of agents that wait for a person.",
        ManageBudgets = "manage_budgets": "Set what may be spent on model calls.",
        ReadEvents = "read_events": "Follow the stream of events.",
        ReadAudit = "read_audit": "Read the audit log, with addresses and programs.",
    }
}

impl Permission {
    /// Whether it is about single agents and what is theirs, so that a key which is bound to some may have it. What an
    /// organisation has beside its agents is out of such a key's reach, and so is what makes more of them.
    pub const fn is_of_single_agents(self) -> bool {
        match self {
            Self::ReadAgents
            | Self::RunAgents
            | Self::ManageAgents
            | Self::ReadTasks
            | Self::CreateTasks
            | Self::ManageTasks
            | Self::ApproveTasks => true,
            Self::ReadTenant
            | Self::ChangeTenant
            | Self::ChangeSettings
            | Self::ChangeSubscription
            | Self::StopWork
            | Self::ReadUsers
            | Self::ReadInvitations
            | Self::ManageUsers
            | Self::ReadKeys
            | Self::ManageApiKeys
            | Self::ManageProviderKeys
            | Self::CreateAgents
            | Self::ManageBudgets
            | Self::ReadEvents
            | Self::ReadAudit => false,
        }
    }

    /// What comes with it: whoever changes something may see it.
    pub const fn includes(self) -> &'static [Self] {
        match self {
            Self::ChangeTenant | Self::ChangeSettings | Self::ChangeSubscription | Self::StopWork => {
                &[Self::ReadTenant]
            }
            Self::ManageUsers => &[Self::ReadUsers, Self::ReadInvitations],
            Self::ManageApiKeys | Self::ManageProviderKeys => &[Self::ReadKeys],
            Self::CreateAgents | Self::RunAgents => &[Self::ReadAgents],
            Self::ManageBudgets => &[Self::ReadTenant, Self::ReadAgents],
            Self::ManageAgents => &[Self::CreateAgents, Self::ReadAgents],
            Self::CreateTasks | Self::ApproveTasks => &[Self::ReadTasks],
            Self::ManageTasks => &[Self::CreateTasks, Self::ReadTasks],
            Self::ReadTenant
            | Self::ReadUsers
            | Self::ReadInvitations
            | Self::ReadKeys
            | Self::ReadAgents
            | Self::ReadTasks
            | Self::ReadEvents
            | Self::ReadAudit => &[],
        }
    }
}

impl TryFrom<String> for Permission {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, TextError> {
        Self::find(&text).ok_or(TextError::Malformed("must be the name of a permission"))
    }
}

impl From<Permission> for &'static str {
    fn from(permission: Permission) -> Self {
        permission.as_str()
    }
}

/// A set of permissions, such as an API key's scopes. Written as the list of their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Permission>", into = "Vec<Permission>")]
pub struct Permissions(u32);

impl Permissions {
    /// Whether it holds the permission.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u32) != 0
    }

    /// Whether it holds the permission, or one that includes it.
    pub fn grants(self, permission: Permission) -> bool {
        self.contains(permission) || self.iter().any(|held| held.includes().contains(&permission))
    }

    /// Whether it holds nothing.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What it holds, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.contains(*permission))
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<T: IntoIterator<Item = Permission>>(permissions: T) -> Self {
        Self(permissions.into_iter().fold(0, |set, permission| set | 1 << permission as u32))
    }
}

impl From<Vec<Permission>> for Permissions {
    fn from(permissions: Vec<Permission>) -> Self {
        permissions.into_iter().collect()
    }
}

impl From<Permissions> for Vec<Permission> {
    fn from(permissions: Permissions) -> Self {
        permissions.iter().collect()
    }
}
