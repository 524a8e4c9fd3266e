//! A person in an organisation.
//!
//! ```text
//!           register                     deactivate
//!  Absent ─────────────────────► Active ───────────► Inactive
//!    │ invite                     ▲ ▲ │                 │
//!    ▼            accept          │ └─┘ profile, role,  │
//!  Invited ───────────────────────┤     sign in and out │
//!    │ revoke, expire             └─────────────────────┘ reactivate
//!    ▼
//!  Withdrawn
//! ```
//!
//! An invitation can be sent anew while it is open or expired; only the last link is good. It expires by the clock of
//! whoever follows it: nothing need happen for that. The event is recorded where its address is given to another.
//!
//! A failed sign-in is recorded in Active and in Inactive. Of requests to reset the password only the newest counts, until
//! it is used, the password changes or access is lost.
//!
//! Passwords, sessions and invitation tokens are not here: no credential ever enters an event.

mod aggregate;
mod command;
mod event;
mod invitation;
mod refusal;
#[cfg(test)]
mod tests;

pub use aggregate::{PendingReset, Person, User};
pub use command::{Link, UserCommand};
pub use event::{PasswordChange, SessionRevocation, SignInFailure, UserEvent};
pub use invitation::{INVITATION_LIFE, Invitation};
pub use refusal::UserRefusal;
