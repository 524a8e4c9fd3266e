//! The JSON of every event: what the log holds stays readable. One golden file per event and version, and one more
//! for each further way that an event of that version is written; a changed file is a changed promise. `UPDATE_GOLDEN=1` writes the files that are missing and never changes one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use cqrs_es::DomainEvent;
use domain::agent::{AgentEvent, CatchUp, Overlap, PauseMode, Schedule};
use domain::task::{
    Answer, Failure, Fork, MaxAttempts, OnTimeout, Priority, Question, StepKind, TaskEvent, TaskKind,
    TimeoutSeconds, Verdict,
};
use domain::tenant::TenantEvent;
use domain::text::Capabilities;
use domain::user::{PasswordChange, SessionRevocation, SignInFailure, UserEvent};
use domain::{
    AgentId, AttemptId, ContentHash, ConversationId, Document, Event, MicroUsd, Permission, Personal, Reach,
    ResetId, Role, ScheduleId, SessionId, TaskId, Tier, TokenCount, Usage, UserId,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

const PERSON: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
const AGENT: AgentId = AgentId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002));
const ATTEMPT: AttemptId = AttemptId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0003));
const CALL: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0013);
const SESSION: SessionId = SessionId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0004));
const SCHEDULE: ScheduleId = ScheduleId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0007));
const KEY: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0005);
const SUCCESSOR: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0006);

#[test]
fn every_event_is_written_as_its_golden_file_and_read_back_from_it() {
    keeps_its_contract(&tenant_events());
    keeps_its_contract(&user_events());
    keeps_its_contract(&agent_events());
    keeps_its_contract(&task_events());
    for (way, event) in further_task_events() {
        keeps(&further_file(&event, way), &event);
    }
    for (way, event) in further_tenant_events() {
        keeps(&further_file(&event, way), &event);
    }
    for (way, event) in further_agent_events() {
        keeps(&further_file(&event, way), &event);
    }
}

#[test]
fn an_invitation_is_written_with_what_it_says_since_and_read_back() {
    let invited = UserEvent::Invited {
        email: Personal::new(PERSON, "ada@mueller.example".parse().expect("an address")),
        full_name: None,
        role: Role::Admin,
        expires_at: Some(time("2026-06-15T12:00:00.123456Z")),
        invited_by: Some(UserId(PERSON)),
        issue: Some(1),
    };
    let json = serde_json::to_string(&invited).expect("json");
    assert_eq!(
        json,
        concat!(
            r#"{"invited":{"email":{"subject":"01900000-0000-7000-8000-000000000001","#,
            r#""personal":"ada@mueller.example"},"role":"admin","expires_at":"2026-06-15T12:00:00.123456Z","#,
            r#""invited_by":"01900000-0000-7000-8000-000000000001","issue":1}}"#,
        )
    );
    assert_eq!(serde_json::from_str::<UserEvent>(&json).expect("json"), invited);
}

#[test]
fn every_event_has_a_sample() {
    assert_eq!(names(&tenant_events()), TenantEvent::NAMES);
    assert_eq!(names(&user_events()), UserEvent::NAMES);
    assert_eq!(names(&agent_events()), AgentEvent::NAMES);
    assert_eq!(names(&task_events()), TaskEvent::NAMES);
}

#[test]
fn every_golden_file_belongs_to_an_event() {
    let of_tasks = further_task_events().into_iter().map(|(way, event)| further_file(&event, way));
    let of_agents = further_agent_events().into_iter().map(|(way, event)| further_file(&event, way));
    let of_tenants = further_tenant_events().into_iter().map(|(way, event)| further_file(&event, way));
    let further = of_tasks.chain(of_agents).chain(of_tenants).collect();
    let events: BTreeSet<String> = [
        files(&tenant_events()),
        files(&user_events()),
        files(&agent_events()),
        files(&task_events()),
        further,
    ]
    .concat()
    .into_iter()
    .collect();
    let held: BTreeSet<String> = std::fs::read_dir(golden())
        .expect("tests/golden can be listed")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    let orphans: Vec<_> = held.difference(&events).collect();
    assert!(orphans.is_empty(), "no event, and no upcaster, reads {orphans:?}");
}

#[test]
fn the_name_of_an_event_begins_with_its_aggregate() {
    let events: Vec<Event> = tenant_events()
        .into_iter()
        .map(Event::from)
        .chain(user_events().into_iter().map(Event::from))
        .chain(agent_events().into_iter().map(Event::from))
        .chain(task_events().into_iter().map(Event::from))
        .collect();
    for event in events {
        let (aggregate, _) = event.name().split_once('.').expect("aggregate.event");
        assert_eq!(aggregate, event.aggregate().as_str());
    }
}

#[test]
fn personal_data_is_read_and_written_sealed_and_erased() {
    fn check<E: DomainEvent + DeserializeOwned>(events: &[E], json: impl Fn(&E) -> String) -> usize {
        let mut persons = 0;
        for event in events {
            let open = json(event);
            for form in [r#""sealed": "c2VhbGVk""#, r#""erased": true"#] {
                let (closed, found) = with_personal_data_as(form, &open);
                let read: E = serde_json::from_str(&closed)
                    .unwrap_or_else(|error| panic!("{}: {error}", event.event_type()));
                assert_eq!(json(&read), closed);
                assert!(found == 0 || read != *event);
                persons += found;
            }
        }
        persons
    }
    assert_eq!(check(&tenant_events(), pretty), 2 * 4);
    assert_eq!(check(&user_events(), pretty), 2 * 7);
    assert_eq!(check(&agent_events(), pretty), 0);
    assert_eq!(check(&task_events(), pretty), 0);
}

#[test]
fn members_left_out_are_nothing() {
    fn same<E: Serialize + DeserializeOwned>(json: &str) {
        let event: E = serde_json::from_str(json).expect(json);
        assert_eq!(serde_json::to_string(&event).expect("json"), json);
    }
    same::<TenantEvent>(r#"{"details_changed":{}}"#);
    same::<UserEvent>(r#"{"profile_changed":{}}"#);
    same::<UserEvent>(&format!(r#"{{"signed_in":{{"session":"{SESSION}"}}}}"#));
    same::<UserEvent>(&format!(r#"{{"signed_in":{{"session":"{SESSION}","new_device":true}}}}"#));
    same::<AgentEvent>(r#"{"changed":{}}"#);
    same::<TaskEvent>(r#"{"amended":{}}"#);
    same::<TaskEvent>(r#"{"queued":{}}"#);
}

#[test]
fn a_schedule_taken_away_differs_from_one_left_alone() {
    let taken_away: TaskEvent = serde_json::from_str(r#"{"amended":{"scheduled_at":null}}"#).expect("json");
    let TaskEvent::Amended { scheduled_at, .. } = &taken_away else { panic!("an amendment") };
    assert_eq!(*scheduled_at, Some(None));
    let json = serde_json::to_string(&taken_away).expect("json");
    assert_eq!(json, r#"{"amended":{"scheduled_at":null}}"#);
}

#[test]
fn what_a_later_version_adds_is_passed_over() {
    let event: AgentEvent = serde_json::from_str(r#"{"started":{"by_the_way":1}}"#).expect("json");
    assert_eq!(event, AgentEvent::Started {});
}

fn keeps_its_contract<E: DomainEvent + DeserializeOwned>(events: &[E]) {
    for event in events {
        keeps(&file(event), event);
    }
}

fn keeps<E: DomainEvent + DeserializeOwned>(file: &str, event: &E) {
    let path = golden().join(file);
    let written = pretty(event) + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() && !path.exists() {
        std::fs::write(&path, &written).expect("a golden file can be written");
    }
    let held = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; UPDATE_GOLDEN=1 writes it", path.display()));
    assert_eq!(written, held, "{} is history: upcast, do not change it", path.display());
    let read: E = serde_json::from_str(&held).expect("a golden file is readable");
    assert_eq!(read, *event);
}

fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn file(event: &impl DomainEvent) -> String {
    format!("{}@{}.json", event.event_type(), event.event_version())
}

/// The file of an event of the same version that is written in another way, such as with members that came later.
fn further_file(event: &impl DomainEvent, way: &str) -> String {
    format!("{}@{}.{way}.json", event.event_type(), event.event_version())
}

fn files<E: DomainEvent>(events: &[E]) -> Vec<String> {
    events.iter().map(file).collect()
}

fn names<E: DomainEvent>(events: &[E]) -> Vec<String> {
    events.iter().map(DomainEvent::event_type).collect()
}

fn pretty(event: &impl Serialize) -> String {
    serde_json::to_string_pretty(event).expect("an event is JSON")
}

/// The event's JSON with every open personal value in another form, and how many there were.
fn with_personal_data_as(form: &str, json: &str) -> (String, usize) {
    let mut found = 0;
    let lines = json.lines().map(|line| {
        let Some(start) = line.find(r#""personal": "#) else {
            return line.to_owned();
        };
        found += 1;
        format!("{}{form}", &line[..start])
    });
    let lines: Vec<String> = lines.collect();
    (lines.join("\n"), found)
}

fn document() -> Document {
    Document::parse(r#"{"temperature": 0.20, "stop": ["\n\n"], "präfix": "\"🦀\\"}"#).expect("an object")
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

fn usage() -> Usage {
    Usage {
        input_tokens: TokenCount::from(1_200),
        output_tokens: TokenCount::from(34),
        cost_micro_usd: MicroUsd::from(5_600),
    }
}

fn failure() -> Failure {
    Failure {
        code: "provider.timeout".to_owned(),
        message: "no answer within 300 s".parse().expect("a reason"),
    }
}

fn tenant_events() -> Vec<TenantEvent> {
    vec![
        TenantEvent::Created {
            name: "Müller & Söhne".parse().expect("a name"),
            subdomain: "mueller".parse().expect("a subdomain"),
            contact_email: Personal::new(PERSON, "ada@mueller.example".parse().expect("an address")),
            contact_name: Personal::new(PERSON, "Ada Müller".parse().expect("a name")),
            tier: Tier::Professional,
            settings: document(),
        },
        TenantEvent::DetailsChanged {
            name: Some("Müller".parse().expect("a name")),
            contact_email: Some(Personal::new(PERSON, "bob@mueller.example".parse().expect("an address"))),
            contact_name: Some(Personal::new(PERSON, "Bob Müller".parse().expect("a name"))),
        },
        TenantEvent::SettingsChanged { settings: document() },
        TenantEvent::SubscriptionChanged { from: Tier::Free, to: Tier::Enterprise },
        TenantEvent::Suspended { reason: "unpaid\nsince May".parse().expect("a reason") },
        TenantEvent::Reactivated {},
        TenantEvent::WorkStopped { reason: "wrong customers".parse().expect("a reason") },
        TenantEvent::WorkReopened {},
        TenantEvent::BudgetSet { limit_micro_usd: Some(MicroUsd::from(25_000_000)) },
        TenantEvent::ApiKeyCreated {
            key: KEY,
            name: "Nightly import".parse().expect("a name"),
            scopes: [Permission::CreateTasks, Permission::ReadAgents].into_iter().collect(),
            expires_at: time("2026-06-15T12:00:00Z"),
            agent_ids: Reach::All,
        },
        TenantEvent::ApiKeyRevoked { key: KEY },
        TenantEvent::ApiKeyRotated {
            key: KEY,
            successor: SUCCESSOR,
            overlap_until: time("2026-06-15T12:00:00.123456Z"),
        },
        TenantEvent::ProviderKeySet { provider: "openai".parse().expect("a provider") },
        TenantEvent::ProviderKeyRemoved { provider: "openai".parse().expect("a provider") },
    ]
}

fn further_tenant_events() -> Vec<(&'static str, TenantEvent)> {
    let agents = vec![AGENT, AgentId(KEY)];
    let bound = TenantEvent::ApiKeyCreated {
        key: KEY,
        name: "Nightly import".parse().expect("a name"),
        scopes: [Permission::CreateTasks, Permission::ReadAgents].into_iter().collect(),
        expires_at: time("2026-06-15T12:00:00Z"),
        agent_ids: Reach::Only(agents.try_into().expect("agents")),
    };
    vec![("bound", bound)]
}

fn user_events() -> Vec<UserEvent> {
    let email = || Personal::new(PERSON, "ada@mueller.example".parse().expect("an address"));
    let full_name = || Personal::new(PERSON, "Ada Müller".parse().expect("a name"));
    vec![
        UserEvent::Registered { email: email(), full_name: full_name(), role: Role::Owner },
        UserEvent::Invited {
            email: email(),
            full_name: Some(full_name()),
            role: Role::Admin,
            expires_at: None,
            invited_by: None,
            issue: None,
        },
        UserEvent::InvitationResent {
            issue: 2,
            role: Role::Auditor,
            expires_at: time("2026-06-15T12:00:00.123456Z"),
            invited_by: UserId(PERSON),
        },
        UserEvent::InvitationExpired {},
        UserEvent::InvitationAccepted { full_name: full_name(), role: Role::Admin },
        UserEvent::InvitationRevoked {},
        UserEvent::ProfileChanged {
            full_name: Some(full_name()),
            preferences: Some(Personal::new(PERSON, document())),
        },
        UserEvent::RoleChanged { from: Role::Admin, to: Role::Member },
        UserEvent::Deactivated { role: Role::Member },
        UserEvent::Reactivated { role: Role::Member },
        UserEvent::SignedIn { session: SESSION, new_device: false },
        UserEvent::SignInFailed { failure: SignInFailure::WrongPassword },
        UserEvent::SignedOut { session: SESSION },
        UserEvent::SessionRevoked { session: SESSION, reason: SessionRevocation::TokenReused },
        UserEvent::PasswordChanged { by: PasswordChange::Reset },
        UserEvent::PasswordResetRequested {
            reset: ResetId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0005)),
            expires_at: DateTime::from_timestamp(1_800_000_000, 0).expect("a time"),
        },
    ]
}

fn agent_events() -> Vec<AgentEvent> {
    let names = ["search", "mail"].map(|name| name.parse().expect("a name"));
    let capabilities = Capabilities::try_from(names.to_vec()).expect("few");
    vec![
        AgentEvent::Created {
            name: "Scout".parse().expect("a name"),
            description: "Finds\nthings".parse().expect("a description"),
            agent_type: "openai/gpt-4o".parse().expect("a kind"),
            configuration: document(),
            capabilities: capabilities.clone(),
            created_by: Some(UserId(PERSON)),
        },
        AgentEvent::Changed {
            name: Some("Scout 2".parse().expect("a name")),
            description: Some("".parse().expect("a description")),
            agent_type: Some("echo".parse().expect("a kind")),
            configuration: Some(Document::default()),
            capabilities: Some(capabilities),
        },
        AgentEvent::Started {},
        AgentEvent::Stopped {},
        AgentEvent::Paused { mode: PauseMode::Drain },
        AgentEvent::Resumed {},
        AgentEvent::Failed { reason: "the key was refused".parse().expect("a reason") },
        AgentEvent::BudgetSet { limit_micro_usd: Some(MicroUsd::from(5_500_000)) },
        AgentEvent::ScheduleCreated { schedule_id: SCHEDULE, schedule: Box::new(schedule()) },
        AgentEvent::ScheduleChanged { schedule_id: SCHEDULE, schedule: Box::new(schedule()) },
        AgentEvent::ScheduleRemoved { schedule_id: SCHEDULE },
        AgentEvent::Terminated {},
    ]
}

fn schedule() -> Schedule {
    Schedule {
        name: "Morning report".parse().expect("a name"),
        cron: "30 8 * * MON-FRI".parse().expect("an expression"),
        time_zone: "Europe/Berlin".parse().expect("a zone"),
        task_type: TaskKind::Prompt,
        input_data: document(),
        priority: Priority::try_from(4).expect("a priority"),
        timeout_seconds: TimeoutSeconds::try_from(60).expect("a time limit"),
        max_attempts: MaxAttempts::try_from(2).expect("a number of attempts"),
        queue_timeout_seconds: Some(TimeoutSeconds::try_from(900).expect("a time limit")),
        overlap: Overlap::Skip,
        catch_up: CatchUp::Once,
        enabled: true,
        created_by: Some(UserId(PERSON)),
    }
}

fn further_agent_events() -> Vec<(&'static str, AgentEvent)> {
    let bare = Schedule {
        queue_timeout_seconds: None,
        overlap: Overlap::Queue,
        catch_up: CatchUp::Skip,
        enabled: false,
        created_by: None,
        ..schedule()
    };
    vec![
        ("cancelling", AgentEvent::Paused { mode: PauseMode::Cancel }),
        ("paused", AgentEvent::ScheduleChanged { schedule_id: SCHEDULE, schedule: Box::new(bare) }),
        ("lifted", AgentEvent::BudgetSet { limit_micro_usd: None }),
    ]
}

fn task_events() -> Vec<TaskEvent> {
    vec![
        TaskEvent::Created {
            agent_id: AGENT,
            name: "Count".parse().expect("a name"),
            task_type: TaskKind::TextProcessing,
            input_data: document(),
            priority: Priority::try_from(5).expect("a priority"),
            timeout_seconds: TimeoutSeconds::try_from(60).expect("a time limit"),
            max_attempts: MaxAttempts::try_from(2).expect("a number of attempts"),
            scheduled_at: Some(time("2026-06-15T12:00:00Z")),
            created_by: Some(UserId(PERSON)),
            queue_timeout_seconds: None,
            conversation_id: None,
            forked_from: None,
            configuration: None,
            schedule_id: None,
        },
        TaskEvent::Amended {
            name: Some("Count again".parse().expect("a name")),
            task_type: Some(TaskKind::Workflow),
            input_data: Some(Document::default()),
            priority: Some(Priority::default()),
            timeout_seconds: Some(TimeoutSeconds::default()),
            max_attempts: Some(MaxAttempts::default()),
            scheduled_at: Some(Some(time("2026-06-15T12:00:00.123456Z"))),
        },
        TaskEvent::Queued { not_before: Some(time("2026-06-15T12:00:00.123456Z")) },
        TaskEvent::AttemptStarted { attempt_id: ATTEMPT, number: 1, agent_version: None },
        TaskEvent::StepStarted {
            attempt_id: ATTEMPT,
            step: 2,
            kind: StepKind::Model,
            name: "gpt-4o".to_owned(),
            provider: "openai".to_owned(),
            call_id: CALL,
            request: ContentHash([1; 32]),
            reserved_micro_usd: MicroUsd::from(1_200),
            has_side_effects: false,
        },
        TaskEvent::StepEnded {
            attempt_id: ATTEMPT,
            step: 2,
            call_id: CALL,
            reply: Some(ContentHash([2; 32])),
            failure: None,
            usage: usage(),
            price_table: "2026-11-01".to_owned(),
            latency_ms: 840,
        },
        TaskEvent::ApprovalRequested {
            attempt_id: ATTEMPT,
            question: Question {
                approval_id: CALL,
                step: 3,
                tool: "http_request".to_owned(),
                shown: ContentHash([3; 32]),
                expires_at: time("2026-06-18T12:00:00Z"),
                on_timeout: OnTimeout::Deny,
            },
            usage: usage(),
        },
        TaskEvent::ApprovalDecided {
            approval_id: CALL,
            answer: Answer {
                step: 3,
                shown: ContentHash([3; 32]),
                verdict: Verdict::Approved,
                reason: "the address is our own".parse().expect("a reason"),
            },
        },
        TaskEvent::ApprovalExpired { approval_id: CALL, step: 3 },
        TaskEvent::HandedBack { attempt_id: ATTEMPT, usage: usage(), not_before: None },
        TaskEvent::Completed { attempt_id: ATTEMPT, output_data: document(), usage: usage() },
        TaskEvent::AttemptFailed {
            attempt_id: ATTEMPT,
            failure: failure(),
            usage: usage(),
            retry_at: Some(time("2026-06-15T12:05:00Z")),
            is_deferral: false,
        },
        TaskEvent::Failed { failure: failure() },
        TaskEvent::Retried {},
        TaskEvent::Cancelled { reason: "no longer needed".parse().expect("a reason") },
        TaskEvent::Withdrawn {},
    ]
}

/// Events of the same versions with the members that came later, and the other ways to end.
fn further_task_events() -> Vec<(&'static str, TaskEvent)> {
    let mut created = task_events().remove(0);
    if let TaskEvent::Created { queue_timeout_seconds, conversation_id, forked_from, configuration, .. } =
        &mut created
    {
        *queue_timeout_seconds = Some(TimeoutSeconds::try_from(900).expect("a time limit"));
        *conversation_id = Some(ConversationId(KEY));
        *forked_from = Some(Fork { task_id: TaskId(SUCCESSOR), at_step: 3 });
        *configuration = Some(document());
    }
    let mut by_schedule = task_events().remove(0);
    if let TaskEvent::Created { schedule_id, .. } = &mut by_schedule {
        *schedule_id = Some(SCHEDULE);
    }
    vec![
        ("with_options", created),
        ("by_schedule", by_schedule),
        (
            "that_waits",
            TaskEvent::HandedBack {
                attempt_id: ATTEMPT,
                usage: usage(),
                not_before: Some(time("2026-06-15T12:00:00.123456Z")),
            },
        ),
        (
            "with_agent_version",
            TaskEvent::AttemptStarted { attempt_id: ATTEMPT, number: 2, agent_version: Some(7) },
        ),
        (
            "of_tool",
            TaskEvent::StepStarted {
                attempt_id: ATTEMPT,
                step: 3,
                kind: StepKind::Tool,
                name: "http_request".to_owned(),
                provider: String::new(),
                call_id: CALL,
                request: ContentHash([3; 32]),
                reserved_micro_usd: MicroUsd::default(),
                has_side_effects: true,
            },
        ),
        (
            "failed",
            TaskEvent::StepEnded {
                attempt_id: ATTEMPT,
                step: 3,
                call_id: CALL,
                reply: None,
                failure: Some(failure()),
                usage: Usage::default(),
                price_table: String::new(),
                latency_ms: 300_000,
            },
        ),
        (
            "denied",
            TaskEvent::ApprovalDecided {
                approval_id: CALL,
                answer: Answer {
                    step: 3,
                    shown: ContentHash([3; 32]),
                    verdict: Verdict::Denied,
                    reason: "not to strangers".parse().expect("a reason"),
                },
            },
        ),
        (
            "put_off",
            TaskEvent::AttemptFailed {
                attempt_id: ATTEMPT,
                failure: failure(),
                usage: Usage::default(),
                retry_at: Some(time("2026-06-15T12:05:00Z")),
                is_deferral: true,
            },
        ),
    ]
}
