//! Given events, when a command, then events or a refusal.

use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use uuid::Uuid;

use super::AgentCommand as C;
use super::AgentEvent as E;
use super::AgentRefusal as R;
use super::{Agent, AgentCommand, AgentEvent, CatchUp, Overlap, PauseMode, Schedule, ScheduleChange};
use crate::document::Document;
use crate::id::{ScheduleId, UserId};
use crate::refusal::{Refusal, RefusalKind};
use crate::task::{MaxAttempts, Priority, TaskKind, TimeoutSeconds};
use crate::text::{Capabilities, Name};
use crate::usage::MicroUsd;

#[test]
fn every_order_is_answered_in_every_stage() {
    let yes = |event| Ok(vec![event]);
    let no = |refusal| Err::<Vec<AgentEvent>, _>(refusal);
    #[rustfmt::skip]
    let table = [
        //            absent            idle                   running                paused                 error                  terminated
        (create(),    [yes(created()),  no(R::AlreadyExists),  no(R::AlreadyExists),  no(R::AlreadyExists),  no(R::AlreadyExists),  no(R::AlreadyExists)]),
        (rename("B"), [no(R::Absent),   yes(renamed("B")),     yes(renamed("B")),     yes(renamed("B")),     yes(renamed("B")),     no(R::Absent)]),
        (C::Start,    [no(R::Absent),   yes(E::Started {}),    no(R::AlreadyRunning), no(R::Paused),         yes(E::Started {}),    no(R::Absent)]),
        (C::Stop,     [no(R::Absent),   no(R::NotRunning),     yes(E::Stopped {}),    yes(E::Stopped {}),    yes(E::Stopped {}),    no(R::Absent)]),
        (pause(),     [no(R::Absent),   no(R::NotRunning),     yes(paused()),         no(R::Paused),         no(R::NotRunning),     no(R::Absent)]),
        (C::Resume,   [no(R::Absent),   no(R::NotPaused),      no(R::NotPaused),      yes(E::Resumed {}),    no(R::NotPaused),      no(R::Absent)]),
        (fail(),      [no(R::Absent),   no(R::NotRunning),     yes(failed()),         yes(failed()),         no(R::NotRunning),     no(R::Absent)]),
        (budget(),    [no(R::Absent),   yes(budget_set()),     yes(budget_set()),     yes(budget_set()),     yes(budget_set()),     no(R::Absent)]),
        (C::Terminate,[no(R::Absent),   yes(E::Terminated {}), yes(E::Terminated {}), yes(E::Terminated {}), yes(E::Terminated {}), no(R::Absent)]),
    ];
    for (order, answers) in table {
        for (history, answer) in histories().into_iter().zip(answers) {
            let given = format!("given {history:?}, when {order:?}");
            assert_eq!(agent(history).when(order.clone()).inspect_result(), answer, "{given}");
        }
    }
}

#[test]
fn a_created_agent_is_idle_and_described_as_ordered() {
    let mut agent = Agent::default();
    assert_eq!(agent.profile(), None);
    agent.evolve(created());
    assert!(matches!(&agent, Agent::Idle(profile) if profile.name.as_str() == "Scout"));
    let profile = agent.profile().unwrap();
    assert_eq!(profile.kind.as_str(), "echo");
    assert_eq!(profile.created_by, Some(UserId(Uuid::from_u128(7))));
}

#[test]
fn a_budget_that_is_set_already_changes_nothing_and_can_be_taken_away() {
    agent(vec![created(), budget_set()]).when(budget()).then_expect_events(vec![]);
    let none = E::BudgetSet { limit_micro_usd: None };
    agent(vec![created(), budget_set()])
        .when(C::SetBudget { limit: None })
        .then_expect_events(vec![none.clone()]);
    let state = state(vec![created(), budget_set(), none]);
    assert_eq!(state.profile().unwrap().budget, None);
}

#[test]
fn changing_to_what_it_is_already_changes_nothing() {
    let C::Create { name, description, kind, configuration, capabilities, .. } = create() else {
        unreachable!("create() creates")
    };
    agent(vec![created()])
        .when(C::Change {
            name: Some(name),
            description: Some(description),
            kind: Some(kind),
            configuration: Some(configuration),
            capabilities: Some(capabilities),
        })
        .then_expect_events(vec![]);
}

#[test]
fn changing_nothing_gives_no_event() {
    agent(vec![created()]).when(nothing_changed()).then_expect_events(vec![]);
}

#[test]
fn only_what_became_other_is_in_the_event() {
    let configuration = Document::parse(r#"{"temperature":0.2}"#).unwrap();
    let capabilities = Capabilities::try_from(vec!["search".parse::<Name>().unwrap()]).unwrap();
    agent(vec![created()])
        .when(C::Change {
            name: Some("Scout".parse().unwrap()),
            description: None,
            kind: Some("openai/gpt-4o".parse().unwrap()),
            configuration: Some(configuration.clone()),
            capabilities: Some(capabilities.clone()),
        })
        .then_expect_events(vec![E::Changed {
            name: None,
            description: None,
            agent_type: Some("openai/gpt-4o".parse().unwrap()),
            configuration: Some(configuration),
            capabilities: Some(capabilities),
        }]);
}

#[test]
fn a_change_is_remembered_in_every_stage() {
    for history in histories().into_iter().skip(1).take(4) {
        agent(history).and(vec![renamed("B")]).when(rename("B")).then_expect_events(vec![]);
    }
}

#[test]
fn an_agent_that_failed_starts_again() {
    agent(histories()[4].clone())
        .and(vec![E::Started {}])
        .when(C::Start)
        .then_expect_error(R::AlreadyRunning);
}

#[test]
fn an_event_that_does_not_fit_the_stage_is_passed_over() {
    for (history, event) in [
        (vec![], E::Started {}),
        (vec![created()], E::Resumed {}),
        (vec![created(), E::Terminated {}], created()),
    ] {
        let mut agent = state(history);
        let before = agent.clone();
        agent.evolve(event);
        assert_eq!(agent, before);
    }
}

#[test]
fn every_refusal_has_its_kind_and_code() {
    let table = [
        (R::Absent, RefusalKind::NotFound, "not_found"),
        (R::AlreadyExists, RefusalKind::WrongStage, "agent.already_exists"),
        (R::AlreadyRunning, RefusalKind::WrongStage, "agent.already_running"),
        (R::NotRunning, RefusalKind::WrongStage, "agent.not_running"),
        (R::NotPaused, RefusalKind::WrongStage, "agent.not_paused"),
        (R::Paused, RefusalKind::WrongStage, "agent.paused"),
    ];
    for (refusal, kind, code) in table {
        assert_eq!((refusal.kind(), refusal.code()), (kind, code));
    }
}

fn agent(history: Vec<AgentEvent>) -> AggregateTestExecutor<Agent> {
    TestFramework::with(()).given(history)
}

fn state(history: Vec<AgentEvent>) -> Agent {
    let mut agent = Agent::default();
    for event in history {
        agent.evolve(event);
    }
    agent
}

/// How an agent comes to be absent, idle, running, paused, in error, terminated.
fn histories() -> [Vec<AgentEvent>; 6] {
    [
        vec![],
        vec![created()],
        vec![created(), E::Started {}],
        vec![created(), E::Started {}, paused()],
        vec![created(), E::Started {}, failed()],
        vec![created(), E::Terminated {}],
    ]
}

fn create() -> AgentCommand {
    C::Create {
        name: "Scout".parse().unwrap(),
        description: "Finds\nthings".parse().unwrap(),
        kind: "echo".parse().unwrap(),
        configuration: Document::default(),
        capabilities: Capabilities::default(),
        created_by: Some(UserId(Uuid::from_u128(7))),
    }
}

fn created() -> AgentEvent {
    E::Created {
        name: "Scout".parse().unwrap(),
        description: "Finds\nthings".parse().unwrap(),
        agent_type: "echo".parse().unwrap(),
        configuration: Document::default(),
        capabilities: Capabilities::default(),
        created_by: Some(UserId(Uuid::from_u128(7))),
    }
}

fn nothing_changed() -> AgentCommand {
    C::Change { name: None, description: None, kind: None, configuration: None, capabilities: None }
}

fn rename(name: &str) -> AgentCommand {
    C::Change {
        name: Some(name.parse().unwrap()),
        description: None,
        kind: None,
        configuration: None,
        capabilities: None,
    }
}

fn renamed(name: &str) -> AgentEvent {
    E::Changed {
        name: Some(name.parse().unwrap()),
        description: None,
        agent_type: None,
        configuration: None,
        capabilities: None,
    }
}

fn pause() -> AgentCommand {
    C::Pause { mode: PauseMode::Cancel }
}

fn paused() -> AgentEvent {
    E::Paused { mode: PauseMode::Cancel }
}

fn budget() -> AgentCommand {
    C::SetBudget { limit: Some(MicroUsd::from(5_000_000)) }
}

fn budget_set() -> AgentEvent {
    E::BudgetSet { limit_micro_usd: Some(MicroUsd::from(5_000_000)) }
}

fn fail() -> AgentCommand {
    C::Fail { reason: "no key".parse().unwrap() }
}

fn failed() -> AgentEvent {
    E::Failed { reason: "no key".parse().unwrap() }
}

#[test]
fn an_agent_is_given_tasks_by_schedules_that_come_change_and_go() {
    let (id, other) = (ScheduleId(Uuid::from_u128(1)), ScheduleId(Uuid::from_u128(2)));
    let mut agent = Agent::default();
    assert_eq!(agent.decide(add(id)), Err(R::Absent));
    agent.evolve(created());
    act(&mut agent, add(id));
    assert_eq!(agent.decide(add(id)), Err(R::ScheduleExists));
    assert_eq!(agent.decide(C::RemoveSchedule { id: other }), Err(R::ScheduleUnknown));
    let pause = ScheduleChange { enabled: Some(false), ..ScheduleChange::default() };
    assert_eq!(agent.decide(change(other, &pause)), Err(R::ScheduleUnknown));
    assert_eq!(agent.decide(change(id, &ScheduleChange::default())), Ok(vec![]));
    act(&mut agent, change(id, &pause));
    assert_eq!(agent.decide(change(id, &pause)), Ok(vec![]));
    let held = &agent.profile().unwrap().schedules[&id];
    assert_eq!((held.version, held.schedule.enabled, held.schedule.name.as_str()), (2, false, "Report"));
    act(&mut agent, add(other));
    act(&mut agent, C::RemoveSchedule { id });
    assert_eq!(agent.profile().unwrap().schedules.keys().copied().collect::<Vec<_>>(), [other]);
}

#[test]
fn the_end_of_an_agent_is_the_end_of_its_schedules() {
    let id = ScheduleId(Uuid::from_u128(1));
    let mut agent = Agent::default();
    agent.evolve(created());
    act(&mut agent, add(id));
    let removed = E::ScheduleRemoved { schedule_id: id };
    assert_eq!(agent.decide(C::Terminate), Ok(vec![removed, E::Terminated {}]));
}

#[test]
fn a_limit_to_waiting_can_be_taken_away() {
    let waiting = Schedule { queue_timeout_seconds: Some(TimeoutSeconds::default()), ..schedule() };
    let change = ScheduleChange { queue_timeout_seconds: Some(None), ..ScheduleChange::default() };
    assert_eq!(waiting.with(&change), schedule());
    assert_eq!(waiting.with(&ScheduleChange::default()), waiting);
}

fn act(agent: &mut Agent, command: AgentCommand) {
    for event in agent.decide(command).unwrap() {
        agent.evolve(event);
    }
}

fn add(id: ScheduleId) -> AgentCommand {
    C::AddSchedule { id, schedule: Box::new(schedule()) }
}

fn change(id: ScheduleId, change: &ScheduleChange) -> AgentCommand {
    C::ChangeSchedule { id, change: Box::new(change.clone()) }
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
        overlap: Overlap::Skip,
        catch_up: CatchUp::Once,
        enabled: true,
        created_by: None,
    }
}
