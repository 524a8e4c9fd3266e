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
//! A failed sign-in is recorded in Active and in Inactive.
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
