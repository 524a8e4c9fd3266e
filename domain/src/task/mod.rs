//! A piece of work for an agent.
//!
//! ```text
//!           create            queue             start attempt
//!  Absent ─────────► Pending ───────► Queued ─────────────────► Running ──► WaitingApproval
//!                     │  ▲ │           ▲ │ │                     │ │ │  ask   │ │
//!                     │  └─┘ amend     │ │ └─ amend              │ │ │        │ └─ expires ─► Failed
//!                     │                │ │  fail, attempts left  │ │ │ complete
//!                     │                ├─┼─ hand back ───────────┘ │ └────────┼─► Completed
//!                     │                │ │                         │ fail,    │
//!                     │                ├─┼── decide ───────────────┼──────────┘
//!                     │                │ │ waited too long         │ none left
//!                     │                │ └──────────► Failed ◄─────┘
//!                     │ cancel         │ cancel         │
//!                     ├────────────────┼──► Cancelled ◄─┼── Running, WaitingApproval (cancel)
//!                     │                └── retry ─┴─────┘
//!                     ▼ withdraw (from every stage but Running)
//!                   Withdrawn
//! ```
//!
//! A running attempt goes step by step: each call of a model or a tool is recorded before and after. What one attempt
//! of a run has done the next one takes over (see [`Journal`]).
//!
//! To the outside Pending and Queued are both `pending`; a queued task says since when.

mod aggregate;
mod command;
mod event;
mod journal;
mod refusal;
#[cfg(test)]
mod tests;
mod turns;
mod values;

pub use aggregate::{Stage, Task, Work};
pub use command::{Amendment, Counting, TaskCommand};
pub use event::TaskEvent;
pub use journal::{DoneStep, Journal, MAX_STEPS, NewStep, OpenStep, StepEnd};
pub use refusal::TaskRefusal;
pub use values::{
    Answer, Failure, Fork, MaxAttempts, OnTimeout, Priority, Question, StepKind, TaskKind, TimeoutSeconds,
    Verdict,
};
