//! An AI agent.
//!
//! ```text
//!            create          start            pause
//!  Absent ───────────► Idle ───────► Running ───────► Paused
//!                       ▲ ▲           │ │  ▲            │ │
//!                       │ └───stop────┘ │  └───resume───┘ │
//!                       │               │ fail       fail │
//!                       │     stop      ▼                 │
//!                       ├──────────── Error ◄─────────────┘
//!                       └──────────── Paused (stop);  Error ──start──► Running
//!
//!  Idle, Running, Paused, Error ──terminate──► Terminated;  change: in these four
//! ```

mod aggregate;
mod calendar;
mod command;
mod event;
mod kind;
mod pause;
mod refusal;
mod schedule;
#[cfg(test)]
mod tests;

pub use aggregate::{Agent, Profile};
pub use calendar::{Calendar, NotACalendar, Passed};
pub use command::AgentCommand;
pub use event::AgentEvent;
pub use kind::AgentKind;
pub use pause::PauseMode;
pub use refusal::AgentRefusal;
pub use schedule::{CatchUp, CronExpression, HeldSchedule, Overlap, Schedule, ScheduleChange, TimeZoneName};
