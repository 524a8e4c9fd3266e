//! An organisation.
//!
//! ```text
//!            create            suspend
//!  Absent ───────────► Active ─────────► Suspended
//!                       ▲ ▲ │             │
//!      change, settings,│ └─┘             │
//!      subscription, keys └───────────────┘ reactivate
//! ```

mod aggregate;
mod command;
mod event;
mod keys;
mod refusal;
mod subdomain;
#[cfg(test)]
mod tests;

pub use aggregate::{Organisation, Tenant};
pub use command::TenantCommand;
pub use event::TenantEvent;
pub use keys::{ApiKey, Keys, NewApiKey, Provider};
pub use refusal::TenantRefusal;
pub use subdomain::Subdomain;
