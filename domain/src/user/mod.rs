//! A person in an organisation.
//!
//! ```text
//!           register                     deactivate
//!  Absent ─────────────────────► Active ───────────► Inactive
//!    │ invite                     ▲ ▲ │                 │
//!    ▼            accept          │ └─┘ profile, role,  │
//!  Invited ───────────────────────┤     sign in and out │
//!    │ revoke                     └─────────────────────┘ reactivate
//!    ▼
//!  Withdrawn
//! ```
//!
//! Passwords, sessions and invitation tokens are not here: no credential ever enters an event.

mod aggregate;
mod command;
mod event;
mod refusal;
#[cfg(test)]
mod tests;

pub use aggregate::{Person, User};
pub use command::UserCommand;
pub use event::{SignInFailure, UserEvent};
pub use refusal::UserRefusal;
