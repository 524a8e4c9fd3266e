//! Whatever is ordered in whatever sequence, no history breaks the rules: they are written down here once more,
//! as tables and counters that know nothing of the aggregates' code.

mod support;

use std::fmt::Debug;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use cqrs_es::{Aggregate, DomainEvent};
use domain::agent::{Agent, AgentCommand};
use domain::plan::Resource;
use domain::task::{Task, TaskCommand, TaskEvent};
use domain::tenant::{Tenant, TenantCommand};
use domain::user::{User, UserCommand};
use domain::{AttemptId, Census, Event, LimitReached, MOST_SCHEDULES, Role, Root, Tier};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use support::Staged;

/// From which stage an event may lead to which.
type Steps = &'static [(&'static str, &'static str, &'static str)];

const TENANT: Steps = &[
    ("Absent", "tenant.created", "Active"),
    ("Active", "tenant.details_changed", "Active"),
    ("Active", "tenant.settings_changed", "Active"),
    ("Active", "tenant.subscription_changed", "Active"),
    ("Active", "tenant.suspended", "Suspended"),
    ("Active", "tenant.api_key_created", "Active"),
    ("Active", "tenant.api_key_revoked", "Active"),
    ("Active", "tenant.api_key_rotated", "Active"),
    ("Active", "tenant.provider_key_set", "Active"),
    ("Active", "tenant.provider_key_removed", "Active"),
    ("Active", "tenant.work_stopped", "Active"),
    ("Active", "tenant.work_reopened", "Active"),
    ("Active", "tenant.budget_set", "Active"),
    ("Suspended", "tenant.reactivated", "Active"),
];

const USER: Steps = &[
    ("Absent", "user.registered", "Active"),
    ("Absent", "user.invited", "Invited"),
    ("Invited", "user.invitation_accepted", "Active"),
    ("Invited", "user.invitation_resent", "Invited"),
    ("Invited", "user.invitation_expired", "Withdrawn"),
    ("Invited", "user.invitation_revoked", "Withdrawn"),
    ("Active", "user.profile_changed", "Active"),
    ("Active", "user.role_changed", "Active"),
    ("Active", "user.signed_in", "Active"),
    ("Active", "user.signed_out", "Active"),
    ("Active", "user.session_revoked", "Active"),
    ("Inactive", "user.session_revoked", "Inactive"),
    ("Active", "user.password_changed", "Active"),
    ("Active", "user.password_reset_requested", "Active"),
    ("Active", "user.sign_in_failed", "Active"),
    ("Active", "user.deactivated", "Inactive"),
    ("Inactive", "user.sign_in_failed", "Inactive"),
    ("Inactive", "user.reactivated", "Active"),
];

const AGENT: Steps = &[
    ("Absent", "agent.created", "Idle"),
    ("Idle", "agent.changed", "Idle"),
    ("Running", "agent.changed", "Running"),
    ("Paused", "agent.changed", "Paused"),
    ("Error", "agent.changed", "Error"),
    ("Idle", "agent.budget_set", "Idle"),
    ("Running", "agent.budget_set", "Running"),
    ("Paused", "agent.budget_set", "Paused"),
    ("Error", "agent.budget_set", "Error"),
    ("Idle", "agent.schedule_created", "Idle"),
    ("Idle", "agent.schedule_changed", "Idle"),
    ("Idle", "agent.schedule_removed", "Idle"),
    ("Running", "agent.schedule_created", "Running"),
    ("Running", "agent.schedule_changed", "Running"),
    ("Running", "agent.schedule_removed", "Running"),
    ("Paused", "agent.schedule_created", "Paused"),
    ("Paused", "agent.schedule_changed", "Paused"),
    ("Paused", "agent.schedule_removed", "Paused"),
    ("Error", "agent.schedule_created", "Error"),
    ("Error", "agent.schedule_changed", "Error"),
    ("Error", "agent.schedule_removed", "Error"),
    ("Idle", "agent.started", "Running"),
    ("Error", "agent.started", "Running"),
    ("Running", "agent.paused", "Paused"),
    ("Paused", "agent.resumed", "Running"),
    ("Running", "agent.stopped", "Idle"),
    ("Paused", "agent.stopped", "Idle"),
    ("Error", "agent.stopped", "Idle"),
    ("Running", "agent.failed", "Error"),
    ("Paused", "agent.failed", "Error"),
    ("Idle", "agent.terminated", "Terminated"),
    ("Running", "agent.terminated", "Terminated"),
    ("Paused", "agent.terminated", "Terminated"),
    ("Error", "agent.terminated", "Terminated"),
];

const TASK: Steps = &[
    ("Absent", "task.created", "Pending"),
    ("Pending", "task.amended", "Pending"),
    ("Queued", "task.amended", "Queued"),
    ("Pending", "task.queued", "Queued"),
    ("Queued", "task.attempt_started", "Running"),
    ("Running", "task.step_started", "Running"),
    ("Running", "task.step_ended", "Running"),
    ("Running", "task.approval_requested", "WaitingApproval"),
    ("WaitingApproval", "task.approval_decided", "Queued"),
    ("WaitingApproval", "task.approval_expired", "Queued"),
    ("WaitingApproval", "task.approval_expired", "WaitingApproval"),
    ("WaitingApproval", "task.failed", "Failed"),
    ("WaitingApproval", "task.cancelled", "Cancelled"),
    ("WaitingApproval", "task.withdrawn", "Withdrawn"),
    ("Running", "task.handed_back", "Queued"),
    ("Queued", "task.failed", "Failed"),
    ("Running", "task.completed", "Completed"),
    ("Running", "task.attempt_failed", "Queued"),
    ("Running", "task.attempt_failed", "Running"),
    ("Running", "task.failed", "Failed"),
    ("Failed", "task.retried", "Queued"),
    ("Cancelled", "task.retried", "Queued"),
    ("Pending", "task.cancelled", "Cancelled"),
    ("Queued", "task.cancelled", "Cancelled"),
    ("Running", "task.cancelled", "Cancelled"),
    ("Pending", "task.withdrawn", "Withdrawn"),
    ("Queued", "task.withdrawn", "Withdrawn"),
    ("Completed", "task.withdrawn", "Withdrawn"),
    ("Failed", "task.withdrawn", "Withdrawn"),
    ("Cancelled", "task.withdrawn", "Withdrawn"),
];

/// Events that are recorded for people to know; no rule depends on them.
const INFORMATIONAL: &[&str] = &["user.sign_in_failed", "user.signed_out", "user.session_revoked"];

/// Events whose trace in the state depends on what came before: a changed password ends a request to reset it, if there
/// is one.
const MAY_CHANGE_NOTHING: &[&str] = &["user.password_changed", "user.password_reset_requested"];

type Checked = Result<(), TestCaseError>;

/// Obeys the orders one after another and watches every step.
fn live<A: Staged>(
    orders: &[A::Command],
    steps: Steps,
    mut watch: impl FnMut(&A::Command, Result<&[A::Event], &A::Error>, &A) -> Checked,
) -> Checked {
    let mut aggregate = A::default();
    for order in orders {
        let decided = A::decide(&aggregate, order.clone());
        let events = decided.as_deref().unwrap_or_default();
        for event in events {
            step(&mut aggregate, event, steps)?;
        }
        read_again(&aggregate)?;
        watch(order, decided.as_deref(), &aggregate)?;
    }
    Ok(())
}

/// Applies a decided event: it fits the rules, it changes something or is informational, and can be read again.
fn step<A: Staged>(aggregate: &mut A, event: &A::Event, steps: Steps) -> Checked {
    let before = aggregate.clone();
    aggregate.apply(event.clone());
    let name = event.event_type();
    let taken = (before.stage(), name.as_str(), aggregate.stage());
    prop_assert!(steps.contains(&taken), "{taken:?} is no legal step");
    // A last attempt's failure changes nothing by itself: `task.failed` follows in the same decision.
    let informs =
        INFORMATIONAL.contains(&name.as_str()) || taken == ("Running", "task.attempt_failed", "Running");
    // Only the first of all is remembered.
    if name == "user.signed_in" {
        return read_again(event);
    }
    if !MAY_CHANGE_NOTHING.contains(&name.as_str()) {
        prop_assert_eq!(before == *aggregate, informs, "{}", name);
    }
    read_again(event)
}

fn read_again<T>(value: &T) -> Checked
where
    T: PartialEq + Debug + serde::Serialize + serde::de::DeserializeOwned,
{
    let json = serde_json::to_string(value).expect("a state and an event are JSON");
    let read = serde_json::from_str::<T>(&json).map_err(|error| format!("{error}: {json}"));
    prop_assert_eq!(read.as_ref(), Ok(value));
    Ok(())
}

fn any_order<A: Staged>() -> impl Strategy<Value = A::Command> {
    select(A::orders()).prop_map(|(_, order)| order)
}

fn any_orders<A: Staged>() -> impl Strategy<Value = Vec<A::Command>> {
    proptest::collection::vec(any_order::<A>(), 0..60)
}

/// Takes events of real histories in any order, as often as it comes.
fn survives_any_order<A: Staged>(orders: &[A::Command], places: &[Index]) -> Checked {
    let mut events = Vec::new();
    live::<A>(orders, steps_of::<A>(), |_, decided, _| {
        events.extend(decided.unwrap_or_default().iter().cloned());
        Ok(())
    })?;
    let mut aggregate = A::default();
    for place in places.iter().take_while(|_| !events.is_empty()) {
        aggregate.apply(place.get(&events).clone());
        prop_assert!(A::STAGES.contains(&aggregate.stage()));
        read_again(&aggregate)?;
        for (_, order) in A::orders() {
            let _accepted_or_not = A::decide(&aggregate, order);
        }
    }
    Ok(())
}

fn steps_of<A: Aggregate>() -> Steps {
    match A::TYPE {
        "tenant" => TENANT,
        "user" => USER,
        "agent" => AGENT,
        _ => TASK,
    }
}

/// The rules of attempts, in counters of our own.
#[derive(Default)]
struct Attempts {
    running: Option<AttemptId>,
    ever: u32,
    this_run: u32,
}

impl Attempts {
    fn watch(
        &mut self,
        order: &TaskCommand,
        decided: Result<&[TaskEvent], &impl Debug>,
        after: &Task,
    ) -> Checked {
        if let TaskCommand::Complete { attempt, .. } | TaskCommand::FailAttempt { attempt, .. } = order {
            prop_assert_eq!(decided.is_ok(), self.running == Some(*attempt), "fenced by the attempt");
        }
        let events = decided.unwrap_or_default();
        for (at, event) in events.iter().enumerate() {
            self.count(event)?;
            if let TaskEvent::AttemptFailed { retry_at, .. } = event {
                let followed = matches!(events.get(at + 1), Some(TaskEvent::Failed { .. }));
                prop_assert_eq!(retry_at.is_none(), followed, "no retry, and only then failed");
            }
        }
        let Some((work, _)) = after.present() else {
            return Ok(());
        };
        prop_assert_eq!((work.attempts(), work.attempts_of_this_run()), (self.ever, self.this_run));
        prop_assert!(self.this_run <= work.max_attempts.get(), "more attempts than allowed");
        if after.stage() == "Queued" {
            prop_assert!(self.this_run < work.max_attempts.get(), "queued without an attempt left");
        }
        prop_assert_eq!(after.stage() == "Running", self.running.is_some());
        Ok(())
    }

    fn count(&mut self, event: &TaskEvent) -> Checked {
        match event {
            TaskEvent::AttemptStarted { attempt_id, number, .. } => {
                prop_assert_eq!(self.running, None, "two attempts at once");
                self.ever += 1;
                self.this_run += 1;
                self.running = Some(*attempt_id);
                prop_assert_eq!(*number, self.ever);
            }
            TaskEvent::Completed { .. } | TaskEvent::Cancelled { .. } => self.running = None,
            TaskEvent::AttemptFailed { is_deferral, .. } => {
                self.running = None;
                self.this_run -= u32::from(*is_deferral);
            }
            TaskEvent::ApprovalRequested { .. } | TaskEvent::HandedBack { .. } => {
                self.running = None;
                self.this_run -= 1;
            }
            TaskEvent::Retried {} => self.this_run = 0,
            TaskEvent::Created { .. }
            | TaskEvent::Amended { .. }
            | TaskEvent::Queued { .. }
            | TaskEvent::StepStarted { .. }
            | TaskEvent::StepEnded { .. }
            | TaskEvent::ApprovalDecided { .. }
            | TaskEvent::ApprovalExpired { .. }
            | TaskEvent::Failed { .. }
            | TaskEvent::Withdrawn {} => {}
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_orders_lead_a_tenant_astray(orders in any_orders::<Tenant>()) {
        live::<Tenant>(&orders, TENANT, |_, _, _| Ok(()))?;
    }

    #[test]
    fn no_orders_lead_a_user_astray(orders in any_orders::<User>()) {
        live::<User>(&orders, USER, |_, _, after| {
            prop_assert_eq!(after.active_role().is_some(), after.stage() == "Active");
            Ok(())
        })?;
    }

    #[test]
    fn no_orders_lead_an_agent_astray(orders in any_orders::<Agent>()) {
        live::<Agent>(&orders, AGENT, |_, _, after| {
            let described = !matches!(after.stage(), "Absent" | "Terminated");
            prop_assert_eq!(after.profile().is_some(), described);
            Ok(())
        })?;
    }

    #[test]
    fn no_orders_lead_a_task_astray(orders in any_orders::<Task>()) {
        let mut attempts = Attempts::default();
        live::<Task>(&orders, TASK, |order, decided, after| attempts.watch(order, decided, after))?;
    }

    #[test]
    fn any_events_in_any_order_end_in_some_stage(
        tenant in any_orders::<Tenant>(),
        user in any_orders::<User>(),
        agent in any_orders::<Agent>(),
        task in any_orders::<Task>(),
        places in proptest::collection::vec(any::<Index>(), 0..40),
    ) {
        survives_any_order::<Tenant>(&tenant, &places)?;
        survives_any_order::<User>(&user, &places)?;
        survives_any_order::<Agent>(&agent, &places)?;
        survives_any_order::<Task>(&task, &places)?;
    }
}

/// Something that happens in an organisation.
#[derive(Clone, Debug)]
enum Happening {
    Tenant(TenantCommand),
    User(Index, UserCommand),
    Agent(Index, AgentCommand),
    Task(Index, TaskCommand),
    DaysPass(i64),
}

fn any_happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        3 => any_order::<Tenant>().prop_map(Happening::Tenant),
        8 => (any::<Index>(), any_order::<User>()).prop_map(|(at, order)| Happening::User(at, order)),
        8 => (any::<Index>(), any_order::<Agent>()).prop_map(|(at, order)| Happening::Agent(at, order)),
        8 => (any::<Index>(), any_order::<Task>()).prop_map(|(at, order)| Happening::Task(at, order)),
        1 => (0..20_i64).prop_map(Happening::DaysPass),
    ]
}

/// A whole organisation of the basic tier, room for more of everything than the free tier allows, and its log.
struct Organisation {
    now: DateTime<Utc>,
    tenant: Tenant,
    users: Vec<User>,
    agents: Vec<Agent>,
    tasks: Vec<Task>,
    census: Census,
    log: Vec<(Event, DateTime<Utc>)>,
}

/// As many tasks this month as leave room for two in the free tier.
const TASKS_BEFORE: u32 = 998;

impl Organisation {
    fn founded() -> Self {
        let mut founded = Self {
            now: "2026-06-10T00:00:00Z".parse().expect("a time"),
            tenant: Tenant::default(),
            users: vec![User::default(); 6],
            agents: vec![Agent::default(); 8],
            tasks: vec![Task::default(); 12],
            census: Census::default(),
            log: Vec::new(),
        };
        let created = |orders: Result<Vec<TaskEvent>, _>| orders.expect("the first order creates");
        let task = created(Task::default().decide(Task::orders()[0].1.clone())).remove(0);
        for _ in 0..TASKS_BEFORE {
            founded.log.push((task.clone().into(), founded.now));
            founded.census.count(&task.clone().into(), founded.now);
        }
        let subscribe = TenantCommand::ChangeSubscription { tier: Tier::Basic };
        for order in [Tenant::orders()[0].1.clone(), subscribe] {
            let happened = founded.let_happen(Happening::Tenant(order));
            assert_eq!(happened, Ok(()));
        }
        founded
    }

    fn let_happen(&mut self, happening: Happening) -> Result<(), LimitReached> {
        let (at, before) = (self.now, self.census);
        let (admitted, events) = match happening {
            Happening::DaysPass(days) => {
                self.now += TimeDelta::days(days);
                return Ok(());
            }
            Happening::Tenant(order) => commit(&mut self.tenant, order, before, at)?,
            Happening::User(place, order) => commit(pick(&mut self.users, place), order, before, at)?,
            Happening::Agent(place, order) => commit(pick(&mut self.agents, place), order, before, at)?,
            Happening::Task(place, order) => commit(pick(&mut self.tasks, place), order, before, at)?,
        };
        self.census = admitted;
        self.log.extend(events.into_iter().map(|event| (event, at)));
        Ok(())
    }

    /// Counted in the aggregates themselves and, for the tasks of the month, in the log.
    fn used(&self, resource: Resource) -> usize {
        let month = |at: DateTime<Utc>| (at.year(), at.month());
        let created_this_month = |(event, at): &&(Event, DateTime<Utc>)| {
            matches!(event, Event::Task(TaskEvent::Created { .. })) && month(*at) == month(self.now)
        };
        match resource {
            Resource::Agents => self.agents.iter().filter(|agent| agent.profile().is_some()).count(),
            Resource::Users => self.users.iter().filter(|user| user.active_role().is_some()).count(),
            Resource::TasksPerMonth => self.log.iter().filter(created_this_month).count(),
        }
    }

    fn owners(&self) -> usize {
        let is_owner = |user: &&User| user.active_role() == Some(Role::Owner);
        self.users.iter().filter(is_owner).count()
    }

    fn is_within_its_limits(&self) -> Checked {
        for resource in Resource::ALL {
            let used = self.census.used(resource, self.now);
            prop_assert_eq!(self.used(resource), used as usize, "{:?}", resource);
            let limit = self.census.tier.limits().of(resource);
            prop_assert!(limit.is_none_or(|limit| used <= limit), "{used} {resource:?}");
        }
        prop_assert_eq!(self.owners(), self.census.owners as usize);
        prop_assert_eq!(self.tenant.stage() == "Suspended", self.census.suspended);
        if let Tenant::Active(organisation) | Tenant::Suspended(organisation) = &self.tenant {
            prop_assert_eq!(organisation.is_stopped, self.census.stopped);
        }
        Ok(())
    }
}

fn pick<T>(all: &mut [T], place: Index) -> &mut T {
    let place = place.index(all.len());
    &mut all[place]
}

/// Decides and, if the census admits it, applies, as the committer does under its lock.
fn commit<A: Root<Event: Into<Event>>>(
    aggregate: &mut A,
    order: A::Command,
    census: Census,
    at: DateTime<Utc>,
) -> Result<(Census, Vec<Event>), LimitReached> {
    let decided = A::decide(aggregate, order).unwrap_or_default();
    let events: Vec<Event> = decided.iter().cloned().map(Into::into).collect();
    let census = census.admit(&events, at)?;
    for event in decided {
        aggregate.apply(event);
    }
    Ok((census, events))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_organisation_outgrows_its_tier_or_loses_its_last_owner(
        happenings in proptest::collection::vec(any_happening(), 100..300),
    ) {
        let mut organisation = Organisation::founded();
        let mut ever_owned = false;
        for happening in happenings {
            let refused = organisation.let_happen(happening).err();
            organisation.is_within_its_limits()?;
            ever_owned |= organisation.owners() > 0;
            prop_assert!(!ever_owned || organisation.owners() > 0);
            match refused {
                Some(LimitReached::Quota { resource, limit, used, .. }) => {
                    prop_assert_eq!((used, organisation.used(resource)), (limit, limit as usize));
                }
                Some(LimitReached::TierTooSmall { resource, limit, used }) => {
                    prop_assert!(used > limit && organisation.used(resource) == used as usize);
                }
                Some(LimitReached::LastOwner) => prop_assert_eq!(organisation.owners(), 1),
                Some(LimitReached::Schedules) => prop_assert_eq!(organisation.census.schedules, MOST_SCHEDULES),
                Some(LimitReached::Suspended) => prop_assert!(organisation.census.suspended),
                Some(LimitReached::Stopped) => prop_assert!(organisation.census.stopped),
                // Money is held by the committer; the census knows none.
                Some(LimitReached::Budget { .. }) => prop_assert!(false, "nothing is bought here"),
                None => {}
            }
        }
        let mut counted = Census::default();
        for (event, at) in &organisation.log {
            counted.count(event, *at);
        }
        prop_assert_eq!(counted, organisation.census);
    }
}
