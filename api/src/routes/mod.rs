//! One file per noun, one function per operation: parse, ask one use case or view, answer with the resource.

pub(crate) mod agents;
pub(crate) mod api_keys;
pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod budgets;
pub(crate) mod catalogue;
pub(crate) mod conversations;
pub(crate) mod events;
pub(crate) mod health;
pub(crate) mod invitations;
pub(crate) mod passwords;
pub(crate) mod provider_keys;
pub(crate) mod replays;
pub(crate) mod schedules;
pub(crate) mod sessions;
pub(crate) mod steps;
pub(crate) mod stops;
pub(crate) mod stream;
pub(crate) mod tasks;
pub(crate) mod tenants;
pub(crate) mod usage;
pub(crate) mod users;
pub(crate) mod watching;

mod actor;

pub use actor::ActorNames;

/// Names a page of rows in the OpenAPI document, where `Page<AgentRow>` would be `Page_Agent`.
macro_rules! page_schema {
    ($page:ident, $row:ty, $item:literal) => {
        #[doc = concat!("A part of the list of ", $item, ".")]
        #[derive(utoipa::ToSchema)]
        #[expect(dead_code, reason = "only its schema is used: the answer is a projections::Page")]
        pub(crate) struct $page {
            /// In the order asked for.
            items: Vec<$row>,
            /// Asks for the next page as `cursor`; null on the last.
            #[schema(required = true)]
            next_cursor: Option<String>,
            /// How many the whole list has under the filters asked for.
            total: i64,
        }
    };
}
pub(crate) use page_schema;
