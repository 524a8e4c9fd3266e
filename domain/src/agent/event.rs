use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::event::event_names;
use crate::id::{ScheduleId, UserId};
use crate::text::{Capabilities, Description, Name, Reason};
use crate::usage::MicroUsd;

use super::kind::AgentKind;
use super::pause::PauseMode;
use super::schedule::Schedule;

/// What happened to an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentEvent {
    /// Came into being, idle.
    Created {
        /// What it is called.
        name: Name,
        /// What it is for.
        description: Description,
        /// What runs it.
        agent_type: AgentKind,
        /// How it is set up.
        configuration: Document,
        /// What it may use.
        capabilities: Capabilities,
        /// Who created it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        created_by: Option<UserId>,
    },
    /// Some of what describes it became other.
    Changed {
        /// The new name, if it changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Name>,
        /// The new description, if it changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<Description>,
        /// What runs it since, if it changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent_type: Option<AgentKind>,
        /// The new configuration, if it changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        configuration: Option<Document>,
        /// The new capabilities, if they changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        capabilities: Option<Capabilities>,
    },
    /// Takes tasks.
    Started {},
    /// Takes no more tasks.
    Stopped {},
    /// Takes no tasks for a while.
    Paused {
        /// What became of the tasks that it was at.
        #[serde(default, skip_serializing_if = "PauseMode::is_drain")]
        mode: PauseMode,
    },
    /// Takes tasks again.
    Resumed {},
    /// Cannot work.
    Failed {
        /// What is wrong.
        reason: Reason,
    },
    /// What it may spend in a calendar month became other.
    BudgetSet {
        /// What it may; absent is as much as it takes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit_micro_usd: Option<MicroUsd>,
    },
    /// Is given tasks by a schedule.
    ScheduleCreated {
        /// The schedule's id.
        schedule_id: ScheduleId,
        /// What it says.
        schedule: Box<Schedule>,
    },
    /// A schedule became another.
    ScheduleChanged {
        /// Which.
        schedule_id: ScheduleId,
        /// All that it says since.
        schedule: Box<Schedule>,
    },
    /// Is given no more tasks by a schedule.
    ScheduleRemoved {
        /// Which.
        schedule_id: ScheduleId,
    },
    /// Ended for good.
    Terminated {},
}

event_names!(AgentEvent, Agent, "1.0", {
    Created => "agent.created",
    Changed => "agent.changed",
    Started => "agent.started",
    Stopped => "agent.stopped",
    Paused => "agent.paused",
    Resumed => "agent.resumed",
    Failed => "agent.failed",
    BudgetSet => "agent.budget_set",
    ScheduleCreated => "agent.schedule_created",
    ScheduleChanged => "agent.schedule_changed",
    ScheduleRemoved => "agent.schedule_removed",
    Terminated => "agent.terminated",
});
