use crate::document::Document;
use crate::id::{ScheduleId, UserId};
use crate::text::{Capabilities, Description, Name, Reason};
use crate::usage::MicroUsd;

use super::kind::AgentKind;
use super::pause::PauseMode;
use super::schedule::{Schedule, ScheduleChange};

/// Orders to an agent.
#[derive(Clone, Debug, PartialEq)]
pub enum AgentCommand {
    /// Bring it into being, idle.
    Create {
        /// What it is called.
        name: Name,
        /// What it is for.
        description: Description,
        /// What runs it.
        kind: AgentKind,
        /// How it is set up.
        configuration: Document,
        /// What it may use.
        capabilities: Capabilities,
        /// Who created it; nobody where the creator is no user.
        created_by: Option<UserId>,
    },
    /// Change what is given; the rest stays.
    Change {
        /// A new name.
        name: Option<Name>,
        /// A new description.
        description: Option<Description>,
        /// Another thing to run it.
        kind: Option<AgentKind>,
        /// A new configuration, all of it.
        configuration: Option<Document>,
        /// New capabilities, all of them.
        capabilities: Option<Capabilities>,
    },
    /// Let it take tasks.
    Start,
    /// Take no more tasks. Those that run are cancelled in the same commit.
    Stop,
    /// Take no tasks for a while.
    Pause {
        /// What becomes of the tasks that run.
        mode: PauseMode,
    },
    /// Take tasks again.
    Resume,
    /// Record that it cannot work.
    Fail {
        /// What is wrong.
        reason: Reason,
    },
    /// Set what it may spend in a calendar month.
    SetBudget {
        /// What it may; `None` is as much as it takes.
        limit: Option<MicroUsd>,
    },
    /// Give it tasks by a schedule.
    AddSchedule {
        /// The schedule's id.
        id: ScheduleId,
        /// What it says.
        schedule: Box<Schedule>,
    },
    /// Change what is given of a schedule; the rest stays.
    ChangeSchedule {
        /// Which.
        id: ScheduleId,
        /// What becomes other.
        change: Box<ScheduleChange>,
    },
    /// Give it no more tasks by a schedule.
    RemoveSchedule {
        /// Which.
        id: ScheduleId,
    },
    /// End it for good; its history stays.
    Terminate,
}
