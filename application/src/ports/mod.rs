//! One trait for each thing outside.

mod clock;
mod credentials;
mod event_log;
mod models;
mod passwords;
mod run_queue;
mod tokens;

pub use clock::{Clock, Ids};
pub use credentials::{Credentials, Rotation, StoredPassword};
pub use event_log::{EventLog, Loaded};
pub use models::{ModelCall, ModelFailure, ModelProvider, ModelReply};
pub use passwords::{Busy, Passwords};
pub use run_queue::{Claimed, RunQueue};
pub use tokens::{AccessClaims, InvitationTicket, RefreshToken, Tokens};

/// Something outside cannot be reached. The adapter has logged why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a part of the service is not available")]
pub struct Unavailable;
