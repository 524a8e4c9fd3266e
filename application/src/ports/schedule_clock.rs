use chrono::{DateTime, Utc};
use domain::{AgentId, ScheduleId, TaskId, TenantId};

use super::Unavailable;

/// When schedules are due. What is kept here can be made anew; that each due time leads to one task is for the log to see
/// to, so the worst that a lost claim does is that a time is looked at twice.
#[async_trait::async_trait]
pub trait ScheduleClock: Send + Sync {
    /// Takes at most `most` schedules that are due, new, changed, or whose due time was set by a clock that has gone back
    /// since. For half a minute nobody else is given them.
    async fn claim(&self, most: usize) -> Result<Vec<ClaimedSchedule>, Unavailable>;

    /// Says when a schedule is due next, and what became of the time that has passed. Does nothing if the claim was
    /// another's meanwhile.
    async fn settle(&self, claimed: &ClaimedSchedule, settled: &Settled) -> Result<(), Unavailable>;
}

/// A schedule under a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedSchedule {
    /// Whose.
    pub tenant: TenantId,
    /// Whose tasks.
    pub agent: AgentId,
    /// Which.
    pub schedule: ScheduleId,
    /// The version that was seen.
    pub version: i64,
    /// When that version was set.
    pub since: DateTime<Utc>,
    /// When it is due, or was; nothing if nobody has said yet.
    pub next_at: Option<DateTime<Utc>>,
    /// Whether its last task has come to no end.
    pub is_open: bool,
    /// Now, by the clock that decides.
    pub now: DateTime<Utc>,
    /// Until when nobody else is given it; names the claim.
    pub claimed_until: DateTime<Utc>,
}

/// What became of a due time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// When the schedule is due next; nothing while it is paused.
    pub next_at: Option<DateTime<Utc>>,
    /// The task that was made, and for which time.
    pub made: Option<(TaskId, DateTime<Utc>)>,
    /// Times that were left out.
    pub skipped: Option<Skipped>,
}

/// Times that were left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// How many; of very many, at least so many.
    pub times: usize,
    /// One of them.
    pub at: DateTime<Utc>,
    /// A stable code such as `schedule.overlap`.
    pub reason: &'static str,
}
