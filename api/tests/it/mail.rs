//! Mails, as they arrive at a server.

mod reminders;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::smtp::{Caught, Manner, SmtpServer, flags};
use crate::support::{PASSWORD, Session, TestApp, fresh_database};

async fn start(flags: &[String]) -> TestApp {
    start_on(fresh_database().await, flags).await
}

async fn start_on(database: sqlx::postgres::PgConnectOptions, flags: &[String]) -> TestApp {
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    TestApp::start_on(database, &flags).await
}

async fn invite(app: &TestApp, by: &Session, email: &str) -> Value {
    let body = json!({"email": email, "role": "member", "full_name": "Grace Hopper"});
    app.post(by, "/tenants/users/invite", body).await.expect(201)
}

fn accept(email: &str, token: &str) -> Value {
    json!({"email": email, "password": PASSWORD, "full_name": "Grace", "invitation_token": token})
}

/// The states of all mails, once they are as wanted.
async fn states(database: &PgPool, wanted: &[&str]) -> Vec<String> {
    let deadline = Instant::now() + Duration::from_secs(40);
    loop {
        let sql = "select state from mails order by created_at, recipient_id";
        let states: Vec<String> = sqlx::query_scalar(sql).fetch_all(database).await.unwrap();
        if states == wanted {
            return states;
        }
        assert!(Instant::now() < deadline, "not within 40 s: {states:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Returns when every log was followed to its present end.
async fn followed(database: &PgPool) {
    let deadline = Instant::now() + Duration::from_secs(40);
    loop {
        let behind: i64 = sqlx::query_scalar(
            "select count(*) from tenant_heads h
             left join follower_checkpoints c on c.tenant_id = h.tenant_id and c.name = 'mails'
             where h.position > coalesce(c.position, 0)",
        )
        .fetch_one(database)
        .await
        .unwrap();
        if behind == 0 {
            return;
        }
        assert!(Instant::now() < deadline, "{behind} tenants are behind after 40 s");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_arrives_and_its_link_lets_in_until_it_is_sent_anew() {
    let server = SmtpServer::start().await;
    let app = start(&server.flags()).await;
    let owner = app.sign_up("basic").await;
    let email = "grace@acme.example";
    let answer = invite(&app, &owner, email).await;
    assert_eq!(answer["invitation_token"], Value::Null);
    let first = server.mail_to(email).await;
    assert_eq!(first.header("Subject"), "Join Acme Corp on AgentCores");
    assert_eq!(first.header("To"), "\"Grace Hopper\" <grace@acme.example>");
    assert_eq!(first.header("From"), "AgentCores <no-reply@agentcores.example>");
    assert!(!first.header("Date").is_empty());
    assert!(first.part("text/plain").contains("John Doe has invited you"), "{}", first.part("text/plain"));
    let token = first.token();
    let inspect =
        |token: &str| app.post_anonymous("/auth/invitations/inspect", json!({"invitation_token": token}));
    let offer = inspect(&token).await.expect(200);
    assert_eq!((&offer["email"], &offer["tenant"]["name"]), (&json!(email), &json!("Acme Corp")));

    let path = format!("/tenants/invitations/{}/resend", answer["user"]["id"].as_str().unwrap());
    app.post(&owner, &path, json!({"role": "admin"})).await.expect(200);
    let both = server.mails_to(email, 2).await;
    let anew = both.iter().find(|mail| mail.token() != token).unwrap();
    assert_ne!(anew.header("Message-ID"), first.header("Message-ID"));
    app.post_anonymous("/auth/register", accept(email, &token))
        .await
        .expect_problem(403, "invitation_invalid");
    inspect(&token).await.expect_problem(403, "invitation_invalid");
    let user = app.post_anonymous("/auth/register", accept(email, &anew.token())).await.expect(201);
    assert_eq!(user["role"], "admin");
    let database = app.owner().await;
    followed(&database).await;
    states(&database, &["sent", "sent"]).await;
    assert_eq!(server.mails().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_services_send_a_mail_once() {
    let server = SmtpServer::start().await;
    let app = start(&server.flags()).await;
    let other = start_on(app.database.clone(), &server.flags()).await;
    let owner = app.sign_up("enterprise").await;
    for number in 0..10 {
        let by = if number % 2 == 0 { &app } else { &other };
        invite(by, &owner, &format!("user{number}@acme.example")).await;
    }
    let database = app.owner().await;
    states(&database, &["sent"; 10]).await;
    for number in 0..10 {
        server.mail_to(&format!("user{number}@acme.example")).await;
    }
    assert_eq!(server.mails().len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_whose_sender_was_killed_while_it_was_handed_over_is_not_sent_again() {
    let server = SmtpServer::start().await;
    server.will([Manner::Silent]);
    let app = start(&server.flags()).await;
    let owner = app.sign_up("basic").await;
    invite(&app, &owner, "grace@acme.example").await;
    server.mail_to("grace@acme.example").await;
    let database = app.owner().await;
    states(&database, &["sending"]).await;
    let options = app.database.clone();
    drop(app);
    // What the passing of two minutes does: the claim of the dead runs out, and so does its lease.
    for sql in ["update mails set claimed_until = now()", "update followers set leased_until = now()"] {
        sqlx::query(sql).execute(&database).await.unwrap();
    }
    let app = start_on(options, &server.flags()).await;
    states(&database, &["unknown"]).await;
    invite(&app, &owner, "ada@acme.example").await;
    server.mail_to("ada@acme.example").await;
    states(&database, &["unknown", "sent"]).await;
    assert_eq!(server.mails().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_whose_sender_was_killed_before_it_was_handed_over_is_sent_by_another() {
    // Nobody listens there: the first service only tries.
    let nowhere = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = nowhere.local_addr().unwrap();
    let app = start(&flags(address)).await;
    let owner = app.sign_up("basic").await;
    invite(&app, &owner, "grace@acme.example").await;
    let database = app.owner().await;
    let claimed = "select count(*) from mails where state = 'waiting' and claim is not null";
    while sqlx::query_scalar::<_, i64>(claimed).fetch_one(&database).await.unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let options = app.database.clone();
    drop(app);
    sqlx::query("update mails set claimed_until = now()").execute(&database).await.unwrap();
    let server = SmtpServer::start().await;
    let _app = start_on(options, &server.flags()).await;
    server.mail_to("grace@acme.example").await;
    states(&database, &["sent"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_tried_until_the_server_is_back() {
    let gone = SmtpServer::start().await;
    let address = gone.address;
    drop(gone);
    let app = start(&flags(address)).await;
    let owner = app.sign_up("basic").await;
    invite(&app, &owner, "grace@acme.example").await;
    let database = app.owner().await;
    let tried = "select coalesce(max(attempts), 0) from mails";
    while sqlx::query_scalar::<_, i32>(tried).fetch_one(&database).await.unwrap() < 1 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let server = SmtpServer::start_on(address).await;
    server.will([Manner::Busy]);
    server.mail_to("grace@acme.example").await;
    states(&database, &["sent"]).await;
    let attempts: i32 = sqlx::query_scalar(tried).fetch_one(&database).await.unwrap();
    assert!(attempts >= 3, "refused, busy, taken: {attempts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_refused_for_good_is_given_up_and_one_whose_answer_is_lost_not_repeated() {
    let server = SmtpServer::start().await;
    server.will([Manner::NoSuchPerson, Manner::HangsUp]);
    let app = start(&server.flags()).await;
    let owner = app.sign_up("basic").await;
    let database = app.owner().await;
    invite(&app, &owner, "nobody@acme.example").await;
    states(&database, &["failed"]).await;
    let why: String = sqlx::query_scalar("select last_error from mails").fetch_one(&database).await.unwrap();
    assert_eq!(why, "rcpt to: answered 550");
    invite(&app, &owner, "grace@acme.example").await;
    states(&database, &["failed", "unknown"]).await;
    invite(&app, &owner, "ada@acme.example").await;
    states(&database, &["failed", "unknown", "sent"]).await;
    let to: Vec<String> = server.mails().into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, ["grace@acme.example", "ada@acme.example"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_put_no_header_and_no_markup_into_a_mail() {
    let server = SmtpServer::start().await;
    let app = start(&server.flags()).await;
    let owner = app.sign_up("basic").await;
    let email = "grace@acme.example";
    let body = |name: &str| json!({"email": email, "role": "member", "full_name": name});
    for bad in [
        "Grace\r\nBcc: eve@evil.example",
        "Grace\nBcc: eve@evil.example",
        "Grace\u{2028}Bcc: x",
        "\u{202e}ecarG",
    ] {
        app.post(&owner, "/tenants/users/invite", body(bad)).await.expect_problem(422, "validation_failed");
    }
    let name = "<script>alert(1)</script>";
    app.put(&owner, "/tenants/current", json!({"name": name})).await.expect(200);
    let odd = "Grace\", <eve@evil.example>, \"x =?utf-8?Q?=0D=0ABcc:_eve@evil.example?=";
    app.post(&owner, "/tenants/users/invite", body(odd)).await.expect(201);
    let mail: Caught = server.mail_to(email).await;
    assert_eq!((mail.header("Bcc"), mail.header("Cc")), (String::new(), String::new()));
    assert_eq!(mail.header("Subject"), format!("Join {name} on AgentCores"));
    assert!(mail.part("text/plain").contains(name));
    let html = mail.part("text/html");
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !html.contains("<script"), "{html}");
    assert_eq!(mail.recipient(), email);
    assert!(!mail.header("To").contains(['\r', '\n']), "{:?}", mail.header("To"));
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_reached_is_told_owners_and_admins_once() {
    let server = SmtpServer::start().await;
    let app = start(&server.flags()).await;
    let owner = app.sign_up("free").await;
    let mut agents = vec![];
    for _ in 0..5 {
        agents.push(app.agent(&owner).await);
    }
    let mail = server.mail_to(&owner.email).await;
    assert_eq!(mail.header("Subject"), "Acme Corp has reached its limit of 5 agents");
    app.delete(&owner, &format!("/agents/{}", agents[0])).await.expect(204);
    app.agent(&owner).await;
    let database = app.owner().await;
    followed(&database).await;
    states(&database, &["sent"]).await;
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_before_there_were_mails_is_not_told() {
    let app = start(&[]).await;
    let owner = app.sign_up("basic").await;
    let early = invite(&app, &owner, "early@acme.example").await;
    let database = app.owner().await;
    states(&database, &["logged"]).await;
    let options = app.database.clone();
    app.service.stop().await;
    for table in ["mails", "follower_checkpoints", "followers"] {
        sqlx::query(&format!("delete from {table}")).execute(&database).await.unwrap();
    }
    let server = SmtpServer::start().await;
    let app = start_on(options, &server.flags()).await;
    invite(&app, &owner, "late@acme.example").await;
    server.mail_to("late@acme.example").await;
    followed(&database).await;
    states(&database, &["sent"]).await;
    let token = early["invitation_token"].as_str().unwrap();
    app.post_anonymous("/auth/register", accept("early@acme.example", token)).await.expect(201);
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_happens_to_checkpoints_or_read_models_sends_a_mail_again() {
    let server = SmtpServer::start().await;
    let app = start(&server.flags()).await;
    let owner = app.sign_up("basic").await;
    invite(&app, &owner, "grace@acme.example").await;
    server.mail_to("grace@acme.example").await;
    let database = app.owner().await;
    states(&database, &["sent"]).await;
    sqlx::query("update follower_checkpoints set position = 0").execute(&database).await.unwrap();
    let (pool, pages) =
        api::wire::rebuilding(&crate::support::settings(&[]), app.database.clone()).await.unwrap();
    for projector in projections::inline().iter() {
        projections::rebuild(&pool, &pages, projector.as_ref(), |_| {}).await.unwrap();
    }
    invite(&app, &owner, "ada@acme.example").await;
    server.mail_to("ada@acme.example").await;
    followed(&database).await;
    states(&database, &["sent", "sent"]).await;
    assert_eq!(server.mails().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_taken_back_before_it_could_be_sent_is_not_sent() {
    let gone = SmtpServer::start().await;
    let address = gone.address;
    drop(gone);
    let app = start(&flags(address)).await;
    let owner = app.sign_up("basic").await;
    let answer = invite(&app, &owner, "grace@acme.example").await;
    let path = format!("/tenants/invitations/{}", answer["user"]["id"].as_str().unwrap());
    app.delete(&owner, &path).await.expect(204);
    let database = app.owner().await;
    states(&database, &["dropped"]).await;
}
