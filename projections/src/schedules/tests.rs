use domain::agent::{AgentEvent, Schedule};
use domain::{AgentId, ScheduleId, StreamId};
use uuid::Uuid;

use super::fold::{Change, Set, fold};
use super::*;
use crate::testing::{TENANT, at, recorded};

const ID: ScheduleId = ScheduleId(Uuid::from_u128(7));

fn schedule(name: &str) -> Box<Schedule> {
    Box::new(Schedule {
        name: name.parse().unwrap(),
        cron: "0 8 * * *".parse().unwrap(),
        time_zone: "UTC".parse().unwrap(),
        task_type: TaskKind::Prompt,
        input_data: domain::Document::default(),
        priority: domain::task::Priority::default(),
        timeout_seconds: domain::task::TimeoutSeconds::default(),
        max_attempts: domain::task::MaxAttempts::default(),
        queue_timeout_seconds: None,
        overlap: Overlap::Skip,
        catch_up: CatchUp::Once,
        enabled: true,
        created_by: None,
    })
}

#[test]
fn of_a_batch_the_last_of_a_schedule_is_kept_with_how_often_it_changed() {
    let stream = StreamId::agent(TENANT, AgentId(Uuid::from_u128(2)));
    let (first, second) = (schedule("first"), schedule("second"));
    let other = ScheduleId(Uuid::from_u128(8));
    let events = [
        AgentEvent::ScheduleCreated { schedule_id: ID, schedule: first.clone() },
        AgentEvent::Started {},
        AgentEvent::ScheduleChanged { schedule_id: ID, schedule: second.clone() },
        AgentEvent::ScheduleCreated { schedule_id: other, schedule: first },
        AgentEvent::ScheduleRemoved { schedule_id: other },
    ];
    let batch = recorded(stream, 5, events);
    let changes = fold(&batch);
    let set = Set { agent: stream.id, schedule: &second, times: 2, sequence: 7, since: at(5), at: at(7) };
    assert_eq!(changes.len(), 2);
    assert_eq!(changes[&(TENANT.0, ID.0)], Change::Set(set));
    assert_eq!(changes[&(TENANT.0, other.0)], Change::Removed);
}

#[test]
fn the_next_times_of_what_can_be_read_are_shown() {
    let now: DateTime<Utc> = "2026-03-29T00:00:00Z".parse().unwrap();
    let runs = next_runs("30 2 * * *", "Europe/Berlin", now);
    assert_eq!(runs.len(), SHOWN);
    assert_eq!(runs[0].to_rfc3339(), "2026-03-29T01:00:00+00:00");
    assert!(next_runs("61 2 * * *", "Europe/Berlin", now).is_empty());
    assert!(next_runs("* * * * *", "Atlantis", now).is_empty());
}
