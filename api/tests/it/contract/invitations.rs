//! Invitations as a part of the user's life.

use application::commit::{Commit, Expected, UniqueScope};
use chrono::{TimeDelta, Utc};
use domain::user::UserEvent;
use domain::{Metadata, Personal, Role, StreamId, TenantId, UserId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, PASSWORD, Session, TestApp};

async fn invite(app: &TestApp, by: &Session, email: &str, role: &str) -> Answer {
    app.post(by, "/tenants/users/invite", json!({"email": email, "role": role})).await
}

async fn accept(app: &TestApp, email: &str, token: &Value) -> Answer {
    let body = json!({"email": email, "password": PASSWORD, "full_name": "Grace", "invitation_token": token});
    app.post_anonymous("/auth/register", body).await
}

async fn inspect(app: &TestApp, token: &Value) -> Answer {
    app.post_anonymous("/auth/invitations/inspect", json!({"invitation_token": token})).await
}

/// An invitation as an old log holds it: it says neither its end nor its inviter. Recorded by the owner, now.
async fn invite_of_old(app: &TestApp, by: &Session, email: &str) -> UserId {
    record(app, by, email, None).await
}

/// An invitation that has run out.
async fn invite_expired(app: &TestApp, by: &Session, email: &str) -> UserId {
    record(app, by, email, Some(Utc::now() - TimeDelta::seconds(1))).await
}

async fn record(
    app: &TestApp,
    by: &Session,
    email: &str,
    expires_at: Option<chrono::DateTime<Utc>>,
) -> UserId {
    let (tenant, user) = (TenantId(by.tenant), UserId(Uuid::now_v7()));
    let invited = UserEvent::Invited {
        email: Personal::new(user.0, email.parse().unwrap()),
        full_name: None,
        role: Role::Member,
        expires_at,
        invited_by: expires_at.map(|_| UserId(by.user)),
        issue: expires_at.map(|_| 1),
    };
    let metadata = Metadata::of(domain::Actor::User(UserId(by.user)));
    let commit = Commit::new(tenant, user.0, metadata).claim(UniqueScope::Email, email, user.0).append(
        StreamId::user(tenant, user),
        Expected::Exactly(0),
        vec![invited],
    );
    app.service.state.app.log.commit(commit).await.unwrap();
    user
}

fn token_of(app: &TestApp, by: &Session, user: UserId, issue: u32) -> Value {
    use secrecy::ExposeSecret as _;
    let ticket = application::ports::InvitationTicket { tenant: TenantId(by.tenant), user, issue };
    json!(app.service.state.app.tokens.invitation(&ticket).expose_secret())
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_are_listed_looked_at_sent_anew_and_taken_back() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let auditor = app.join(&owner, "auditor", "auditor").await;
    let member = app.join(&owner, "member", "member").await;
    let body = json!({"email": "grace@acme.example", "role": "member", "full_name": "Grace Hopper"});
    let sent = app.post(&owner, "/tenants/users/invite", body).await.expect(201);
    let ended = invite_expired(&app, &owner, "late@acme.example").await;
    let list = |query: &str| {
        let path = format!("/tenants/invitations{query}");
        let (app, auditor) = (&app, &auditor);
        async move { app.get(auditor, &path).await.expect(200) }
    };
    let all = list("?sort=email").await;
    assert_eq!(all["total"], 2);
    let (open, expired) = (&all["items"][0], &all["items"][1]);
    assert_eq!(
        (&open["email"], &open["full_name"], &open["role"], &open["status"], &open["invited_by"]),
        (
            &json!("grace@acme.example"),
            &json!("Grace Hopper"),
            &json!("member"),
            &json!("open"),
            &json!(owner.user)
        )
    );
    assert_eq!((&open["id"], &open["expires_at"]), (&sent["user"]["id"], &sent["expires_at"]));
    assert_eq!((&expired["id"], &expired["status"]), (&json!(ended), &json!("expired")));
    for (query, total) in [
        ("?status=open", 1),
        ("?status=expired", 1),
        ("?role=admin", 0),
        ("?q=GRACE", 1),
        ("?sort=-expires_at&limit=1", 2),
    ] {
        assert_eq!(list(query).await["total"], total, "{query}");
    }
    app.get(&member, "/tenants/invitations").await.expect_problem(403, "forbidden");

    let token = &sent["invitation_token"];
    let offer = inspect(&app, token).await.expect(200);
    assert_eq!(
        offer,
        json!({
            "email": "grace@acme.example", "full_name": "Grace Hopper", "role": "member",
            "expires_at": sent["expires_at"], "tenant": {"name": "Acme Corp", "subdomain": owner.subdomain},
        })
    );
    let path = format!("/tenants/invitations/{}", sent["user"]["id"].as_str().unwrap());
    for who in [&auditor, &member] {
        app.delete(who, &path).await.expect_problem(403, "forbidden");
        app.post(who, &format!("{path}/resend"), json!({})).await.expect_problem(403, "forbidden");
    }
    let anew = app.post(&owner, &format!("{path}/resend"), json!({"role": "auditor"})).await.expect(200);
    inspect(&app, token).await.expect_problem(403, "invitation_invalid");
    accept(&app, "grace@acme.example", token).await.expect_problem(403, "invitation_invalid");
    assert_eq!(inspect(&app, &anew["invitation_token"]).await.expect(200)["role"], "auditor");
    app.delete(&owner, &path).await.expect(204);
    inspect(&app, &anew["invitation_token"]).await.expect_problem(403, "invitation_invalid");
    for gone in [&path, &format!("/tenants/invitations/{}", member.user)] {
        app.delete(&owner, gone).await.expect_problem(404, "not_found");
        app.post(&owner, &format!("{gone}/resend"), json!({})).await.expect_problem(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_invitation_lets_nobody_in_and_blocks_nobody() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let email = "grace@acme.example";
    let dead = invite_expired(&app, &owner, email).await;
    let token = token_of(&app, &owner, dead, 1);
    inspect(&app, &token).await.expect_problem(403, "invitation_invalid");
    accept(&app, email, &token).await.expect_problem(403, "invitation_invalid");
    let second = invite(&app, &owner, email, "admin").await.expect(201);
    assert_ne!(second["user"]["id"], json!(dead));
    invite(&app, &owner, email, "admin").await.expect_problem(409, "invitation_open");
    let path = format!("/tenants/users/{dead}");
    app.get(&owner, &path).await.expect_problem(404, "not_found");
    let history = app.get(&owner, &format!("/audit/events?aggregate_id={dead}")).await.expect(200);
    assert_eq!(history["items"][0]["event_type"], "user.invitation_expired");
    accept(&app, email, &token).await.expect_problem(403, "invitation_invalid");
    accept(&app, email, &second["invitation_token"]).await.expect(201);
    invite(&app, &owner, email, "admin").await.expect_problem(409, "email_taken");

    // One that ran out can be sent anew as well.
    let late = invite_expired(&app, &owner, "late@acme.example").await;
    let path = format!("/tenants/invitations/{late}/resend");
    let answer =
        app.send(app.request(reqwest::Method::POST, &path).bearer_auth(&owner.token)).await.expect(200);
    accept(&app, "late@acme.example", &answer["invitation_token"]).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_invite_anew_at_once_leave_one_invitation() {
    let app = TestApp::start().await;
    let owner = app.sign_up("enterprise").await;
    invite_expired(&app, &owner, "grace@acme.example").await;
    let answers =
        futures::future::join_all((0..20).map(|_| invite(&app, &owner, "grace@acme.example", "member")))
            .await;
    let done = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(done, 1, "{:?}", answers.iter().map(|answer| &answer.body["code"]).collect::<Vec<_>>());
    let list = app.get(&owner, "/tenants/invitations").await.expect(200);
    assert_eq!((&list["total"], &list["items"][0]["status"]), (&json!(1), &json!("open")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_void_once_its_inviter_could_not_send_it() {
    let app = TestApp::start().await;
    let owner = app.sign_up("professional").await;
    let admin = app.join(&owner, "admin", "admin").await;
    invite(&app, &admin, "x@acme.example", "owner").await.expect_problem(403, "role_above_own");
    let of_admin = format!("/tenants/users/{}", admin.user);
    let sent = invite(&app, &admin, "grace@acme.example", "admin").await.expect(201);
    let (token, id) = (&sent["invitation_token"], sent["user"]["id"].as_str().unwrap().to_owned());
    for (ill, well) in [
        (json!({"role": "member"}), json!({"role": "admin"})),
        (json!({"is_active": false}), json!({"is_active": true})),
    ] {
        app.put(&owner, &of_admin, ill).await.expect(200);
        inspect(&app, token).await.expect_problem(403, "invitation_invalid");
        accept(&app, "grace@acme.example", token).await.expect_problem(403, "invitation_invalid");
        app.put(&owner, &of_admin, well).await.expect(200);
        inspect(&app, token).await.expect(200);
    }
    app.delete(&owner, &of_admin).await.expect(204);
    // Whoever sends it anew vouches for it.
    let path = format!("/tenants/invitations/{id}/resend");
    let anew = app.post(&owner, &path, json!({})).await.expect(200);
    accept(&app, "grace@acme.example", &anew["invitation_token"]).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_neither_raises_nor_touches_an_invitation_of_an_owner() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let admin = app.join(&owner, "admin", "admin").await;
    let sent = invite(&app, &owner, "grace@acme.example", "owner").await.expect(201);
    let path = format!("/tenants/invitations/{}", sent["user"]["id"].as_str().unwrap());
    app.delete(&admin, &path).await.expect_problem(403, "role_above_own");
    for body in [json!({}), json!({"role": "member"}), json!({"role": "owner"})] {
        app.post(&admin, &format!("{path}/resend"), body).await.expect_problem(403, "role_above_own");
    }
    accept(&app, "grace@acme.example", &sent["invitation_token"]).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_who_accept_at_once_are_one_user_and_seats_are_counted_then() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let sent = invite(&app, &owner, "grace@acme.example", "member").await.expect(201);
    let (second, third) = (
        invite(&app, &owner, "two@acme.example", "member").await.expect(201),
        invite(&app, &owner, "three@acme.example", "member").await.expect(201),
    );
    let token = &sent["invitation_token"];
    let answers = futures::future::join_all((0..50).map(|_| accept(&app, "grace@acme.example", token))).await;
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!(count(201), 1);
    assert_eq!(count(201) + count(403) + count(503), 50, "{answers:?}");
    assert_eq!(app.get(&owner, "/tenants/users?status=active").await.expect(200)["total"], 2);
    accept(&app, "two@acme.example", &second["invitation_token"]).await.expect(201);
    accept(&app, "three@acme.example", &third["invitation_token"])
        .await
        .expect_problem(403, "quota_exceeded");
    inspect(&app, &third["invitation_token"]).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_in_an_old_log_ends_seven_days_after_it_was_recorded() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let user = invite_of_old(&app, &owner, "grace@acme.example").await;
    let token = token_of(&app, &owner, user, 1);
    let offer = inspect(&app, &token).await.expect(200);
    let end: chrono::DateTime<Utc> = offer["expires_at"].as_str().unwrap().parse().unwrap();
    let left = end - Utc::now();
    assert!(left > TimeDelta::days(6) && left <= TimeDelta::days(7), "{left}");
    accept(&app, "grace@acme.example", &token).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_has_one_address_however_it_is_typed() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    // Composed and decomposed, an umlaut in the host and what DNS calls it.
    let sent = invite(&app, &owner, "  Jos\u{e9}@B\u{fc}cher.example ", "member").await.expect(201);
    assert_eq!(sent["user"]["email"], "jos\u{e9}@xn--bcher-kva.example");
    for again in ["JOSE\u{301}@bu\u{308}cher.example", "jos\u{e9}@XN--BCHER-KVA.example"] {
        invite(&app, &owner, again, "member").await.expect_problem(409, "invitation_open");
    }
    // Looks alike, is another: the first letter of the host is Cyrillic.
    invite(&app, &owner, "jose@\u{430}cme.example", "member").await.expect(201);
    invite(&app, &owner, "jose@acme.example", "member").await.expect(201);
    for bad in
        ["a\u{200b}b@acme.example", "a@ac\u{ad}me.exa\u{202e}mple", "a@\u{2488}.example", "a@b_c.example"]
    {
        invite(&app, &owner, bad, "member").await.expect_problem(422, "validation_failed");
    }
    accept(&app, "jose\u{301}@b\u{fc}cher.example", &sent["invitation_token"]).await.expect(201);
    let log_in =
        |email: &str| app.post_anonymous("/auth/login", json!({"email": email, "password": PASSWORD}));
    log_in("Jos\u{e9}@B\u{fc}cher.example").await.expect(200);
    log_in("jos\u{e9}@xn--bcher-kva.example").await.expect(200);
}
