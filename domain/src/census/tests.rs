//! Given what a tenant holds, when events are to be committed, then the new census or the limit they break.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Census, LimitReached, MOST_SCHEDULES, month_start, next_month};
use crate::agent::{AgentEvent, CatchUp, Overlap, Schedule};
use crate::content::ContentHash;
use crate::document::Document;
use crate::event::Event;
use crate::id::{AgentId, AttemptId, ScheduleId, SessionId};
use crate::personal::Personal;
use crate::plan::{Resource, Tier};
use crate::policy::Role;
use crate::refusal::{Refusal, RefusalKind};
use crate::task::{
    Answer, Failure, MaxAttempts, OnTimeout, Priority, Question, StepKind, TaskEvent, TaskKind,
    TimeoutSeconds, Verdict,
};
use crate::tenant::TenantEvent;
use crate::text::Capabilities;
use crate::usage::{MicroUsd, Usage};
use crate::user::{SignInFailure, UserEvent};

#[test]
fn the_last_place_of_every_limited_resource_can_be_taken_and_no_more() {
    for tier in Tier::ALL {
        for resource in Resource::ALL {
            let Some(limit) = tier.limits().of(resource) else {
                continue;
            };
            let last = holding(tier, resource, limit - 1).admit([&one_more(resource)], june()).unwrap();
            assert_eq!(last.used(resource, june()), limit);
            let refusal = last.admit([&one_more(resource)], june()).unwrap_err();
            let resets_at = (resource == Resource::TasksPerMonth).then(|| at("2026-07-01T00:00:00Z"));
            assert_eq!(refusal, LimitReached::Quota { resource, limit, used: limit, resets_at });
        }
    }
}

#[test]
fn an_enterprise_has_no_limits() {
    for resource in Resource::ALL {
        assert_eq!(Tier::Enterprise.limits().of(resource), None);
        let many = holding(Tier::Enterprise, resource, 1_000_000);
        assert!(many.admit([&one_more(resource)], june()).is_ok());
    }
}

#[test]
fn a_commit_that_takes_more_places_than_are_left_takes_none() {
    let census = holding(Tier::Free, Resource::Agents, 4);
    let refusal = census.admit([&agent_created(), &agent_created()], june());
    assert_eq!(
        refusal,
        Err(LimitReached::Quota { resource: Resource::Agents, limit: 5, used: 4, resets_at: None })
    );
}

#[test]
fn a_place_given_back_in_the_same_commit_is_free() {
    let full = holding(Tier::Free, Resource::Agents, 5);
    let swapped = [agent_created(), AgentEvent::Terminated {}.into()];
    assert_eq!(full.admit(&swapped, june()), Ok(full));
}

#[test]
fn every_way_of_gaining_access_takes_a_users_place() {
    let full = holding(Tier::Free, Resource::Users, 3);
    for event in [
        registered(Role::Member),
        accepted(Role::Member),
        UserEvent::Reactivated { role: Role::Member }.into(),
    ] {
        let refusal = full.admit([&event], june()).unwrap_err();
        assert!(matches!(refusal, LimitReached::Quota { resource: Resource::Users, .. }));
    }
    assert_eq!(full.admit([&invited()], june()), Ok(full));
}

#[test]
fn what_takes_no_place_is_admitted_at_the_limit() {
    let full = Census {
        agents: 5,
        users: 3,
        owners: 1,
        tasks: 1_000,
        month: holding(Tier::Free, Resource::TasksPerMonth, 0).month,
        ..Census::default()
    };
    let session = SessionId(Uuid::from_u128(1));
    for event in [
        AgentEvent::Started {}.into(),
        TaskEvent::Queued { not_before: None }.into(),
        UserEvent::SignedIn { session, new_device: false }.into(),
        UserEvent::SignInFailed { failure: SignInFailure::WrongPassword }.into(),
        settings_changed(),
    ] {
        assert_eq!(full.admit([&event], june()), Ok(full), "{event:?}");
    }
}

#[test]
fn a_tenant_over_its_limit_may_do_anything_but_take_more() {
    let over = holding(Tier::Free, Resource::Agents, 9);
    assert!(over.admit([&one_more(Resource::Users)], june()).is_ok());
    let fewer = over.admit([&AgentEvent::Terminated {}.into()], june()).unwrap();
    assert_eq!(fewer.agents, 8);
    assert!(fewer.admit([&agent_created()], june()).is_err());
}

#[test]
fn a_tier_too_small_for_what_is_in_use_is_refused() {
    for resource in Resource::ALL {
        let limit = Tier::Free.limits().of(resource).unwrap();
        let fits = holding(Tier::Basic, resource, limit);
        let free = moved(Tier::Basic, Tier::Free);
        assert_eq!(fits.admit([&free], june()).unwrap().tier, Tier::Free);
        let refusal = holding(Tier::Basic, resource, limit + 1).admit([&free], june());
        assert_eq!(refusal, Err(LimitReached::TierTooSmall { resource, limit, used: limit + 1 }));
    }
}

#[test]
fn tasks_of_last_month_do_not_forbid_a_smaller_tier() {
    let census = holding(Tier::Basic, Resource::TasksPerMonth, 5_000);
    let free = moved(Tier::Basic, Tier::Free);
    assert!(census.admit([&free], june()).is_err());
    assert!(census.admit([&free], at("2026-07-01T00:00:00Z")).is_ok());
}

#[test]
fn a_larger_tier_makes_room_in_the_same_commit() {
    let full = holding(Tier::Free, Resource::Agents, 5);
    let events = [moved(Tier::Free, Tier::Basic), agent_created()];
    assert_eq!(full.admit(&events, june()).unwrap().agents, 6);
}

#[test]
fn an_organisation_has_so_many_schedules_whatever_its_plan() {
    let id = ScheduleId(Uuid::from_u128(1));
    let created: Event =
        AgentEvent::ScheduleCreated { schedule_id: id, schedule: Box::new(schedule()) }.into();
    let changed = AgentEvent::ScheduleChanged { schedule_id: id, schedule: Box::new(schedule()) }.into();
    let removed = AgentEvent::ScheduleRemoved { schedule_id: id }.into();
    let last = Census { tier: Tier::Enterprise, schedules: MOST_SCHEDULES - 1, ..Census::default() };
    let full = last.admit([&created], june()).unwrap();
    assert_eq!(full.schedules, MOST_SCHEDULES);
    assert_eq!(full.admit([&created], june()), Err(LimitReached::Schedules));
    assert_eq!(full.admit([&changed], june()).unwrap().schedules, MOST_SCHEDULES);
    assert_eq!(full.admit([&removed], june()).unwrap().schedules, MOST_SCHEDULES - 1);
    assert_eq!(full.admit([&removed, &created], june()).unwrap().schedules, MOST_SCHEDULES);
}

fn schedule() -> Schedule {
    Schedule {
        name: "Report".parse().unwrap(),
        cron: "0 8 * * *".parse().unwrap(),
        time_zone: "UTC".parse().unwrap(),
        task_type: TaskKind::Prompt,
        input_data: Document::default(),
        priority: Priority::default(),
        timeout_seconds: TimeoutSeconds::default(),
        max_attempts: MaxAttempts::default(),
        queue_timeout_seconds: None,
        overlap: Overlap::default(),
        catch_up: CatchUp::default(),
        enabled: true,
        created_by: None,
    }
}

#[test]
fn the_last_owner_can_be_neither_removed_nor_lowered() {
    let one_owner = Census { users: 2, owners: 1, ..Census::default() };
    for event in [UserEvent::Deactivated { role: Role::Owner }, role_changed(Role::Owner, Role::Admin)] {
        let refusal = one_owner.admit([&event.clone().into()], june());
        assert_eq!(refusal, Err(LimitReached::LastOwner));
        let two_owners = Census { owners: 2, ..one_owner };
        assert_eq!(two_owners.admit([&event.into()], june()).unwrap().owners, 1);
    }
}

#[test]
fn an_owner_may_go_when_another_comes_in_the_same_commit() {
    let one_owner = Census { users: 2, owners: 1, ..Census::default() };
    let handed_over =
        [role_changed(Role::Owner, Role::Member).into(), role_changed(Role::Admin, Role::Owner).into()];
    assert_eq!(one_owner.admit(&handed_over, june()), Ok(one_owner));
}

#[test]
fn a_tenant_without_owner_may_act_until_its_first_comes() {
    let first = Census::default().admit([&registered(Role::Owner)], june()).unwrap();
    assert_eq!((first.users, first.owners), (1, 1));
    assert!(Census::default().admit([&agent_created()], june()).is_ok());
}

#[test]
fn what_was_under_way_in_a_suspended_tenant_comes_to_its_end() {
    let suspended = Census::default().admit([&suspended_event()], june()).unwrap();
    let ends: [Event; 2] = [
        TaskEvent::Cancelled { reason: "".parse().unwrap() }.into(),
        crate::user::UserEvent::SignedOut { session: crate::SessionId(uuid::Uuid::nil()) }.into(),
    ];
    assert_eq!(suspended.admit(&ends, june()), Ok(suspended));
}

#[test]
fn nothing_begins_in_a_suspended_tenant_but_its_reactivation() {
    let suspended = Census::default().admit([&suspended_event()], june()).unwrap();
    for event in [agent_created(), task_created(), registered(Role::Owner), settings_changed()] {
        let both = [TenantEvent::Reactivated {}.into(), event.clone()];
        assert_eq!(suspended.admit([&event], june()), Err(LimitReached::Suspended));
        assert_eq!(suspended.admit(&both, june()), Err(LimitReached::Suspended));
    }
    let reactivated = suspended.admit([&TenantEvent::Reactivated {}.into()], june());
    assert_eq!(reactivated, Ok(Census::default()));
    assert_eq!(suspended.admit([], june()), Ok(suspended));
}

#[test]
fn tasks_are_counted_anew_every_month_in_utc() {
    let full = holding(Tier::Free, Resource::TasksPerMonth, 1_000);
    let last_moment = at("2026-06-30T23:59:59.999999999Z");
    assert!(full.admit([&task_created()], last_moment).is_err());
    let july = last_moment + TimeDelta::nanoseconds(1);
    let anew = full.admit([&task_created()], july).unwrap();
    assert_eq!((anew.tasks, anew.used(Resource::TasksPerMonth, july)), (1, 1));
    let a_year_later = at("2027-06-15T00:00:00Z");
    assert_eq!(full.used(Resource::TasksPerMonth, a_year_later), 0);
}

#[test]
fn a_month_lasts_from_its_first_moment_to_the_next_ones() {
    for (moment, start, next) in [
        ("2026-06-15T12:00:00Z", "2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z"),
        ("2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z"),
        ("2028-02-29T23:59:59Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
    ] {
        assert_eq!(month_start(at(moment)), at(start));
        assert_eq!(next_month(at(moment)), at(next));
    }
}

#[test]
fn the_census_of_a_history_is_what_was_admitted_step_by_step() {
    let months = [june(), june(), at("2026-07-02T00:00:00Z")];
    let commits: [Vec<Event>; 3] = [
        vec![registered(Role::Owner), accepted(Role::Admin), task_created()],
        vec![agent_created(), moved(Tier::Free, Tier::Basic), role_changed(Role::Admin, Role::Owner).into()],
        vec![task_created(), AgentEvent::Terminated {}.into(), suspended_event()],
    ];
    let (mut admitted, mut counted) = (Census::default(), Census::default());
    for (events, at) in commits.iter().zip(months) {
        admitted = admitted.admit(events, at).unwrap();
        for event in events {
            counted.count(event, at);
        }
    }
    let expected = Census {
        tier: Tier::Basic,
        suspended: true,
        stopped: false,
        agents: 0,
        schedules: 0,
        users: 2,
        owners: 2,
        tasks: 1,
        month: 2026 * 12 + 6,
    };
    assert_eq!((admitted, counted), (expected, expected));
}

#[test]
fn while_all_work_is_stopped_nothing_of_an_attempt_is_taken_whoever_brings_it() {
    let stopped = Census::default().admit([&work_stopped()], june()).unwrap();
    for event in work_events() {
        assert_eq!(stopped.admit([&event], june()), Err(LimitReached::Stopped), "{event:?}");
        let both = [TenantEvent::WorkReopened {}.into(), event.clone()];
        let gives_back = matches!(event, Event::Task(TaskEvent::HandedBack { .. }));
        let admitted = if gives_back { Ok(Census::default()) } else { Err(LimitReached::Stopped) };
        assert_eq!(stopped.admit(&both, june()), admitted, "{event:?}");
    }
}

#[test]
fn while_all_work_is_stopped_people_go_on_and_may_cancel_and_reopen() {
    let stopped = Census::default().admit([&work_stopped()], june()).unwrap();
    let cancelled: Event = TaskEvent::Cancelled { reason: "stopped".parse().unwrap() }.into();
    for event in [cancelled, task_created(), agent_created(), registered(Role::Member), suspended_event()] {
        assert!(stopped.admit([&event], june()).is_ok(), "{event:?}");
    }
    let reopened = stopped.admit([&TenantEvent::WorkReopened {}.into()], june()).unwrap();
    assert_eq!(reopened, Census::default());
    for event in work_events() {
        assert!(reopened.admit([&event], june()).is_ok(), "{event:?}");
    }
}

#[test]
fn in_a_suspended_tenant_no_step_begins_and_those_under_way_end() {
    let suspended = Census::default().admit([&suspended_event()], june()).unwrap();
    for event in work_events() {
        let ends = matches!(
            event,
            Event::Task(
                TaskEvent::StepEnded { .. }
                    | TaskEvent::HandedBack { .. }
                    | TaskEvent::Completed { .. }
                    | TaskEvent::AttemptFailed { .. }
            )
        );
        let answer = if ends { Ok(suspended) } else { Err(LimitReached::Suspended) };
        assert_eq!(suspended.admit([&event], june()), answer, "{event:?}");
    }
    for event in [work_stopped(), TenantEvent::WorkReopened {}.into()] {
        assert_eq!(suspended.admit([&event], june()), Err(LimitReached::Suspended));
    }
    let expired: Event = TaskEvent::ApprovalExpired { approval_id: Uuid::nil(), step: 1 }.into();
    assert_eq!(suspended.admit([&expired], june()), Ok(suspended));
}

#[test]
fn every_limit_has_its_kind_code_and_sentence() {
    let resource = Resource::TasksPerMonth;
    let quota = LimitReached::Quota { resource, limit: 5, used: 5, resets_at: None };
    let too_small = LimitReached::TierTooSmall { resource, limit: 5, used: 6 };
    for (limit, kind, code, sentence) in [
        (quota, RefusalKind::Forbidden, "quota_exceeded", "the plan's limit of 5 tasks_per_month is reached"),
        (
            too_small,
            RefusalKind::WrongStage,
            "tier_too_small",
            "the tier allows 5 tasks_per_month, and 6 are in use",
        ),
        (
            LimitReached::LastOwner,
            RefusalKind::WrongStage,
            "last_owner",
            "the last owner can be neither removed nor lowered",
        ),
        (
            LimitReached::Suspended,
            RefusalKind::Forbidden,
            "tenant.suspended",
            "the organisation is suspended",
        ),
        (
            LimitReached::Stopped,
            RefusalKind::WrongStage,
            "tenant.work_stopped",
            "all work of the organisation is stopped",
        ),
        (
            LimitReached::Budget { limit: MicroUsd::from(2_500_000), left: MicroUsd::from(1) },
            RefusalKind::Forbidden,
            "budget_exceeded",
            "the budget of 2.500000 USD leaves 0.000001 USD",
        ),
    ] {
        assert_eq!((limit.kind(), limit.code()), (kind, code));
        assert_eq!(limit.to_string(), sentence);
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn june() -> DateTime<Utc> {
    at("2026-06-15T12:00:00Z")
}

/// A census of June 2026.
fn holding(tier: Tier, resource: Resource, number: u32) -> Census {
    let of = |this| if resource == this { number } else { 0 };
    Census {
        tier,
        suspended: false,
        stopped: false,
        agents: of(Resource::Agents),
        schedules: 0,
        users: of(Resource::Users),
        owners: 0,
        tasks: of(Resource::TasksPerMonth),
        month: 2026 * 12 + 5,
    }
}

fn one_more(resource: Resource) -> Event {
    match resource {
        Resource::Agents => agent_created(),
        Resource::TasksPerMonth => task_created(),
        Resource::Users => registered(Role::Member),
    }
}

fn agent_created() -> Event {
    AgentEvent::Created {
        name: "Scout".parse().unwrap(),
        description: "".parse().unwrap(),
        agent_type: "echo".parse().unwrap(),
        configuration: Document::default(),
        capabilities: Capabilities::default(),
        created_by: None,
    }
    .into()
}

fn task_created() -> Event {
    TaskEvent::Created {
        agent_id: AgentId(Uuid::from_u128(9)),
        name: "Count".parse().unwrap(),
        task_type: TaskKind::Prompt,
        input_data: Document::default(),
        priority: Priority::default(),
        timeout_seconds: TimeoutSeconds::default(),
        max_attempts: MaxAttempts::default(),
        scheduled_at: None,
        created_by: None,
        queue_timeout_seconds: None,
        conversation_id: None,
        forked_from: None,
        configuration: None,
        schedule_id: None,
    }
    .into()
}

fn registered(role: Role) -> Event {
    UserEvent::Registered {
        email: Personal::new(Uuid::nil(), "ada@acme.org".parse().unwrap()),
        full_name: Personal::new(Uuid::nil(), "Ada".parse().unwrap()),
        role,
    }
    .into()
}

fn invited() -> Event {
    UserEvent::Invited {
        expires_at: None,
        invited_by: None,
        issue: None,
        email: Personal::new(Uuid::nil(), "ada@acme.org".parse().unwrap()),
        full_name: None,
        role: Role::Owner,
    }
    .into()
}

fn accepted(role: Role) -> Event {
    UserEvent::InvitationAccepted { full_name: Personal::new(Uuid::nil(), "Ada".parse().unwrap()), role }
        .into()
}

fn role_changed(from: Role, to: Role) -> UserEvent {
    UserEvent::RoleChanged { from, to }
}

fn moved(from: Tier, to: Tier) -> Event {
    TenantEvent::SubscriptionChanged { from, to }.into()
}

fn settings_changed() -> Event {
    TenantEvent::SettingsChanged { settings: Document::default() }.into()
}

fn work_stopped() -> Event {
    TenantEvent::WorkStopped { reason: "wrong customers".parse().unwrap() }.into()
}

/// One of every event that an agent's work leads to.
fn work_events() -> Vec<Event> {
    let attempt_id = AttemptId(Uuid::from_u128(1));
    let (call_id, hash, usage) = (Uuid::from_u128(2), ContentHash([1; 32]), Usage::default());
    let failure = Failure { code: "provider.timeout".to_owned(), message: "".parse().unwrap() };
    let question = Question {
        approval_id: call_id,
        step: 1,
        tool: "http_request".to_owned(),
        shown: hash,
        expires_at: june(),
        on_timeout: OnTimeout::Fail,
    };
    let answer = Answer { step: 1, shown: hash, verdict: Verdict::Approved, reason: "".parse().unwrap() };
    let events = [
        TaskEvent::Queued { not_before: None },
        TaskEvent::Retried {},
        TaskEvent::AttemptStarted { attempt_id, number: 1, agent_version: None },
        TaskEvent::StepStarted {
            attempt_id,
            step: 1,
            kind: StepKind::Model,
            name: "echo".to_owned(),
            provider: "echo".to_owned(),
            call_id,
            request: hash,
            reserved_micro_usd: MicroUsd::default(),
            has_side_effects: false,
        },
        TaskEvent::StepEnded {
            attempt_id,
            step: 1,
            call_id,
            reply: Some(hash),
            failure: None,
            usage,
            price_table: String::new(),
            latency_ms: 1,
        },
        TaskEvent::ApprovalRequested { attempt_id, question, usage },
        TaskEvent::ApprovalDecided { approval_id: call_id, answer },
        TaskEvent::HandedBack { attempt_id, usage, not_before: None },
        TaskEvent::Completed { attempt_id, output_data: Document::default(), usage },
        TaskEvent::AttemptFailed { attempt_id, failure, usage, retry_at: None, is_deferral: false },
    ];
    events.map(Event::from).into()
}

fn suspended_event() -> Event {
    TenantEvent::Suspended { reason: "unpaid".parse().unwrap() }.into()
}
