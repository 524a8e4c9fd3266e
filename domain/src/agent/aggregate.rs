use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::event::aggregate;
use crate::id::{AgentId, UserId};
use crate::text::{Capabilities, Description, Name};
use crate::usage::MicroUsd;

use super::command::AgentCommand;
use super::event::AgentEvent;
use super::kind::AgentKind;
use super::refusal::AgentRefusal;
use super::schedule::{self, Schedules};

/// An AI agent and the stage it is in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Agent {
    /// Not created.
    #[default]
    Absent,
    /// Takes no tasks.
    Idle(Profile),
    /// Takes tasks.
    Running(Profile),
    /// Takes no tasks for a while.
    Paused(Profile),
    /// Cannot work.
    Error(Profile),
    /// Ended for good.
    Terminated,
}

/// What describes an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// What it is called.
    pub name: Name,
    /// What it is for.
    pub description: Description,
    /// What runs it.
    pub kind: AgentKind,
    /// How it is set up.
    pub configuration: Document,
    /// What it may use.
    pub capabilities: Capabilities,
    /// Who created it.
    pub created_by: Option<UserId>,
    /// What it may spend in a calendar month; `None` is as much as it takes.
    #[serde(default)]
    pub budget: Option<MicroUsd>,
    /// By what it is given tasks.
    #[serde(default)]
    pub schedules: Schedules,
}

aggregate!(Agent, "agent", AgentCommand, AgentEvent, AgentRefusal, of | _, id | Some(AgentId(id)));

impl Agent {
    /// The events an order leads to, none where it changes nothing, or why it is refused.
    pub fn decide(&self, command: AgentCommand) -> Result<Vec<AgentEvent>, AgentRefusal> {
        use AgentCommand as C;
        match command {
            C::Create { name, description, kind, configuration, capabilities, created_by } => match self {
                Self::Absent => Ok(vec![AgentEvent::Created {
                    name,
                    description,
                    agent_type: kind,
                    configuration,
                    capabilities,
                    created_by,
                }]),
                _ => Err(AgentRefusal::AlreadyExists),
            },
            C::Change { name, description, kind, configuration, capabilities } => {
                let held = self.profile().ok_or(AgentRefusal::Absent)?;
                Ok(held.change(name, description, kind, configuration, capabilities))
            }
            C::Start => match self {
                Self::Idle(_) | Self::Error(_) => Ok(vec![AgentEvent::Started {}]),
                Self::Running(_) => Err(AgentRefusal::AlreadyRunning),
                Self::Paused(_) => Err(AgentRefusal::Paused),
                Self::Absent | Self::Terminated => Err(AgentRefusal::Absent),
            },
            C::Stop => match self {
                Self::Running(_) | Self::Paused(_) | Self::Error(_) => Ok(vec![AgentEvent::Stopped {}]),
                Self::Idle(_) => Err(AgentRefusal::NotRunning),
                Self::Absent | Self::Terminated => Err(AgentRefusal::Absent),
            },
            C::Pause { mode } => match self {
                Self::Running(_) => Ok(vec![AgentEvent::Paused { mode }]),
                Self::Paused(_) => Err(AgentRefusal::Paused),
                Self::Idle(_) | Self::Error(_) => Err(AgentRefusal::NotRunning),
                Self::Absent | Self::Terminated => Err(AgentRefusal::Absent),
            },
            C::Resume => match self {
                Self::Paused(_) => Ok(vec![AgentEvent::Resumed {}]),
                Self::Idle(_) | Self::Running(_) | Self::Error(_) => Err(AgentRefusal::NotPaused),
                Self::Absent | Self::Terminated => Err(AgentRefusal::Absent),
            },
            C::Fail { reason } => match self {
                Self::Running(_) | Self::Paused(_) => Ok(vec![AgentEvent::Failed { reason }]),
                Self::Idle(_) | Self::Error(_) => Err(AgentRefusal::NotRunning),
                Self::Absent | Self::Terminated => Err(AgentRefusal::Absent),
            },
            C::SetBudget { limit } => {
                let held = self.profile().ok_or(AgentRefusal::Absent)?.budget;
                let same = held == limit;
                Ok(if same { vec![] } else { vec![AgentEvent::BudgetSet { limit_micro_usd: limit }] })
            }
            C::AddSchedule { id, schedule } => schedule::add(self.schedules()?, id, schedule),
            C::ChangeSchedule { id, change } => schedule::change(self.schedules()?, id, &change),
            C::RemoveSchedule { id } => schedule::remove(self.schedules()?, id),
            C::Terminate => match self {
                Self::Idle(profile)
                | Self::Running(profile)
                | Self::Paused(profile)
                | Self::Error(profile) => {
                    let held = profile.schedules.keys();
                    let removed = held.map(|id| AgentEvent::ScheduleRemoved { schedule_id: *id });
                    Ok(removed.chain([AgentEvent::Terminated {}]).collect())
                }
                Self::Absent | Self::Terminated => Err(AgentRefusal::Absent),
            },
        }
    }

    /// The state after an event. An event that does not fit the stage is passed over.
    pub fn evolve(&mut self, event: AgentEvent) {
        use AgentEvent as E;
        *self = match (std::mem::take(self), event) {
            (
                Self::Absent,
                E::Created { name, description, agent_type, configuration, capabilities, created_by },
            ) => Self::Idle(Profile {
                name,
                description,
                kind: agent_type,
                configuration,
                capabilities,
                created_by,
                budget: None,
                schedules: Schedules::new(),
            }),
            (Self::Idle(profile) | Self::Error(profile), E::Started {})
            | (Self::Paused(profile), E::Resumed {}) => Self::Running(profile),
            (Self::Running(profile), E::Paused { .. }) => Self::Paused(profile),
            (Self::Running(profile) | Self::Paused(profile) | Self::Error(profile), E::Stopped {}) => {
                Self::Idle(profile)
            }
            (Self::Running(profile) | Self::Paused(profile), E::Failed { .. }) => Self::Error(profile),
            (Self::Idle(_) | Self::Running(_) | Self::Paused(_) | Self::Error(_), E::Terminated {}) => {
                Self::Terminated
            }
            (mut stage, event) => {
                if let Some(profile) = stage.profile_mut() {
                    profile.evolve(event);
                }
                stage
            }
        };
    }

    /// What describes it, unless it does not exist or was terminated.
    pub const fn profile(&self) -> Option<&Profile> {
        match self {
            Self::Idle(profile) | Self::Running(profile) | Self::Paused(profile) | Self::Error(profile) => {
                Some(profile)
            }
            Self::Absent | Self::Terminated => None,
        }
    }

    fn schedules(&self) -> Result<&Schedules, AgentRefusal> {
        self.profile().map(|profile| &profile.schedules).ok_or(AgentRefusal::Absent)
    }

    const fn profile_mut(&mut self) -> Option<&mut Profile> {
        match self {
            Self::Idle(profile) | Self::Running(profile) | Self::Paused(profile) | Self::Error(profile) => {
                Some(profile)
            }
            Self::Absent | Self::Terminated => None,
        }
    }
}

impl Profile {
    fn change(
        &self,
        name: Option<Name>,
        description: Option<Description>,
        kind: Option<AgentKind>,
        configuration: Option<Document>,
        capabilities: Option<Capabilities>,
    ) -> Vec<AgentEvent> {
        let name = name.filter(|new| *new != self.name);
        let description = description.filter(|new| *new != self.description);
        let agent_type = kind.filter(|new| *new != self.kind);
        let configuration = configuration.filter(|new| *new != self.configuration);
        let capabilities = capabilities.filter(|new| *new != self.capabilities);
        let same = name.is_none()
            && description.is_none()
            && agent_type.is_none()
            && configuration.is_none()
            && capabilities.is_none();
        if same {
            return vec![];
        }
        vec![AgentEvent::Changed { name, description, agent_type, configuration, capabilities }]
    }

    fn evolve(&mut self, event: AgentEvent) {
        match event {
            AgentEvent::Changed { name, description, agent_type, configuration, capabilities } => {
                self.name = name.unwrap_or_else(|| self.name.clone());
                self.description = description.unwrap_or_else(|| self.description.clone());
                self.kind = agent_type.unwrap_or_else(|| self.kind.clone());
                self.configuration = configuration.unwrap_or_else(|| self.configuration.clone());
                self.capabilities = capabilities.unwrap_or_else(|| self.capabilities.clone());
            }
            AgentEvent::ScheduleCreated { schedule_id, schedule }
            | AgentEvent::ScheduleChanged { schedule_id, schedule } => {
                schedule::set(&mut self.schedules, schedule_id, *schedule);
            }
            AgentEvent::ScheduleRemoved { schedule_id } => {
                self.schedules.remove(&schedule_id);
            }
            AgentEvent::BudgetSet { limit_micro_usd } => self.budget = limit_micro_usd,
            AgentEvent::Created { .. }
            | AgentEvent::Started {}
            | AgentEvent::Stopped {}
            | AgentEvent::Paused { .. }
            | AgentEvent::Resumed {}
            | AgentEvent::Failed { .. }
            | AgentEvent::Terminated {} => {}
        }
    }
}
