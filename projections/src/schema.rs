//! How values of the domain look in the OpenAPI document, of which the domain knows nothing: words from its own lists.

use std::borrow::Cow;

use domain::agent::PauseMode;
use domain::plan::Resource;
use domain::task::{StepKind, TaskKind};
use domain::{Permission, Role, Tier};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A schema of its own name for each of the domain's lists of words.
macro_rules! words {
    ($($(#[$doc:meta])* $schema:ident: $name:literal, $of:ty, $description:literal;)+) => {$(
        $(#[$doc])*
        pub struct $schema;

        impl PartialSchema for $schema {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(SchemaType::new(Type::String))
                    .description(Some($description))
                    .enum_values(Some(<$of>::ALL.map(<$of>::as_str)))
                    .into()
            }
        }

        impl ToSchema for $schema {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }
        }
    )+};
}

words! {
    /// A user's role.
    RoleSchema: "Role", Role, "A user's role; `GET /roles` tells what each may do.";
    /// A subscription tier.
    TierSchema: "SubscriptionTier", Tier, "A subscription tier; `GET /plans` tells what each allows.";
    /// The shape of a task's work.
    TaskKindSchema: "TaskType", TaskKind, "The shape of a task's work.";
    /// What becomes of the running tasks of an agent that is paused.
    PauseModeSchema: "PauseMode", PauseMode, "What becomes of the running tasks of an agent that is paused.";
    /// What sort of step an attempt takes.
    StepKindSchema: "StepKind", StepKind, "What sort of step an attempt takes.";
    /// What a plan limits.
    ResourceSchema: "Resource", Resource, "What a plan limits.";
    /// Something a role allows.
    PermissionSchema: "Permission", Permission, "Something a role allows, and a scope of API keys.";
}
