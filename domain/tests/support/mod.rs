//! Orders to every aggregate, and the stages they lead through.

use std::fmt::Debug;

use chrono::{DateTime, Utc};
use domain::agent::{Agent, AgentCommand};
use domain::task::{
    Amendment, Failure, MaxAttempts, Priority, Stage, Task, TaskCommand, TaskKind, TimeoutSeconds,
};
use domain::tenant::{Tenant, TenantCommand};
use domain::text::Capabilities;
use domain::user::{SignInFailure, User, UserCommand};
use domain::{AgentId, AttemptId, Document, Role, Root, SessionId, Tier, Usage, UserId};
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
        ]
    }
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
        let email = || "ada@acme.org".parse().expect("an address");
        let full_name = || "Ada".parse().expect("a name");
        let register = |role| UserCommand::Register { user, email: email(), full_name: full_name(), role };
        let invite = |role, full_name| UserCommand::Invite { user, email: email(), full_name, role };
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
            ("accept invitation", UserCommand::AcceptInvitation { full_name: full_name() }),
            ("revoke invitation", UserCommand::RevokeInvitation),
            ("change profile", profile("Bob", "{}")),
            ("change profile", profile("Ada", r#"{"a":1}"#)),
            role(Role::Admin),
            role(Role::Owner),
            role(Role::Member),
            ("deactivate", UserCommand::Deactivate),
            ("reactivate", UserCommand::Reactivate),
            ("sign in", UserCommand::SignIn { session }),
            fail(SignInFailure::WrongPassword),
            fail(SignInFailure::Inactive),
            ("sign out", UserCommand::SignOut { session }),
        ]
    }
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
            ("pause", AgentCommand::Pause),
            ("resume", AgentCommand::Resume),
            ("fail", AgentCommand::Fail { reason }),
            ("terminate", AgentCommand::Terminate),
        ]
    }
}

impl Staged for Task {
    const STAGES: &'static [&'static str] =
        &["Absent", "Pending", "Queued", "Running", "Completed", "Failed", "Cancelled", "Withdrawn"];

    fn stage(&self) -> &'static str {
        match self {
            Self::Absent => "Absent",
            Self::Present(_, Stage::Pending) => "Pending",
            Self::Present(_, Stage::Queued) => "Queued",
            Self::Present(_, Stage::Running(_)) => "Running",
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

fn attempt_orders(attempt: AttemptId) -> [(&'static str, TaskCommand); 4] {
    let usage = Usage::default();
    let fail = |retry_at| TaskCommand::FailAttempt {
        attempt,
        failure: Failure {
            code: "provider.timeout".to_owned(),
            message: "no answer".parse().expect("a reason"),
        },
        usage,
        retry_at,
    };
    let complete = TaskCommand::Complete { attempt, output: Document::default(), usage };
    [
        ("start attempt", TaskCommand::StartAttempt { attempt }),
        ("complete", complete),
        ("fail attempt to try again", fail(Some(later()))),
        ("fail attempt for good", fail(None)),
    ]
}

fn later() -> DateTime<Utc> {
    DateTime::from_timestamp_nanos(1_900_000_000_123_456_000)
}
