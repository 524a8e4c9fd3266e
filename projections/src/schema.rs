//! How values of the domain look in the OpenAPI document. The domain knows nothing of it, so they are spelled out
//! here; a test holds them against the domain's own lists.

use utoipa::ToSchema;

/// A user's role.
#[derive(ToSchema)]
#[schema(as = Role, rename_all = "snake_case")]
pub enum RoleSchema {
    /// Controls the organisation itself.
    Owner,
    /// Manages users and everybody's agents and tasks, reads the log.
    Admin,
    /// Uses agents and creates tasks.
    Member,
}

/// A subscription tier.
#[derive(ToSchema)]
#[schema(as = SubscriptionTier, rename_all = "snake_case")]
pub enum TierSchema {
    /// Nothing to pay.
    Free,
    /// 29 US dollars a month.
    Basic,
    /// 99 US dollars a month.
    Professional,
    /// By contract.
    Enterprise,
}

/// The shape of a task's work.
#[derive(ToSchema)]
#[schema(as = TaskType, rename_all = "snake_case")]
pub enum TaskKindSchema {
    /// The input is put to the agent as it is.
    Prompt,
    /// A text and what to do with it.
    TextProcessing,
    /// One HTTP request.
    ApiCall,
    /// Ordered steps.
    Workflow,
}

/// What a plan limits.
#[derive(ToSchema)]
#[schema(as = Resource, rename_all = "snake_case")]
pub enum ResourceSchema {
    /// Agents that are not terminated.
    Agents,
    /// Tasks created this calendar month.
    TasksPerMonth,
    /// Active users.
    Users,
}

/// Something a role allows.
#[derive(ToSchema)]
#[schema(as = Permission, rename_all = "snake_case")]
pub enum PermissionSchema {
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

#[cfg(test)]
mod tests {
    use super::*;
    use domain::plan::Resource;
    use domain::task::TaskKind;
    use domain::{Permission, Role, Tier};

    fn values<T: utoipa::PartialSchema>() -> Vec<String> {
        let schema = serde_json::to_value(T::schema()).unwrap();
        let mut values: Vec<String> = serde_json::from_value(schema["enum"].clone()).unwrap();
        values.sort();
        values
    }

    fn sorted(texts: impl Iterator<Item = &'static str>) -> Vec<String> {
        let mut texts: Vec<String> = texts.map(str::to_owned).collect();
        texts.sort();
        texts
    }

    #[test]
    fn schemas_list_the_values_of_the_domain() {
        assert_eq!(values::<RoleSchema>(), sorted(Role::ALL.into_iter().map(Role::as_str)));
        assert_eq!(values::<TierSchema>(), sorted(Tier::ALL.into_iter().map(Tier::as_str)));
        assert_eq!(values::<TaskKindSchema>(), sorted(TaskKind::ALL.into_iter().map(TaskKind::as_str)));
        assert_eq!(values::<ResourceSchema>(), sorted(Resource::ALL.into_iter().map(Resource::as_str)));
        assert_eq!(values::<PermissionSchema>(), sorted(Permission::ALL.into_iter().map(Permission::as_str)));
    }
}
