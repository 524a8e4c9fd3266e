use domain::agent::{
    Agent, AgentCommand, AgentRefusal, Calendar, HeldSchedule, NotACalendar, Schedule, ScheduleChange,
};
use domain::{AgentId, Permission, ScheduleId, StreamId};

use crate::App;
use crate::caller::Caller;
use crate::error::AppError;
use crate::execute::Done;

impl App {
    /// Gives an agent tasks by a schedule. How many an organisation may have is checked where the log is written.
    pub async fn create_schedule(
        &self,
        caller: &Caller,
        agent: AgentId,
        schedule: Schedule,
    ) -> Result<Done, AppError> {
        caller.require(Permission::CreateTasks)?;
        self.require_calendar(&schedule)?;
        let id = ScheduleId(self.ids.fresh());
        let schedule = Box::new(Schedule { created_by: Some(caller.user), ..schedule });
        let stream = StreamId::agent(caller.tenant, agent);
        self.commit_decision(caller, stream, |agent: &Agent, _, commit| {
            if agent.profile().is_none() {
                return Err(AppError::Invalid("/agent_id", "unknown", "no agent has this id"));
            }
            let command = AgentCommand::AddSchedule { id, schedule: schedule.clone() };
            Ok((agent.decide(command)?, commit.about(id.0)))
        })
        .await
    }

    /// Changes a schedule of an agent: one's own, or with the permission anybody's.
    pub async fn change_schedule(
        &self,
        caller: &Caller,
        agent: AgentId,
        id: ScheduleId,
        change: ScheduleChange,
    ) -> Result<Done, AppError> {
        caller.require(Permission::CreateTasks)?;
        let change = Box::new(change);
        let stream = StreamId::agent(caller.tenant, agent);
        self.commit_decision(caller, stream, |agent: &Agent, _, commit| {
            let held = own_or_managed(caller, agent, id)?;
            if change.cron.is_some() || change.time_zone.is_some() {
                self.require_calendar(&held.schedule.with(&change))?;
            }
            let command = AgentCommand::ChangeSchedule { id, change: change.clone() };
            Ok((agent.decide(command)?, commit.about(id.0)))
        })
        .await
    }

    /// Gives an agent no more tasks by a schedule: one's own, or with the permission anybody's. Those that were made
    /// stay.
    pub async fn remove_schedule(
        &self,
        caller: &Caller,
        agent: AgentId,
        id: ScheduleId,
    ) -> Result<Done, AppError> {
        caller.require(Permission::CreateTasks)?;
        let stream = StreamId::agent(caller.tenant, agent);
        self.commit_decision(caller, stream, |agent: &Agent, _, commit| {
            own_or_managed(caller, agent, id)?;
            Ok((agent.decide(AgentCommand::RemoveSchedule { id })?, commit.about(id.0)))
        })
        .await
    }

    fn require_calendar(&self, schedule: &Schedule) -> Result<(), AppError> {
        let calendar = Calendar::of(&schedule.cron, &schedule.time_zone, self.clock.now());
        calendar.map(drop).map_err(no_calendar)
    }
}

/// Which field is wrong, and why.
pub fn no_calendar(why: NotACalendar) -> AppError {
    match why {
        NotACalendar::Cron => {
            let detail = "must be a cron expression of five fields, such as 30 8 * * MON-FRI";
            AppError::Invalid("/cron", "malformed", detail)
        }
        NotACalendar::Never => AppError::Invalid("/cron", "never", "this time never comes"),
        NotACalendar::TimeZone => {
            let detail = "must be a time zone of the IANA database, such as Europe/Berlin";
            AppError::Invalid("/time_zone", "unknown", detail)
        }
    }
}

/// The schedule, in the version that the caller saw, if the caller made it or manages everybody's.
fn own_or_managed<'a>(
    caller: &Caller,
    agent: &'a Agent,
    id: ScheduleId,
) -> Result<&'a HeldSchedule, AppError> {
    let held = agent.profile().and_then(|profile| profile.schedules.get(&id));
    let held = held.ok_or(AgentRefusal::ScheduleUnknown)?;
    caller.origin.require_version(held.version)?;
    caller.require_own_or(held.schedule.created_by, Permission::ManageTasks)?;
    Ok(held)
}
