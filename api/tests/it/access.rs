//! Who may do what over HTTP: every operation × everyone who may ask, held against one table, `access.json`.

use std::collections::BTreeMap;

use domain::{Permission, Permissions, Role};

use serde::Deserialize;
use serde_json::json;

use crate::operations::{Operation, operations};
use crate::scene::Scene;
use crate::support::{Answer, TestApp};

/// What an operation asks of its caller.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case", untagged)]
enum Access {
    Word(Word),
    Takes {
        /// The permission that it takes.
        takes: PermissionName,
        /// The one that it takes besides for what others made.
        of_others: Option<PermissionName>,
    },
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    /// Nothing.
    Anyone,
    /// A signed-in user, about themselves.
    Oneself,
    /// A user or a program.
    AnyCaller,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
struct PermissionName(Permission);

impl TryFrom<String> for PermissionName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Permission::find(&text).map(Self).ok_or(format!("{text} is no permission"))
    }
}

/// Whether someone is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    In,
    /// Known, and refused with 403 and this code.
    Refused(&'static str),
    /// Not known: 401.
    Unknown,
}

impl Access {
    /// For a user of that role, of things that somebody else made.
    fn of_role(self, role: Role) -> Verdict {
        match self {
            Self::Word(_) => Verdict::In,
            Self::Takes { takes, of_others } => {
                let all = [Some(takes), of_others].into_iter().flatten().all(|one| role.may(one.0));
                if all { Verdict::In } else { Verdict::Refused("forbidden") }
            }
        }
    }

    /// For a program with a key of one scope, of things that the key's maker made.
    fn of_scope(self, scope: Permission) -> Verdict {
        match self {
            Self::Word(Word::Oneself) => Verdict::Refused("session_required"),
            Self::Word(_) => Verdict::In,
            Self::Takes { takes, .. } => {
                let granted = Permissions::from_iter([scope]).grants(takes.0);
                if granted { Verdict::In } else { Verdict::Refused("forbidden") }
            }
        }
    }

    /// For someone who shows nothing that is good now; the code of the refusal where there is one.
    fn of_nobody(self, otherwise: Verdict) -> Verdict {
        if matches!(self, Self::Word(Word::Anyone)) { Verdict::In } else { otherwise }
    }
}

fn table() -> BTreeMap<String, Access> {
    serde_json::from_str(include_str!("access.json")).expect("access.json")
}

/// The permission that an operation takes, where it takes one.
pub(crate) fn permission_of(operation: &Operation) -> Option<Permission> {
    match table()[&operation.id] {
        Access::Word(_) => None,
        Access::Takes { takes, .. } => Some(takes.0),
    }
}

#[test]
fn every_operation_is_in_the_table_and_nothing_else_is() {
    let mut routes: Vec<String> = operations().into_iter().map(|operation| operation.id).collect();
    routes.sort();
    let listed: Vec<String> = table().into_keys().collect();
    assert_eq!(listed, routes, "access.json says who may do what: each operation stands in it once");
}

#[track_caller]
fn hold(answer: &Answer, verdict: Verdict, of: &str) {
    let status = answer.status.as_u16();
    let (code, body) = (answer.body["code"].as_str(), &answer.body);
    match verdict {
        // 409: the thing is in another state, which only those learn who are let in.
        Verdict::In => assert!((200..300).contains(&status) || status == 409, "{of}: {status} {body}"),
        Verdict::Refused(expected) => assert_eq!((status, code), (403, Some(expected)), "{of}: {body}"),
        Verdict::Unknown => {
            assert_eq!(status, 401, "{of}: {body}");
            assert!(answer.header("www-authenticate").starts_with("Bearer"), "{of}");
        }
    }
}

/// Asks with a bearer token, or none.
async fn ask(app: &TestApp, scene: &Scene, operation: &Operation, token: Option<&str>) -> Answer {
    let path = scene.fresh_path(app, operation).await;
    let request = app.request(operation.method.clone(), &path);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    let request = match operation.body {
        Some(_) => request.json(&scene.fresh_body(operation)),
        None => request,
    };
    app.send(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_is_let_in_where_the_policy_says_so() {
    let app = TestApp::start().await;
    let table = table();
    for role in Role::ALL {
        let scene = Scene::set_on(&app, "enterprise").await;
        let name = format!("the-{}", role.as_str());
        let who = app.join(&scene.owner, &name, role.as_str()).await;
        let mut let_in = 0;
        for operation in asked_of_callers() {
            let access = table[&operation.id];
            let who = match access {
                // What ends sessions or changes a password does so to someone whom nobody else needs.
                Access::Word(Word::Oneself) => {
                    let name = operation.id.replace('_', "-");
                    app.join(&scene.owner, &name, role.as_str()).await
                }
                _ => who.clone(),
            };
            let answer = if operation.id == "end_session" {
                let own = app.current_session(&who).await;
                app.delete(&who, &format!("/auth/sessions/{own}")).await
            } else {
                ask(&app, &scene, &operation, Some(&who.token)).await
            };
            hold(&answer, access.of_role(role), &format!("{} as {}", operation.id, role.as_str()));
            let_in += usize::from(answer.status.is_success());
        }
        assert!(let_in >= 10, "{let_in} operations succeeded as {}", role.as_str());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_is_let_in_as_far_as_its_scope_goes() {
    let app = TestApp::start().await;
    let table = table();
    let scene = Scene::set_on(&app, "enterprise").await;
    for scope in Permission::ALL {
        let key = json!({"name": scope.as_str(), "scopes": [scope.as_str()]});
        let key = app.post(&scene.owner, "/api-keys", key).await.expect(201);
        let secret = key["secret"].as_str().unwrap();
        for operation in asked_of_callers() {
            let answer = ask(&app, &scene, &operation, Some(secret)).await;
            let verdict = table[&operation.id].of_scope(scope);
            hold(&answer, verdict, &format!("{} with {}", operation.id, scope.as_str()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_let_in_without_a_session_that_is_open() {
    let app = TestApp::start().await;
    let table = table();
    let scene = Scene::set_on(&app, "enterprise").await;
    let ended = app.sign_in(&scene.owner.subdomain, &scene.owner.email).await;
    app.post(&ended, "/auth/logout", json!({})).await.expect(204);
    let disabled = app.join(&scene.owner, "disabled", "owner").await;
    let path = format!("/tenants/users/{}", disabled.user);
    app.put(&scene.owner, &path, json!({"is_active": false})).await.expect(200);
    for operation in asked_of_callers() {
        let access = table[&operation.id];
        for (who, token) in
            [("nobody", None), ("an ended session", Some(&ended)), ("a disabled user", Some(&disabled))]
        {
            let answer = ask(&app, &scene, &operation, token.map(|one| one.token.as_str())).await;
            hold(&answer, access.of_nobody(Verdict::Unknown), &format!("{} as {who}", operation.id));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_let_in_where_the_organisation_is_suspended() {
    let app = TestApp::start().await;
    let table = table();
    let scene = Scene::set_on(&app, "enterprise").await;
    let suspended = app.sign_up("enterprise").await;
    let tenant = domain::TenantId(suspended.tenant);
    let reason = "Unpaid".parse().unwrap();
    app.service.state.app.suspend_tenant("operator", tenant, reason).await.unwrap();
    app.until_refused(&suspended, "tenant.suspended").await;
    for operation in asked_of_callers() {
        let answer = ask(&app, &scene, &operation, Some(&suspended.token)).await;
        let verdict = table[&operation.id].of_nobody(Verdict::Refused("tenant.suspended"));
        hold(&answer, verdict, &format!("{} in a suspended organisation", operation.id));
    }
}

/// Operations that ask for a caller. Those for anyone do not look at credentials; that they do not is checked here.
fn asked_of_callers() -> Vec<Operation> {
    let table = table();
    let (anyone, callers): (Vec<_>, Vec<_>) = operations()
        .into_iter()
        .partition(|operation| matches!(table[&operation.id], Access::Word(Word::Anyone)));
    assert!(anyone.iter().all(|operation| !operation.asks_for_caller));
    assert!(callers.iter().all(|operation| operation.asks_for_caller));
    callers
}
