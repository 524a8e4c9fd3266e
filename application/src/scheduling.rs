//! Tasks by schedule: one for each due time, however many processes look, and whenever they die.
//!
//! The id of such a task follows from its schedule and its due time, and a stream is begun only once: that is what
//! makes a time lead to one task. The claim only keeps processes from doing the same work at once.

use chrono::{DateTime, TimeDelta, Utc};
use domain::agent::{Agent, Calendar, CatchUp, Overlap, Schedule};
use domain::task::{Task, TaskCommand};
use domain::{Event, Metadata, ScheduleId, StreamId, TaskId};
use futures::stream::{StreamExt as _, iter};
use sha2::{Digest, Sha256};
use uuid::Builder;

use crate::App;
use crate::commit::{Commit, CommitError, Expected};
use crate::error::AppError;
use crate::execute::ATTEMPTS;
use crate::ports::{ClaimedSchedule, Settled, Skipped};

/// How many schedules are taken at once, and how many of them are looked at together.
const TAKEN_AT_ONCE: usize = 64;
const TOGETHER: usize = 8;
/// A time that has passed for longer than this counts as missed.
const LATE: TimeDelta = TimeDelta::seconds(60);

/// What came of a due time.
enum Outcome {
    Made(TaskId),
    Skipped(&'static str),
    /// The schedule is another since, or gone: whoever looks next sees what it is now.
    Outdated,
}

impl App {
    /// Makes the tasks that are due; says whether there may be more.
    pub async fn run_schedules(&self) -> Result<bool, AppError> {
        let claimed = self.schedules.claim(TAKEN_AT_ONCE).await?;
        let is_full = claimed.len() == TAKEN_AT_ONCE;
        iter(claimed)
            .for_each_concurrent(TOGETHER, |claimed| async move {
                if let Err(error) = self.run_schedule(&claimed).await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        schedule.id = %claimed.schedule,
                        "a schedule could not be followed now; its claim runs out by itself"
                    );
                }
            })
            .await;
        Ok(is_full)
    }

    async fn run_schedule(&self, claimed: &ClaimedSchedule) -> Result<(), AppError> {
        let (agent, _) = self.load::<Agent>(StreamId::agent(claimed.tenant, claimed.agent)).await?;
        let Some(schedule) = present(&agent, claimed) else {
            return Ok(self.schedules.settle(claimed, &Settled::default()).await?);
        };
        let settled = self.settled(claimed, schedule).await?;
        if let Some(Skipped { times, reason, .. }) = &settled.skipped {
            tracing::info!(
                tenant.id = %claimed.tenant, schedule.id = %claimed.schedule, times, reason,
                "a schedule left out a due time"
            );
        }
        Ok(self.schedules.settle(claimed, &settled).await?)
    }

    async fn settled(&self, claimed: &ClaimedSchedule, schedule: &Schedule) -> Result<Settled, AppError> {
        let now = claimed.now;
        if !schedule.enabled {
            return Ok(Settled::default());
        }
        let Ok(calendar) = Calendar::of(&schedule.cron, &schedule.time_zone, now) else {
            let skipped = Skipped { times: 1, at: now, reason: "schedule.no_calendar" };
            return Ok(Settled { skipped: Some(skipped), ..Settled::default() });
        };
        let due = claimed.next_at.or_else(|| calendar.next_after(claimed.since));
        let Some(due) = due.filter(|due| *due <= now) else {
            return Ok(Settled { next_at: due, ..Settled::default() });
        };
        let passed = calendar.passed(due, now);
        let is_missed = schedule.catch_up == CatchUp::Skip && now - passed.last > LATE;
        let outcome = if is_missed {
            Outcome::Skipped("schedule.missed")
        } else if schedule.overlap == Overlap::Skip && claimed.is_open {
            Outcome::Skipped("schedule.overlap")
        } else {
            self.make_task(claimed, passed.last).await?
        };
        let next_at = calendar.next_after(passed.last);
        let earlier = (passed.before > 0).then_some(Skipped {
            times: passed.before,
            at: due,
            reason: "schedule.missed",
        });
        Ok(match outcome {
            Outcome::Made(task) => Settled { next_at, made: Some((task, passed.last)), skipped: earlier },
            Outcome::Skipped(reason) => {
                let skipped = Skipped { times: passed.before + 1, at: passed.last, reason };
                Settled { next_at, made: None, skipped: Some(skipped) }
            }
            Outcome::Outdated => Settled { next_at: Some(due), ..Settled::default() },
        })
    }

    /// Makes the task of a due time and hands it to the workers, unless that has been done.
    async fn make_task(&self, claimed: &ClaimedSchedule, due: DateTime<Utc>) -> Result<Outcome, AppError> {
        let id = task_of(claimed.schedule, due);
        let agent_stream = StreamId::agent(claimed.tenant, claimed.agent);
        let task_stream = StreamId::task(claimed.tenant, id);
        for attempt in 1..=ATTEMPTS {
            let (agent, agent_version) = self.load::<Agent>(agent_stream).await?;
            let Some(schedule) = present(&agent, claimed) else {
                return Ok(Outcome::Outdated);
            };
            if !matches!(agent, Agent::Running(_)) {
                return Ok(Outcome::Skipped("agent.not_running"));
            }
            let metadata = Metadata { on_behalf_of: schedule.created_by, ..Metadata::system("scheduler") };
            let events = new_task(claimed, schedule, due)?;
            // The guard lets whoever removes, changes or stops first win.
            let commit = Commit::new(claimed.tenant, id.0, metadata)
                .guard(agent_stream, agent_version)
                .append(task_stream, Expected::Exactly(0), events);
            match self.log.commit(commit).await {
                Ok(_) => return Ok(Outcome::Made(id)),
                Err(CommitError::Limit(limit)) => return Ok(Outcome::Skipped(domain::Refusal::code(&limit))),
                Err(CommitError::VersionConflict) if self.load::<Task>(task_stream).await?.1 > 0 => {
                    return Ok(Outcome::Made(id));
                }
                Err(CommitError::VersionConflict) => self.clock.sleep(self.jitter(attempt)).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::Conflict)
    }
}

/// The schedule, if it is still as it was when it was claimed.
fn present<'a>(agent: &'a Agent, claimed: &ClaimedSchedule) -> Option<&'a Schedule> {
    let held = agent.profile()?.schedules.get(&claimed.schedule)?;
    (held.version == claimed.version).then_some(&held.schedule)
}

fn new_task(
    claimed: &ClaimedSchedule,
    schedule: &Schedule,
    due: DateTime<Utc>,
) -> Result<Vec<Event>, AppError> {
    let create = TaskCommand::Create {
        agent: claimed.agent,
        name: schedule.name.clone(),
        kind: schedule.task_type,
        input: schedule.input_data.clone(),
        priority: schedule.priority,
        timeout: schedule.timeout_seconds,
        max_attempts: schedule.max_attempts,
        scheduled_at: Some(due),
        created_by: schedule.created_by,
        queue_timeout: schedule.queue_timeout_seconds,
        conversation: None,
        fork: None,
        configuration: None,
        schedule: Some(claimed.schedule),
    };
    let mut task = Task::default();
    let mut events = task.decide(create)?;
    events.iter().cloned().for_each(|event| task.evolve(event));
    events.extend(task.decide(TaskCommand::Queue)?);
    Ok(events.into_iter().map(Event::from).collect())
}

/// The task of a due time: a UUIDv7 whose time is the due time and whose rest is a digest of what it follows from.
fn task_of(schedule: ScheduleId, due: DateTime<Utc>) -> TaskId {
    let millis = due.timestamp_millis();
    let digest = Sha256::new().chain_update(schedule.0).chain_update(millis.to_be_bytes()).finalize();
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    let millis = u64::try_from(millis).unwrap_or_default();
    TaskId(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_task_is_named_by_its_schedule_and_its_due_time_alone() {
        let (one, two) = (ScheduleId(Uuid::from_u128(1)), ScheduleId(Uuid::from_u128(2)));
        let (noon, later): (DateTime<Utc>, DateTime<Utc>) =
            ("2026-06-15T12:00:00Z".parse().unwrap(), "2026-06-15T12:01:00Z".parse().unwrap());
        assert_eq!(task_of(one, noon), task_of(one, noon));
        assert_ne!(task_of(one, noon), task_of(two, noon));
        assert_ne!(task_of(one, noon), task_of(one, later));
        assert_eq!(task_of(one, noon).0.get_version_num(), 7);
        assert!(task_of(one, noon).0 < task_of(two, later).0, "ids grow with time");
    }
}
