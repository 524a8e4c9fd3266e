//! How values of the domain look in the OpenAPI document, of which the domain knows nothing: words from its own lists.

use std::borrow::Cow;

use domain::agent::{CatchUp, Overlap, PauseMode};
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
    /// What becomes of a due time at which the task before is not over.
    OverlapSchema: "ScheduleOverlap", Overlap, "What becomes of a time at which the task before is not over: it is left out, or a task is made that waits in the queue.";
    /// What becomes of due times that were missed.
    CatchUpSchema: "ScheduleCatchUp", CatchUp, "What becomes of times that passed while no task could be made: one task is made for the last of them, or none.";
    /// What a plan limits.
    ResourceSchema: "Resource", Resource, "What a plan limits.";
    /// Something a role allows.
    PermissionSchema: "Permission", Permission, "Something a role allows, and a scope of API keys.";
}
