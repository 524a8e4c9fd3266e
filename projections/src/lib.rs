//! What can be seen.
//!
//! Each read model is one file that owns its table: how events become rows, and the queries over them. [`inline`]
//! is the register of those that are written inside the commit, [`Views`] is where they are read. A row is the
//! API's resource, so nothing is converted on the way out.
//!
//! This room never decides anything, sends no command and writes no table outside a projector. No query goes
//! without a tenant: it is in the statement, and row-level security stands behind it. Rows follow from the events
//! alone (a time is the event's `recorded_at`), so that a rebuilt table equals the live one byte for byte.
//!
//! Start reading at `agents.rs`, then `fold.rs`, on which every inline read model stands. To add a read model:
//! one file, one line in [`inline`], one migration.

mod agents;
mod api_keys;
mod approvals;
mod budgets;
mod callers;
mod columns;
mod conversations;
mod course;
mod fold;
mod health;
mod invitations;
mod key_holders;
mod model_calls;
mod outbox;
mod page;
mod projection;
mod provider_keys;
mod rebuild;
mod run_queue;
mod schedules;
pub mod schema;
mod sessions;
mod shadow;
mod steps;
mod stops;
mod tasks;
mod tenants;
#[cfg(test)]
mod testing;
mod usage;
mod users;
mod views;

use std::sync::Arc;

use infrastructure::postgres::Projectors;

pub use agents::{AgentFilter, AgentRow, AgentStatus};
pub use api_keys::{ApiKeyFilter, ApiKeyRow, ApiKeyStatus};
pub use approvals::{ApprovalFilter, ApprovalRow, PgOverdueApprovals};
pub use budgets::BudgetRow;
pub use callers::SessionState;
pub use conversations::{ConversationFilter, ConversationRow, ConversationView, MessageRole, MessageRow};
pub use course::{Course, OpenCall};
pub use health::{HealthStatus, ProjectionHealth, TenantHealth};
pub use invitations::{InvitationFilter, InvitationRow, InvitationStatus};
pub use key_holders::{KeyHolder, KeyHolders, KeyName};
pub use model_calls::{ConsumedUsage, UsageGroup, UsageOfGroup, UsageReport, UsageRequest};
pub use outbox::{MailFollowing, MailRow, PgOutbox};
pub use page::{Page, PageRequest};
pub use provider_keys::ProviderKeyRow;
pub use rebuild::{Progress, RebuildError, Rebuilt, rebuild};
pub use run_queue::PgRunQueue;
pub use schedules::{PgScheduleClock, ScheduleFilter, ScheduleRow};
pub use sessions::SessionRow;
pub use steps::{STEP_EVENTS, StepRow, StepState, steps};
pub use stops::{CutOffAttempt, StoppedWork};
pub use tasks::{TaskError, TaskFilter, TaskRow, TaskStatus, TaskUsage};
pub use tenants::{LimitsRow, TenantRow, TenantStatus};
pub use usage::{ResourceUsage, UsageRow};
pub use users::{UserFilter, UserRow, UserStatus};
pub use views::Views;

use agents::Agents;
use conversations::ConversationFold;
use model_calls::ModelCalls;
use projection::Keyed;
use run_queue::RunQueue;
use schedules::Schedules;
use tasks::Tasks;
use tenants::Tenants;
use users::Users;

/// The register of the read models that are written inside the commit, in the order in which they run. The run
/// queue reads what the tasks wrote before it.
pub fn inline() -> Projectors {
    Arc::new([
        Arc::new(Keyed::<Tenants>::new()),
        Arc::new(Keyed::<Users>::new()),
        Arc::new(Keyed::<Agents>::new()),
        Arc::new(Keyed::<Tasks>::new()),
        Arc::new(RunQueue::new()),
        Arc::new(ModelCalls::new()),
        Arc::new(Schedules::new()),
        Arc::new(ConversationFold::new()),
    ])
}
