use domain::agent::{AgentEvent, AgentKind, PauseMode};
use domain::text::{Capabilities, Description, Name, Reason};
use domain::{AgentId, Document, Recorded, StreamId, UserId};
use uuid::Uuid;

use super::{AgentStatus, Agents};
use crate::testing::{TENANT, Table, at, recorded};

const AGENT: AgentId = AgentId(Uuid::from_u128(2));

fn events(first: i64, events: impl IntoIterator<Item = AgentEvent>) -> Vec<Recorded> {
    recorded(StreamId::agent(TENANT, AGENT), first, events)
}

fn created() -> AgentEvent {
    AgentEvent::Created {
        name: "Scout".parse::<Name>().unwrap(),
        description: Description::default(),
        agent_type: "echo".parse::<AgentKind>().unwrap(),
        configuration: Document::parse(r#"{"temperature": 0.70}"#).unwrap(),
        capabilities: Capabilities::try_from(vec!["web".parse().unwrap()]).unwrap(),
        created_by: Some(UserId(Uuid::from_u128(3))),
    }
}

fn renamed() -> AgentEvent {
    AgentEvent::Changed {
        name: Some("Pathfinder".parse().unwrap()),
        description: None,
        agent_type: None,
        configuration: None,
        capabilities: None,
    }
}

fn json(table: &Table<Agents>) -> String {
    serde_json::to_string(table.row()).unwrap()
}

#[test]
fn a_created_agent_is_idle_and_its_configuration_is_the_text_that_was_sent() {
    let table = Table::<Agents>::new().apply(&events(1, [created()]));
    assert_eq!(
        json(&table),
        concat!(
            r#"{"id":"00000000-0000-0000-0000-000000000002","tenant_id":"00000000-0000-0000-0000-000000000001","#,
            r#""name":"Scout","description":"","agent_type":"echo","configuration":{"temperature": 0.70},"#,
            r#""capabilities":["web"],"status":"idle","error":null,"#,
            r#""created_by":"00000000-0000-0000-0000-000000000003","version":1,"#,
            r#""created_at":"1970-01-01T00:01:00Z","updated_at":"1970-01-01T00:01:00Z"}"#,
        )
    );
}

#[test]
fn each_event_moves_status_version_and_time_of_change() {
    let failed = AgentEvent::Failed { reason: "no key".parse::<Reason>().unwrap() };
    let steps = [
        (AgentEvent::Started {}, AgentStatus::Running, None),
        (AgentEvent::Paused { mode: PauseMode::Drain }, AgentStatus::Paused, None),
        (AgentEvent::Resumed {}, AgentStatus::Running, None),
        (failed, AgentStatus::Error, Some("no key")),
        (AgentEvent::Stopped {}, AgentStatus::Idle, None),
    ];
    let mut table = Table::<Agents>::new().apply(&events(1, [created()]));
    for (sequence, (event, status, error)) in (2..).zip(steps) {
        table = table.apply(&events(sequence, [event]));
        let row = table.row();
        assert_eq!((row.status, row.error.as_deref(), row.version), (status, error, sequence));
        assert_eq!((row.created_at, row.updated_at), (at(1), at(sequence)));
    }
}

#[test]
fn applied_twice_is_applied_once() {
    let first = events(1, [created(), AgentEvent::Started {}]);
    let second = events(3, [renamed(), AgentEvent::Paused { mode: PauseMode::Drain }]);
    let once = Table::<Agents>::new().apply(&first).apply(&second);
    let twice =
        Table::<Agents>::new().apply(&first).apply(&first).apply(&second).apply(&second).apply(&first);
    assert_eq!(json(&once), json(&twice));
    assert_eq!((once.row().name.as_str(), once.row().version), ("Pathfinder", 4));
}

#[test]
fn one_batch_or_many_make_the_same_row() {
    let all = [created(), AgentEvent::Started {}, renamed(), AgentEvent::Stopped {}];
    let together = Table::<Agents>::new().apply(&events(1, all.clone()));
    let apart = (1..)
        .zip(all)
        .fold(Table::<Agents>::new(), |table, (sequence, event)| table.apply(&events(sequence, [event])));
    assert_eq!(json(&together), json(&apart));
}

#[test]
fn a_terminated_agent_is_gone() {
    let born = Table::<Agents>::new().apply(&events(1, [created()]));
    assert!(born.apply(&events(2, [AgentEvent::Terminated {}])).0.is_empty());
    let within_one_batch = Table::<Agents>::new().apply(&events(1, [created(), AgentEvent::Terminated {}]));
    assert!(within_one_batch.0.is_empty());
}

#[test]
fn events_that_do_not_fit_change_nothing() {
    let orphan = Table::<Agents>::new().apply(&events(5, [AgentEvent::Started {}, renamed()]));
    assert!(orphan.0.is_empty());
    let again = Table::<Agents>::new().apply(&events(1, [created(), AgentEvent::Started {}, created()]));
    assert_eq!((again.row().status, again.row().version), (AgentStatus::Running, 3));
}
