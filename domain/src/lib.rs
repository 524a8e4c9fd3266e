//! What may happen, and what did.
//!
//! Four aggregates, [`tenant`], [`user`], [`agent`] and [`task`], each a folder of the same parts: commands,
//! events, refusals, and the aggregate with its pure `decide` and `evolve`. Around them the values they share,
//! the role [`policy`], the [`plan`] limits and the [`census`] that holds a tenant to them.
//!
//! This room never reads a clock, makes an id, does input or output, or knows of HTTP or SQL. What a rule needs
//! from the world is looked up first and put into the command. Start reading at [`agent`].

pub mod actor;
pub mod agent;
pub mod census;
pub mod content;
pub mod document;
pub mod email;
pub mod event;
pub mod id;
pub mod metadata;
pub mod personal;
pub mod plan;
pub mod policy;
pub mod reach;
pub mod refusal;
pub mod stream;
pub mod task;
pub mod tenant;
pub mod text;
pub mod usage;
pub mod user;

pub use actor::Actor;
pub use census::{Census, LimitReached, MOST_SCHEDULES};
pub use content::ContentHash;
pub use document::Document;
pub use email::Email;
pub use event::{Event, Recorded, Root};
pub use id::{AgentId, AttemptId, ConversationId, ResetId, ScheduleId, SessionId, TaskId, TenantId, UserId};
pub use metadata::Metadata;
pub use personal::Personal;
pub use plan::{Limits, Tier};
pub use policy::{Permission, Permissions, Role};
pub use reach::{AgentIds, Reach};
pub use refusal::{Refusal, RefusalKind};
pub use stream::{AggregateType, StreamId};
pub use usage::{MicroUsd, TokenCount, Usage};
