//! What a tenant holds, counted, and held against its plan.

use chrono::{DateTime, Datelike, Utc};

use crate::agent::AgentEvent;
use crate::event::Event;
use crate::plan::{Resource, Tier};
use crate::policy::Role;
use crate::refusal::{Refusal, RefusalKind};
use crate::task::TaskEvent;
use crate::tenant::TenantEvent;
use crate::usage::MicroUsd;
use crate::user::UserEvent;

#[cfg(test)]
mod tests;

/// The most schedules of an organisation, whatever its plan: each may ask for a task every minute.
pub const MOST_SCHEDULES: u32 = 100;

/// The counters of one tenant: a fold over its whole log. The committer keeps it in the row that orders the log
/// and asks [`Census::admit`] while it holds that row's lock, so no two commands can both take the last place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// The tier whose limits hold.
    pub tier: Tier,
    /// Whether the tenant is suspended.
    pub suspended: bool,
    /// Whether all work of its agents is stopped.
    pub stopped: bool,
    /// Agents that are not terminated.
    pub agents: u32,
    /// Schedules of its agents.
    pub schedules: u32,
    /// Users with access.
    pub users: u32,
    /// Owners among them.
    pub owners: u32,
    /// Tasks created in [`Census::month`].
    pub tasks: u32,
    /// The month of the last task, as year × 12 + month from 0, UTC.
    pub month: i32,
}

/// Why a commit would break the tenant's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitReached {
    /// The plan allows no more of a resource.
    #[error("the plan's limit of {limit} {} is reached", resource.as_str())]
    Quota {
        /// Of what.
        resource: Resource,
        /// The plan's limit.
        limit: u32,
        /// How many there are.
        used: u32,
        /// When the counter starts anew, for what is counted by the month.
        resets_at: Option<DateTime<Utc>>,
    },
    /// The tier asked for allows less than what is in use.
    #[error("the tier allows {limit} {}, and {used} are in use", resource.as_str())]
    TierTooSmall {
        /// Of what.
        resource: Resource,
        /// That tier's limit.
        limit: u32,
        /// How many there are.
        used: u32,
    },
    /// One owner must remain.
    #[error("the last owner can be neither removed nor lowered")]
    LastOwner,
    /// Nothing begins in a suspended tenant.
    #[error("the organisation is suspended")]
    Suspended,
    /// A call could cost more than the budget leaves.
    #[error("the budget of {} USD leaves {} USD", limit.to_decimal(), left.to_decimal())]
    Budget {
        /// What may be spent in a calendar month, UTC.
        limit: MicroUsd,
        /// What neither was spent nor is set aside.
        left: MicroUsd,
    },
    /// There are as many schedules as there may be.
    #[error("the organisation has {MOST_SCHEDULES} schedules already: remove one first")]
    Schedules,
    /// No agent works in a tenant that stopped all work.
    #[error("all work of the organisation is stopped")]
    Stopped,
}

impl Refusal for LimitReached {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::Quota { .. } | Self::Suspended | Self::Budget { .. } => RefusalKind::Forbidden,
            Self::TierTooSmall { .. } | Self::LastOwner | Self::Schedules | Self::Stopped => {
                RefusalKind::WrongStage
            }
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Quota { .. } => "quota_exceeded",
            Self::TierTooSmall { .. } => "tier_too_small",
            Self::LastOwner => "last_owner",
            Self::Schedules => "schedule.too_many",
            Self::Suspended => "tenant.suspended",
            Self::Stopped => "tenant.work_stopped",
            Self::Budget { .. } => "budget_exceeded",
        }
    }
}

impl Census {
    /// The census after `events`, committed at `at`, or why they may not be committed.
    pub fn admit<'a>(
        &self,
        events: impl IntoIterator<Item = &'a Event>,
        at: DateTime<Utc>,
    ) -> Result<Self, LimitReached> {
        let mut after = *self;
        let (mut moves, mut works, mut hands_back) = (false, false, false);
        for event in events {
            moves |= !ends_something(event);
            works |= is_work(event);
            hands_back |= matches!(event, Event::Task(TaskEvent::HandedBack { .. }));
            after.count(event, at);
        }
        if self.suspended && moves {
            return Err(LimitReached::Suspended);
        }
        // The commit that reopens gives back the attempts that the stop cut off, and does nothing else of theirs.
        if self.stopped && (works || hands_back && after.stopped) {
            return Err(LimitReached::Stopped);
        }
        after.within(self, at).map(|()| after)
    }

    /// Counts one event of the log.
    pub fn count(&mut self, event: &Event, at: DateTime<Utc>) {
        match event {
            Event::Tenant(event) => match event {
                TenantEvent::Created { tier, .. } => self.tier = *tier,
                TenantEvent::SubscriptionChanged { to, .. } => self.tier = *to,
                TenantEvent::Suspended { .. } => self.suspended = true,
                TenantEvent::Reactivated {} => self.suspended = false,
                TenantEvent::WorkStopped { .. } => self.stopped = true,
                TenantEvent::WorkReopened {} => self.stopped = false,
                TenantEvent::DetailsChanged { .. }
                | TenantEvent::SettingsChanged { .. }
                | TenantEvent::BudgetSet { .. }
                | TenantEvent::ApiKeyCreated { .. }
                | TenantEvent::ApiKeyRevoked { .. }
                | TenantEvent::ApiKeyRotated { .. }
                | TenantEvent::ProviderKeySet { .. }
                | TenantEvent::ProviderKeyRemoved { .. } => {}
            },
            Event::User(event) => self.count_user(event),
            Event::Agent(event) => match event {
                AgentEvent::Created { .. } => self.agents += 1,
                AgentEvent::ScheduleCreated { .. } => self.schedules += 1,
                AgentEvent::ScheduleRemoved { .. } => self.schedules = self.schedules.saturating_sub(1),
                AgentEvent::Terminated {} => self.agents = self.agents.saturating_sub(1),
                AgentEvent::Changed { .. }
                | AgentEvent::ScheduleChanged { .. }
                | AgentEvent::Started {}
                | AgentEvent::Stopped {}
                | AgentEvent::Paused { .. }
                | AgentEvent::Resumed {}
                | AgentEvent::BudgetSet { .. }
                | AgentEvent::Failed { .. } => {}
            },
            Event::Task(TaskEvent::Created { .. }) => {
                self.tasks = self.used(Resource::TasksPerMonth, at) + 1;
                self.month = month(at);
            }
            Event::Task(_) => {}
        }
    }

    fn count_user(&mut self, event: &UserEvent) {
        match event {
            UserEvent::Registered { role, .. }
            | UserEvent::InvitationAccepted { role, .. }
            | UserEvent::Reactivated { role } => {
                self.users += 1;
                self.owners += u32::from(*role == Role::Owner);
            }
            UserEvent::Deactivated { role } => {
                self.users = self.users.saturating_sub(1);
                self.owners = self.owners.saturating_sub(u32::from(*role == Role::Owner));
            }
            UserEvent::RoleChanged { from, to } => {
                self.owners = self.owners.saturating_sub(u32::from(*from == Role::Owner));
                self.owners += u32::from(*to == Role::Owner);
            }
            UserEvent::Invited { .. }
            | UserEvent::InvitationResent { .. }
            | UserEvent::InvitationExpired {}
            | UserEvent::InvitationRevoked {}
            | UserEvent::ProfileChanged { .. }
            | UserEvent::SignedIn { .. }
            | UserEvent::SignInFailed { .. }
            | UserEvent::PasswordChanged { .. }
            | UserEvent::PasswordResetRequested { .. }
            | UserEvent::SignedOut { .. }
            | UserEvent::SessionRevoked { .. } => {}
        }
    }

    /// How many of a resource are in use at that time.
    pub fn used(&self, resource: Resource, at: DateTime<Utc>) -> u32 {
        match resource {
            Resource::Agents => self.agents,
            Resource::Users => self.users,
            Resource::TasksPerMonth if self.month == month(at) => self.tasks,
            Resource::TasksPerMonth => 0,
        }
    }

    fn within(&self, before: &Self, at: DateTime<Utc>) -> Result<(), LimitReached> {
        for resource in Resource::ALL {
            let (used, held) = (self.used(resource, at), before.used(resource, at));
            let Some(limit) = self.tier.limits().of(resource) else {
                continue;
            };
            if used <= limit {
                continue;
            }
            if used > held {
                let resets_at = (resource == Resource::TasksPerMonth).then(|| next_month(at));
                return Err(LimitReached::Quota { resource, limit, used: held, resets_at });
            }
            if self.tier != before.tier {
                return Err(LimitReached::TierTooSmall { resource, limit, used });
            }
        }
        if self.schedules > before.schedules && self.schedules > MOST_SCHEDULES {
            return Err(LimitReached::Schedules);
        }
        if before.owners > 0 && self.owners == 0 {
            return Err(LimitReached::LastOwner);
        }
        Ok(())
    }
}

/// Whether an event belongs in the log of a suspended tenant too: what was under way comes to its end, and what it
/// consumed is kept.
const fn ends_something(event: &Event) -> bool {
    matches!(
        event,
        Event::Tenant(TenantEvent::Reactivated {} | TenantEvent::Suspended { .. })
            | Event::User(UserEvent::SignedOut { .. } | UserEvent::SessionRevoked { .. })
            | Event::Task(
                TaskEvent::StepEnded { .. }
                    | TaskEvent::ApprovalExpired { .. }
                    | TaskEvent::HandedBack { .. }
                    | TaskEvent::Completed { .. }
                    | TaskEvent::AttemptFailed { .. }
                    | TaskEvent::Failed { .. }
                    | TaskEvent::Cancelled { .. }
            )
    )
}

/// Whether an event is of an agent's work: while all work is stopped no such event is taken, whoever held a lease
/// before. An attempt is given back by the commit that reopens, and by no other.
const fn is_work(event: &Event) -> bool {
    matches!(
        event,
        Event::Task(
            TaskEvent::Queued { .. }
                | TaskEvent::Retried {}
                | TaskEvent::AttemptStarted { .. }
                | TaskEvent::StepStarted { .. }
                | TaskEvent::StepEnded { .. }
                | TaskEvent::ApprovalRequested { .. }
                | TaskEvent::ApprovalDecided { .. }
                | TaskEvent::Completed { .. }
                | TaskEvent::AttemptFailed { .. }
        )
    )
}

/// The calendar month that `at` lies in, as year × 12 + month from 0, UTC.
pub fn month(at: DateTime<Utc>) -> i32 {
    at.year() * 12 + i32::try_from(at.month0()).unwrap_or(0)
}

/// The first moment of the calendar month that `at` lies in, UTC.
pub fn month_start(at: DateTime<Utc>) -> DateTime<Utc> {
    first_of(month(at)).unwrap_or(at)
}

/// The first moment of the calendar month after the one that `at` lies in, UTC.
pub fn next_month(at: DateTime<Utc>) -> DateTime<Utc> {
    first_of(month(at) + 1).unwrap_or(at)
}

fn first_of(month: i32) -> Option<DateTime<Utc>> {
    let month_of_year = u32::try_from(month.rem_euclid(12)).ok()? + 1;
    let day = chrono::NaiveDate::from_ymd_opt(month.div_euclid(12), month_of_year, 1)?;
    Some(day.and_time(chrono::NaiveTime::MIN).and_utc())
}
