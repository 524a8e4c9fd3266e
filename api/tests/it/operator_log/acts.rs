use std::process::Stdio;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sqlx::Executor as _;

use super::{Watched, lines};
use crate::support::{PASSWORD, Session};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// What must be found of an act: the level, status and code, and by whom it was as far as that is known.
struct Act {
    what: &'static str,
    level: &'static str,
    status: u16,
    code: &'static str,
    by: Option<Known>,
}

/// Whom a line names.
struct Known {
    auth: &'static str,
    tenant: Value,
    user: Value,
    key: Option<String>,
}

/// The service, and the acts that were done under their names as request ids.
struct Acted {
    service: Watched,
    acts: Vec<Act>,
}

impl Acted {
    /// Does it under a request id of its own, with a trace.
    async fn does(&mut self, request: RequestBuilder, act: Act) -> Value {
        let request = request
            .header("x-request-id", act.what)
            .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"));
        let answer = self.service.client.send(request).await;
        assert_eq!(answer.status, act.status, "{}: {}", act.what, answer.body);
        self.acts.push(act);
        answer.body
    }

    fn to(&self, method: Method, path: &str) -> RequestBuilder {
        self.service.client.request(method, path)
    }
}

fn act(what: &'static str, level: &'static str, (status, code): (u16, &'static str)) -> Act {
    Act { what, level, status, code, by: None }
}

fn by(session: &Session, auth: &'static str) -> Known {
    Known { auth, tenant: json!(session.tenant), user: json!(session.user), key: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_act_of_the_list_is_one_line_with_who_what_where_and_when() {
    let folder = std::env::temp_dir().join(format!("acts-{}", uuid::Uuid::new_v4().simple()));
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("log");
    let file = format!("--log-file={}", path.display());
    let flags = ["--log-json", &file, "--limits=reset_from=1/3600"];
    let service = Watched::start(&flags, Stdio::null()).await;
    let begun = Utc::now();
    let owner = service.client.sign_up("professional").await;
    let member = service.client.join(&owner, "member", "member").await;
    let key = service.client.api_key(&owner, &["read_agents"]).await;
    let revoked = service.client.api_key(&owner, &["read_agents"]).await;
    let mut acted = Acted { service, acts: vec![] };
    sign_ins(&mut acted, &owner).await;
    refusals(&mut acted, &owner, &member).await;
    let of_key = |id: &str| Some(Known { key: Some(id.to_owned()), ..by(&owner, "api_key") });
    let request = acted.to(Method::GET, "/tenants/users").bearer_auth(&key.session.token);
    let refused = act("key-beyond-scope", "INFO", (403, "forbidden"));
    acted.does(request, Act { by: of_key(&key.id), ..refused }).await;
    acted.service.client.delete(&owner, &format!("/api-keys/{}", revoked.id)).await.expect(204);
    let request = acted.to(Method::GET, "/agents").bearer_auth(&revoked.session.token);
    let refused = act("key-after-revoke", "INFO", (401, "invalid_token"));
    acted.does(request, Act { by: of_key(&revoked.id), ..refused }).await;
    attempts(&mut acted, &owner).await;
    failure(&mut acted, &owner).await;

    let all = until_written(&path, acted.acts.len()).await;
    for act in &acted.acts {
        check(act, &all, begun);
    }
    // Nobody's address, whoever signed in, was invited or was sent a link.
    let text = std::fs::read_to_string(&path).unwrap();
    for address in [&owner.email, &member.email] {
        assert!(!text.contains(address.as_str()), "{address} stands in the log");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

async fn sign_ins(acted: &mut Acted, owner: &Session) {
    let login = |email: &str, password: &str| json!({"email": email, "password": password, "tenant_subdomain": owner.subdomain});
    let request = acted.to(Method::POST, "/auth/login").json(&login(&owner.email, PASSWORD));
    let good = act("sign-in", "INFO", (200, ""));
    let answer = acted.does(request, Act { by: Some(by(owner, "password")), ..good }).await;
    for (what, email) in [("wrong-password", owner.email.as_str()), ("unknown-address", "nobody@x.example")] {
        let request = acted.to(Method::POST, "/auth/login").json(&login(email, "not the password at all"));
        acted.does(request, act(what, "INFO", (401, "invalid_credentials"))).await;
    }
    let refresh = json!({"refresh_token": answer["refresh_token"]});
    let request = acted.to(Method::POST, "/auth/refresh").json(&refresh);
    let good = act("refresh", "INFO", (200, ""));
    let next = acted.does(request, Act { by: Some(by(owner, "refresh_token")), ..good }).await;
    let token = next["access_token"].as_str().unwrap();
    let request = acted.to(Method::GET, "/auth/me").bearer_auth(token);
    acted.service.client.send(request).await.expect(200);
    let request = acted.to(Method::POST, "/auth/refresh").json(&refresh);
    acted.does(request, act("stolen-refresh", "INFO", (401, "invalid_credentials"))).await;
    let other = acted.service.client.sign_in(&owner.subdomain, &owner.email).await;
    let request = acted.to(Method::POST, "/auth/logout").bearer_auth(&other.token);
    let good = act("sign-out", "INFO", (204, ""));
    acted.does(request, Act { by: Some(by(owner, "access_token")), ..good }).await;
    for what in ["reset", "reset-again"] {
        let request = acted.to(Method::POST, "/auth/password-reset").json(&json!({"email": owner.email}));
        let expected = if what == "reset" { (202, "") } else { (429, "rate_limited") };
        acted.does(request, act(what, "INFO", expected)).await;
    }
}

async fn refusals(acted: &mut Acted, owner: &Session, member: &Session) {
    let request = acted.to(Method::GET, "/agents");
    acted.does(request, act("nobody", "INFO", (401, "unauthenticated"))).await;
    let forged = format!("{}x", &owner.token[..owner.token.len() - 1]);
    let request = acted.to(Method::GET, "/agents").bearer_auth(forged);
    acted.does(request, act("forged-token", "INFO", (401, "invalid_token"))).await;
    let request = acted.to(Method::GET, "/audit/events").bearer_auth(&member.token);
    let refused = act("above-role", "INFO", (403, "forbidden"));
    acted.does(request, Act { by: Some(by(member, "access_token")), ..refused }).await;
    let request =
        acted.to(Method::GET, "/agents").bearer_auth(&owner.token).header("x-tenant", "someone-else");
    acted.does(request, act("other-tenant", "INFO", (404, "tenant_mismatch"))).await;
}

/// What no client of ours sends.
async fn attempts(acted: &mut Acted, owner: &Session) {
    let json = "application/json";
    let large = format!("{{\"name\":\"{}\"}}", "a".repeat(2 * 1024 * 1024));
    for (what, kind, body, expected) in [
        ("not-json", json, "{".to_owned(), (400, "malformed_json")),
        ("not-as-json", "text/plain", "{}".to_owned(), (415, "unsupported_media_type")),
        ("too-large", json, large, (413, "too_large")),
        (
            "mass-assignment",
            json,
            r#"{"name": "A", "agent_type": "echo", "tenant_id": "x\r\nERROR forged"}"#.to_owned(),
            (422, "validation_failed"),
        ),
        (
            "line-in-a-name",
            json,
            r#"{"name": "A", "agent_type": "echo", "a\r\n{\"level\":\"ERROR\"}\u001b[31m\u0000": 1}"#
                .to_owned(),
            (422, "validation_failed"),
        ),
        (
            "duplicate",
            json,
            r#"{"name": "A", "name": "B", "agent_type": "echo"}"#.to_owned(),
            (422, "validation_failed"),
        ),
    ] {
        let request = acted.to(Method::POST, "/agents").bearer_auth(&owner.token);
        let known = Act { by: Some(by(owner, "access_token")), ..act(what, "INFO", expected) };
        acted.does(request.header("content-type", kind).body(body), known).await;
    }
    let request = acted.to(Method::GET, "/agents").header("x-padding", "a".repeat(17_000));
    acted.does(request, act("large-head", "INFO", (431, "headers_too_large"))).await;
}

/// What is nobody's fault but ours.
async fn failure(acted: &mut Acted, owner: &Session) {
    acted.service.owner().await.execute("alter table agents rename to agents_lost").await.unwrap();
    let request = acted.to(Method::GET, "/agents").bearer_auth(&owner.token);
    let failed = act("broken-table", "WARN", (503, "unavailable"));
    acted.does(request, Act { by: Some(by(owner, "access_token")), ..failed }).await;
}

/// All lines, once there are enough of them.
async fn until_written(path: &std::path::Path, count: usize) -> Vec<Value> {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let all = lines(path);
        let is_over =
            all.iter().any(|line| line["span"]["request.id"] == "broken-table" && line["level"] == "WARN");
        if all.len() >= count && is_over {
            return all;
        }
        assert!(Instant::now() < end, "{} lines", all.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn check(act: &Act, all: &[Value], begun: DateTime<Utc>) {
    let own: Vec<&Value> = all.iter().filter(|line| line["span"]["request.id"] == act.what).collect();
    let answered: Vec<&&Value> = own
        .iter()
        .filter(|line| line["fields"]["message"].as_str().unwrap().starts_with("answered with"))
        .collect();
    assert_eq!(answered.len(), 1, "{}: {own:?}", act.what);
    let (line, span) = (answered[0], &answered[0]["span"]);
    assert_eq!(line["level"], act.level, "{line}");
    assert_eq!(line["fields"]["code"].as_str().unwrap_or_default(), act.code, "{line}");
    assert_eq!(span["http.status"], act.status, "{line}");
    assert_eq!(span["trace.id"], TRACE, "{line}");
    assert_eq!(span["client.ip"], "127.0.0.1", "{line}");
    assert!(
        span["http.route"].as_str().unwrap().starts_with("/api/v1/") && span["http.method"].is_string(),
        "{line}"
    );
    assert!(span["duration_ms"].is_u64(), "{line}");
    let text = line["timestamp"].as_str().unwrap();
    let at: DateTime<Utc> = text.parse().unwrap();
    assert!(text.ends_with('Z') && text.contains('.') && begun <= at && at <= Utc::now(), "{line}");
    if let Some(known) = &act.by {
        assert_eq!((&span["tenant.id"], &span["user.id"]), (&known.tenant, &known.user), "{line}");
        assert_eq!(span["auth.by"], known.auth, "{line}");
        assert_eq!(span["api_key.id"].as_str(), known.key.as_deref(), "{line}");
    }
    // Errors of ours say what went wrong, in the same request.
    let errors = own.iter().filter(|line| line["level"] == "ERROR").count();
    assert_eq!(errors, usize::from(act.what == "broken-table"), "{own:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_of_people_keys_and_settings_is_an_event_with_who_what_where_and_when() {
    let app = crate::support::TestApp::start().await;
    let owner = app.sign_up("professional").await;
    let member = app.join(&owner, "member", "member").await;
    let user = format!("/tenants/users/{}", member.user);
    let key = app.api_key(&owner, &["read_agents"]).await;
    let key = format!("/api-keys/{}", key.id);
    let other = app.sign_in(&owner.subdomain, &member.email).await;
    let session = app.current_session(&other).await;
    let invited =
        app.post(&owner, "/tenants/users/invite", json!({"email": "b@x.example", "role": "member"})).await;
    let invitation = format!("/tenants/invitations/{}", invited.expect(201)["user"]["id"].as_str().unwrap());
    let resend = format!("{invitation}/resend");
    let reset = format!("{user}/password-reset");
    let rotate = format!("{key}/rotate");
    let ended = format!("/auth/sessions/{session}");
    let password = json!({"current_password": PASSWORD, "new_password": "another correct horse battery"});
    let acts: Vec<(Method, &str, Value, &Session, &str)> = vec![
        (
            Method::POST,
            "/tenants/users/invite",
            json!({"email": "a@x.example", "role": "admin"}),
            &owner,
            "user.invited",
        ),
        (Method::POST, &resend, json!({}), &owner, "user.invitation_resent"),
        (Method::DELETE, &invitation, json!({}), &owner, "user.invitation_revoked"),
        (Method::PUT, &user, json!({"role": "admin"}), &owner, "user.role_changed"),
        (Method::POST, &reset, json!({}), &owner, "user.password_reset_requested"),
        (Method::DELETE, &ended, json!({}), &member, "user.session_revoked"),
        (Method::PUT, "/auth/password", password, &member, "user.password_changed"),
        (Method::DELETE, &user, json!({}), &owner, "user.deactivated"),
        (Method::PUT, &user, json!({"is_active": true}), &owner, "user.reactivated"),
        (
            Method::POST,
            "/api-keys",
            json!({"name": "K", "scopes": ["read_agents"]}),
            &owner,
            "tenant.api_key_created",
        ),
        (Method::POST, &rotate, json!({}), &owner, "tenant.api_key_rotated"),
        (Method::DELETE, &key, json!({}), &owner, "tenant.api_key_revoked"),
        (
            Method::POST,
            "/provider-keys",
            json!({"provider": "openai", "key": "sk-0123456789abcdef"}),
            &owner,
            "tenant.provider_key_set",
        ),
        (Method::DELETE, "/provider-keys/openai", json!({}), &owner, "tenant.provider_key_removed"),
        (Method::PUT, "/tenants/current", json!({"name": "Other"}), &owner, "tenant.details_changed"),
        (
            Method::PUT,
            "/tenants/current/settings",
            json!({"settings": {"a": 1}}),
            &owner,
            "tenant.settings_changed",
        ),
        (
            Method::PUT,
            "/tenants/current/subscription",
            json!({"subscription_tier": "enterprise"}),
            &owner,
            "tenant.subscription_changed",
        ),
        (Method::PUT, "/tenants/current/budget", json!({"limit_usd": "5"}), &owner, "tenant.budget_set"),
        (
            Method::POST,
            "/tenants/current/stop-all",
            json!({"reason": "drill"}),
            &owner,
            "tenant.work_stopped",
        ),
        (Method::POST, "/tenants/current/reopen", json!({}), &owner, "tenant.work_reopened"),
    ];
    for (method, path, body, by, event_type) in acts {
        let begun = Utc::now() - chrono::TimeDelta::seconds(1);
        let request = app.request(method, path).bearer_auth(&by.token).json(&body);
        let traced = request
            .header("x-request-id", event_type)
            .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"));
        let answer = app.send(traced).await;
        assert!(answer.status.is_success(), "{event_type}: {} {}", answer.status, answer.body);
        let events =
            app.get(&owner, &format!("/audit/events?event_type={event_type}&limit=1")).await.expect(200);
        let event = &events["items"][0];
        assert_eq!(event["request_id"], event_type, "{event}");
        assert_eq!((&event["trace_id"], &event["ip"]), (&json!(TRACE), &json!("127.0.0.1")), "{event}");
        assert_eq!(
            (&event["actor"]["type"], &event["actor"]["id"]),
            (&json!("user"), &json!(by.user)),
            "{event}"
        );
        assert_eq!(event["tenant_id"], json!(owner.tenant), "{event}");
        assert!(event["session_id"].is_string() && event["position"].is_u64(), "{event}");
        let at: DateTime<Utc> = event["recorded_at"].as_str().unwrap().parse().unwrap();
        assert!(begun <= at && at <= Utc::now() + chrono::TimeDelta::seconds(1), "{event}");
    }
}
