//! Orders to every aggregate, and the stages they lead through.

use std::fmt::Debug;

use chrono::{DateTime, TimeDelta, Utc};
use domain::agent::{Agent, AgentCommand, CatchUp, Overlap, PauseMode, Schedule, ScheduleChange};
use domain::task::{
    Amendment, Counting, Failure, MaxAttempts, NewStep, OnTimeout, Priority, Question, Stage, StepEnd,
    StepKind, Task, TaskCommand, TaskKind, TimeoutSeconds, Verdict,
};
use domain::tenant::{NewApiKey, Provider, Tenant, TenantCommand};
use domain::text::Capabilities;
use domain::user::{INVITATION_LIFE, Link, SessionRevocation, SignInFailure, User, UserCommand};
use domain::{
    AgentId, AttemptId, ContentHash, Document, MicroUsd, Permission, Reach, ResetId, Role, Root, ScheduleId,
    SessionId, Tier, Usage, UserId,
};
use uuid::Uuid;

/// An aggregate whose stages have names, with orders of every kind, each under the name of its kind.
pub(crate) trait Staged: Root<Command: Clone + Debug + 'static> + Clone + PartialEq + Debug {
    /// Every stage, in the order of a usual life; the first is the one before the first event.
    const STAGES: &'static [&'static str];
    /// The present one.
    fn stage(&self) -> &'static str;
    /// At least one of every command, and several where it matters.
    fn orders() -> Vec<(&'static str, Self::Command)>;
}

impl Staged for Tenant {
    const STAGES: &'static [&'static str] = &["Absent", "Active", "Suspended"];

    fn stage(&self) -> &'static str {
        match self {
            Self::Absent => "Absent",
            Self::Active(_) => "Active",
            Self::Suspended(_) => "Suspended",
        }
    }

    fn orders() -> Vec<(&'static str, TenantCommand)> {
        let contact = Uuid::from_u128(1);
        let create = TenantCommand::Create {
            contact,
            name: "Acme".parse().expect("a name"),
            subdomain: "acme".parse().expect("a subdomain"),
            contact_email: "ada@acme.org".parse().expect("an address"),
            contact_name: "Ada".parse().expect("a name"),
            tier: Tier::Free,
            settings: Document::default(),
        };
        let details = |name: &str| TenantCommand::ChangeDetails {
            name: Some(name.parse().expect("a name")),
            contact_email: None,
            contact_name: Some(name.parse().expect("a name")),
        };
        let settings = |settings: &str| TenantCommand::ChangeSettings {
            settings: Document::parse(settings).expect("an object"),
        };
        let subscription = |tier| ("change subscription", TenantCommand::ChangeSubscription { tier });
        let reason = "unpaid".parse().expect("a reason");
        vec![
            ("create", create),
            ("change details", details("Beta")),
            ("change details", details("Acme")),
            ("change settings", settings(r#"{"a":1}"#)),
            ("change settings", settings("{}")),
            subscription(Tier::Basic),
            subscription(Tier::Free),
            subscription(Tier::Enterprise),
            ("suspend", TenantCommand::Suspend { reason }),
            ("reactivate", TenantCommand::Reactivate),
            ("stop all", TenantCommand::StopAll { reason: "wrong".parse().expect("a reason") }),
            ("reopen", TenantCommand::Reopen),
            ("set budget", TenantCommand::SetBudget { limit: Some(MicroUsd::from(5)) }),
            ("set budget", TenantCommand::SetBudget { limit: None }),
            ("create API key", create_key(1)),
            ("create API key", create_key(2)),
            ("rotate API key", rotate_key(1, 3)),
            ("rotate API key", rotate_key(3, 4)),
            ("revoke API key", TenantCommand::RevokeApiKey { key: Uuid::from_u128(1) }),
            ("revoke API key", TenantCommand::RevokeApiKey { key: Uuid::from_u128(3) }),
            ("set provider key", TenantCommand::SetProviderKey { provider: provider() }),
            ("remove provider key", TenantCommand::RemoveProviderKey { provider: provider() }),
        ]
    }
}

fn create_key(key: u128) -> TenantCommand {
    let new = NewApiKey {
        key: Uuid::from_u128(key),
        name: "Import".parse().expect("a name"),
        scopes: [Permission::ReadAgents].into_iter().collect(),
        expires_at: later() + TimeDelta::days(90),
        agents: Reach::All,
    };
    TenantCommand::CreateApiKey { new, at: later() }
}

fn rotate_key(key: u128, successor: u128) -> TenantCommand {
    TenantCommand::RotateApiKey {
        key: Uuid::from_u128(key),
        successor: Uuid::from_u128(successor),
        expires_at: later() + TimeDelta::days(90),
        overlap_until: later() + TimeDelta::hours(1),
        at: later(),
    }
}

fn provider() -> Provider {
    "openai".parse().expect("a provider")
}

impl Staged for User {
    const STAGES: &'static [&'static str] = &["Absent", "Invited", "Active", "Inactive", "Withdrawn"];

    fn stage(&self) -> &'static str {
        match self {
            Self::Absent => "Absent",
            Self::Invited(_) => "Invited",
            Self::Withdrawn => "Withdrawn",
            Self::Active(_) => "Active",
            Self::Inactive(_) => "Inactive",
        }
    }

    fn orders() -> Vec<(&'static str, UserCommand)> {
        let user = UserId(Uuid::from_u128(2));
        let session = SessionId(Uuid::from_u128(3));
        let reset = ResetId(Uuid::from_u128(4));
        let email = || "ada@acme.org".parse().expect("an address");
        let full_name = || "Ada".parse().expect("a name");
        let register = |role| UserCommand::Register { user, email: email(), full_name: full_name(), role };
        let (invited_by, at) = (UserId(Uuid::from_u128(4)), later());
        let invite =
            |role, full_name| UserCommand::Invite { user, email: email(), full_name, role, invited_by, at };
        let accept = |issue, inviter, at| UserCommand::AcceptInvitation {
            full_name: full_name(),
            link: Link { issue, inviter, at },
        };
        let over = at + INVITATION_LIFE;
        let profile = |name: &str, preferences: &str| UserCommand::ChangeProfile {
            full_name: Some(name.parse().expect("a name")),
            preferences: Some(Document::parse(preferences).expect("an object")),
        };
        let role = |role| ("change role", UserCommand::ChangeRole { role });
        let fail = |failure| ("fail to sign in", UserCommand::FailSignIn { failure });
        vec![
            ("register", register(Role::Member)),
            ("register", register(Role::Owner)),
            ("invite", invite(Role::Admin, None)),
            ("invite", invite(Role::Owner, Some(full_name()))),
            ("resend invitation", UserCommand::ResendInvitation { role: Some(Role::Member), invited_by, at }),
            ("expire invitation too early", UserCommand::ExpireInvitation { at }),
            ("expire invitation", UserCommand::ExpireInvitation { at: over }),
            ("accept invitation", accept(1, Some(Role::Owner), at)),
            ("accept invitation", accept(2, Some(Role::Owner), at)),
            ("accept invitation too late", accept(1, Some(Role::Owner), over)),
            ("accept invitation of nobody", accept(1, None, at)),
            ("revoke invitation", UserCommand::RevokeInvitation),
            ("change profile", profile("Bob", "{}")),
            ("change profile", profile("Ada", r#"{"a":1}"#)),
            role(Role::Admin),
            role(Role::Owner),
            role(Role::Member),
            ("deactivate", UserCommand::Deactivate),
            ("reactivate", UserCommand::Reactivate),
            ("sign in", UserCommand::SignIn { session, known_device: false }),
            fail(SignInFailure::WrongPassword),
            fail(SignInFailure::Inactive),
            ("sign out", UserCommand::SignOut { session }),
            (
                "end sessions",
                UserCommand::RevokeSessions { sessions: vec![session], reason: SessionRevocation::Revoked },
            ),
            ("change password", UserCommand::ChangePassword),
            ("request password reset", UserCommand::RequestPasswordReset { reset, expires_at: at }),
            ("reset password", UserCommand::ResetPassword { reset, at: DateTime::default() }),
        ]
    }
}

fn add_schedule(id: u128) -> AgentCommand {
    let schedule = Schedule {
        name: "Report".parse().expect("a name"),
        cron: "30 8 * * MON-FRI".parse().expect("an expression"),
        time_zone: "Europe/Berlin".parse().expect("a zone"),
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
    };
    AgentCommand::AddSchedule { id: ScheduleId(Uuid::from_u128(id)), schedule: Box::new(schedule) }
}

fn change_schedule(id: u128, name: &str) -> AgentCommand {
    let change = ScheduleChange { name: Some(name.parse().expect("a name")), ..ScheduleChange::default() };
    AgentCommand::ChangeSchedule { id: ScheduleId(Uuid::from_u128(id)), change: Box::new(change) }
}

impl Staged for Agent {
    const STAGES: &'static [&'static str] = &["Absent", "Idle", "Running", "Paused", "Error", "Terminated"];

    fn stage(&self) -> &'static str {
        match self {
            Self::Absent => "Absent",
            Self::Idle(_) => "Idle",
            Self::Running(_) => "Running",
            Self::Paused(_) => "Paused",
            Self::Error(_) => "Error",
            Self::Terminated => "Terminated",
        }
    }

    fn orders() -> Vec<(&'static str, AgentCommand)> {
        let create = AgentCommand::Create {
            name: "Scout".parse().expect("a name"),
            description: "".parse().expect("a description"),
            kind: "echo".parse().expect("a kind"),
            configuration: Document::default(),
            capabilities: Capabilities::default(),
            created_by: Some(UserId(Uuid::from_u128(2))),
        };
        let change = |name: &str, configuration: &str| AgentCommand::Change {
            name: Some(name.parse().expect("a name")),
            description: Some(name.parse().expect("a description")),
            kind: None,
            configuration: Some(Document::parse(configuration).expect("an object")),
            capabilities: None,
        };
        let reason = "no key".parse().expect("a reason");
        vec![
            ("create", create),
            ("change", change("Scout 2", "{}")),
            ("change", change("Scout", r#"{"a":1}"#)),
            ("start", AgentCommand::Start),
            ("stop", AgentCommand::Stop),
            ("pause", AgentCommand::Pause { mode: PauseMode::Drain }),
            ("pause", AgentCommand::Pause { mode: PauseMode::Cancel }),
            ("resume", AgentCommand::Resume),
            ("fail", AgentCommand::Fail { reason }),
            ("set budget", AgentCommand::SetBudget { limit: Some(MicroUsd::from(5)) }),
            ("set budget", AgentCommand::SetBudget { limit: None }),
            ("add schedule", add_schedule(1)),
            ("add schedule", add_schedule(2)),
            ("change schedule", change_schedule(1, "Report")),
            ("change schedule", change_schedule(2, "Report 2")),
            ("remove schedule", AgentCommand::RemoveSchedule { id: ScheduleId(Uuid::from_u128(1)) }),
            ("terminate", AgentCommand::Terminate),
        ]
    }
}

impl Staged for Task {
    const STAGES: &'static [&'static str] = &[
        "Absent",
        "Pending",
        "Queued",
        "Running",
        "WaitingApproval",
        "Completed",
        "Failed",
        "Cancelled",
        "Withdrawn",
    ];

    fn stage(&self) -> &'static str {
        match self {
            Self::Absent => "Absent",
            Self::Present(_, Stage::Pending) => "Pending",
            Self::Present(_, Stage::Queued) => "Queued",
            Self::Present(_, Stage::Running(_)) => "Running",
            Self::Present(_, Stage::WaitingApproval) => "WaitingApproval",
            Self::Present(_, Stage::Completed) => "Completed",
            Self::Present(_, Stage::Failed) => "Failed",
            Self::Present(_, Stage::Cancelled) => "Cancelled",
            Self::Withdrawn => "Withdrawn",
        }
    }

    fn orders() -> Vec<(&'static str, TaskCommand)> {
        let reason = "not needed".parse().expect("a reason");
        let mut orders = vec![
            ("create", create_task(2)),
            ("amend", amend(Some("Count again"), None)),
            ("amend", amend(Some("Count"), Some(2))),
            ("amend", amend(None, Some(1))),
            ("amend", amend(None, Some(3))),
            ("queue", TaskCommand::Queue),
        ];
        for attempt in [AttemptId(Uuid::from_u128(4)), AttemptId(Uuid::from_u128(5))] {
            orders.extend(attempt_orders(attempt));
        }
        orders.extend([
            ("decide", decide()),
            ("expire approval", TaskCommand::ExpireApproval { at: later() }),
            ("expire in queue", TaskCommand::ExpireInQueue { queued_at: DateTime::default(), at: later() }),
            ("retry", TaskCommand::Retry),
            ("cancel", TaskCommand::Cancel { reason }),
            ("withdraw", TaskCommand::Withdraw),
        ]);
        orders
    }
}

fn create_task(max_attempts: i64) -> TaskCommand {
    TaskCommand::Create {
        agent: AgentId(Uuid::from_u128(6)),
        name: "Count".parse().expect("a name"),
        kind: TaskKind::Prompt,
        input: Document::default(),
        priority: Priority::default(),
        timeout: TimeoutSeconds::default(),
        max_attempts: MaxAttempts::try_from(max_attempts).expect("a number of attempts"),
        scheduled_at: None,
        created_by: None,
        queue_timeout: Some(TimeoutSeconds::default()),
        conversation: None,
        fork: None,
        configuration: None,
        schedule: None,
    }
}

fn amend(name: Option<&str>, max_attempts: Option<i64>) -> TaskCommand {
    TaskCommand::Amend(Amendment {
        name: name.map(|name| name.parse().expect("a name")),
        max_attempts: max_attempts.map(|number| MaxAttempts::try_from(number).expect("a number of attempts")),
        scheduled_at: name.map(|_| Some(later())),
        ..Amendment::default()
    })
}

fn attempt_orders(attempt: AttemptId) -> Vec<(&'static str, TaskCommand)> {
    let usage = Usage::default();
    let fail = |retry_at| TaskCommand::FailAttempt {
        attempt,
        failure: Failure {
            code: "provider.timeout".to_owned(),
            message: "no answer".parse().expect("a reason"),
        },
        usage,
        retry_at,
        counting: Counting::Counts,
    };
    let defer = TaskCommand::FailAttempt {
        attempt,
        failure: Failure {
            code: "provider.limited".to_owned(),
            message: "too much to do".parse().expect("a reason"),
        },
        usage,
        retry_at: Some(later()),
        counting: Counting::Deferred,
    };
    let (call, hash) = (Uuid::from_u128(7), ContentHash([1; 32]));
    let step = NewStep {
        step: 1,
        kind: StepKind::Model,
        name: "echo".to_owned(),
        provider: "echo".to_owned(),
        call,
        request: hash,
        reserved: MicroUsd::default(),
        has_side_effects: false,
    };
    let end = StepEnd { outcome: Ok(hash), usage, price_table: String::new(), latency_ms: 1 };
    let question = |on_timeout| Question {
        approval_id: Uuid::from_u128(8),
        step: 1,
        tool: "http_request".to_owned(),
        shown: hash,
        expires_at: later(),
        on_timeout,
    };
    let ask = |on_timeout| TaskCommand::AskApproval { attempt, question: question(on_timeout), usage };
    let complete = TaskCommand::Complete { attempt, output: Document::default(), usage };
    vec![
        ("start attempt", TaskCommand::StartAttempt { attempt, agent_version: 1 }),
        ("start step", TaskCommand::StartStep { attempt, step }),
        ("end step", TaskCommand::EndStep { attempt, call, end }),
        ("ask for approval", ask(OnTimeout::Fail)),
        ("ask for approval or take no answer for a no", ask(OnTimeout::Deny)),
        ("hand back", TaskCommand::HandBack { attempt, usage, not_before: None }),
        ("lose the worker", TaskCommand::LoseWorker { attempt, retry_at: later() }),
        ("complete", complete),
        ("fail attempt to try again", fail(Some(later()))),
        ("fail attempt to put it off", defer),
        ("fail attempt for good", fail(None)),
    ]
}

fn decide() -> TaskCommand {
    TaskCommand::Decide {
        approval: Uuid::from_u128(8),
        shown: ContentHash([1; 32]),
        verdict: Verdict::Approved,
        reason: "ours".parse().expect("a reason"),
        at: DateTime::default(),
    }
}

fn later() -> DateTime<Utc> {
    DateTime::from_timestamp_nanos(1_900_000_000_123_456_000)
}
