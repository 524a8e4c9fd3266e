//! One trait for each thing outside.

mod clock;
mod contents;
mod conversations;
mod credentials;
mod drafts;
mod event_log;
mod keys;
mod mail;
mod models;
mod overdue_approvals;
mod passwords;
mod run_queue;
mod running_tasks;
mod schedule_clock;
mod schemas;
mod tokens;
mod tools;

pub use clock::{Clock, Ids};
pub use contents::Contents;
pub use conversations::{AnsweredTurn, Conversations, Standing};
pub use credentials::{Credentials, Exchange, Holder, Rotation, SessionOrigin, StoredPassword};
pub use drafts::{DraftedCall, Drafts};
pub use event_log::{EventLog, Loaded, Recalled};
pub use keys::{ApiKeySeed, ApiKeyText, ApiKeys, ProviderKeys, SealedKey};
pub use mail::{Delivery, Letter, Mail, MailEnd, MailFailure, Mailer, Outbox, PendingMail, Prepared};
pub use models::{
    FailureClass, Live, Message, ModelCall, ModelFailure, ModelProvider, ModelReply, Quote, StopReason,
    ToolCall,
};
pub use overdue_approvals::OverdueApprovals;
pub use passwords::{Busy, NotTaken, Passwords};
pub use run_queue::{Claimed, Overdue, Renewal, RunQueue};
pub use running_tasks::RunningTasks;
pub use schedule_clock::{ClaimedSchedule, ScheduleClock, Settled, Skipped};
pub use schemas::{SchemaProblem, Schemas};
pub use tokens::{AccessClaims, InvitationTicket, PublicKey, RefreshToken, ResetTicket, Tokens};
pub use tools::{ToolFailure, ToolGrant, ToolReply, ToolSpec, ToolUse, Tools};

/// Something outside cannot be reached. The adapter has logged why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a part of the service is not available")]
pub struct Unavailable;
