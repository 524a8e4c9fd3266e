//! A piece of work for an agent.
//!
//! ```text
//!           create            queue             start attempt
//!  Absent ─────────► Pending ───────► Queued ─────────────────► Running
//!                     │  ▲ │           ▲ │ │                     │ │ │
//!                     │  └─┘ amend     │ │ └─ amend              │ │ │ complete
//!                     │                │ │  fail, attempts left  │ │ └──────────► Completed
//!                     │                ├─┼───────────────────────┘ │ fail, none left
//!                     │                │ │                         └────────────► Failed
//!                     │ cancel         │ │ cancel                                  │
//!                     ├────────────────┼─┴──► Cancelled ◄── Running (cancel)       │ retry
//!                     │                └──────────┴────────────────────────────────┘
//!                     ▼ withdraw (from every stage but Running)
//!                   Withdrawn
//! ```
//!
//! To the outside Pending and Queued are both `pending`; a queued task says since when.

mod aggregate;
mod command;
mod event;
mod refusal;
#[cfg(test)]
mod tests;
mod values;

pub use aggregate::{Stage, Task, Work};
pub use command::{Amendment, TaskCommand};
pub use event::TaskEvent;
pub use refusal::TaskRefusal;
pub use values::{Failure, MaxAttempts, Priority, TaskKind, TimeoutSeconds};
