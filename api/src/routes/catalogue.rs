//! What is the same for every organisation: plans and roles, as the domain has them.

use domain::{Permission, Role, Tier};
use projections::LimitsRow;
use projections::schema::{PermissionSchema, RoleSchema, TierSchema};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::Answer;

/// A plan that an organisation can choose.
#[derive(Serialize, ToSchema)]
pub(crate) struct Plan {
    /// The tier that `PUT /tenants/current/subscription` takes.
    #[schema(value_type = TierSchema)]
    tier: &'static str,
    /// The price of a month in whole US dollars; null is by contract.
    #[schema(required = true)]
    price_usd_per_month: Option<u32>,
    /// What it allows.
    limits: LimitsRow,
    /// What comes with it besides, for people.
    features: &'static [&'static str],
}

/// Every plan.
#[derive(Serialize, ToSchema)]
pub(crate) struct Plans {
    /// Smallest first.
    items: Vec<Plan>,
}

/// A role that a user can have.
#[derive(Serialize, ToSchema)]
#[schema(as = RoleDescription)]
pub(crate) struct RoleShown {
    /// The role.
    #[schema(value_type = RoleSchema)]
    role: &'static str,
    /// What it is for.
    meaning: &'static str,
    /// What it allows.
    #[schema(value_type = Vec<PermissionSchema>)]
    permissions: Vec<&'static str>,
}

/// Something that a role allows, and that an API key can be made for.
#[derive(Serialize, ToSchema)]
#[schema(as = PermissionDescription)]
pub(crate) struct PermissionShown {
    /// The permission.
    #[schema(value_type = PermissionSchema)]
    permission: &'static str,
    /// What it allows.
    meaning: &'static str,
    /// What comes with it.
    #[schema(value_type = Vec<PermissionSchema>)]
    includes: Vec<&'static str>,
    /// Whether it is about single agents, so that an API key which is bound to some may have it.
    is_of_single_agents: bool,
}

/// The whole policy.
#[derive(Serialize, ToSchema)]
pub(crate) struct Roles {
    /// Every role, lowest first.
    items: Vec<RoleShown>,
    /// Every permission.
    permissions: Vec<PermissionShown>,
}

/// List plans
///
/// With their prices and limits; anyone may.
#[utoipa::path(get, path = "/plans", tag = "tenants",
    responses((status = 200, description = "Every plan", body = Plans)))]
pub(crate) async fn list_plans() -> Answer<Plans> {
    let plan = |tier: Tier| Plan {
        tier: tier.as_str(),
        price_usd_per_month: tier.dollars_a_month(),
        limits: tier.into(),
        features: tier.features(),
    };
    Answer::ok(Plans { items: Tier::ALL.map(plan).into() })
}

/// List roles
///
/// The policy that every request is held to; anyone may.
#[utoipa::path(get, path = "/roles", tag = "tenants",
    responses((status = 200, description = "Every role with what it allows", body = Roles)))]
pub(crate) async fn list_roles() -> Answer<Roles> {
    let role = |role: Role| {
        let granted = Permission::ALL.into_iter().filter(|permission| role.may(*permission));
        let permissions = granted.map(Permission::as_str).collect();
        RoleShown { role: role.as_str(), meaning: role.meaning(), permissions }
    };
    let permission = |one: Permission| PermissionShown {
        permission: one.as_str(),
        meaning: one.meaning(),
        includes: one.includes().iter().map(|one| one.as_str()).collect(),
        is_of_single_agents: one.is_of_single_agents(),
    };
    Answer::ok(Roles {
        items: Role::ALL.map(role).into(),
        permissions: Permission::ALL.map(permission).into(),
    })
}
