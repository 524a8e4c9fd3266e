//! API keys that end soon.

use std::sync::Arc;

use application::App;
use application::ports::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::json;

use super::{accept, start, start_on, states};
use crate::smtp::SmtpServer;
use crate::support::{ApiKey, Session, TestApp};

/// A clock that stands still.
struct At(DateTime<Utc>);

#[async_trait::async_trait]
impl Clock for At {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }

    fn instant(&self) -> std::time::Instant {
        std::time::Instant::now()
    }

    async fn sleep(&self, _: std::time::Duration) {}
}

/// The use cases of a service, so many days on.
fn days_on(app: &TestApp, days: i64) -> App {
    let clock = Arc::new(At(Utc::now() + TimeDelta::days(days)));
    App { clock, ..app.service.state.app.clone() }
}

async fn key(app: &TestApp, by: &Session, name: &str, days: i64) -> ApiKey {
    let body = json!({"name": name, "scopes": ["read_agents"], "expires_in_days": days});
    ApiKey::of(by, &app.post(by, "/api-keys", body).await.expect(201))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_that_ends_in_fourteen_days_is_told_once_to_who_may_rotate_it() {
    let server = SmtpServer::start().await;
    let app = start(&server.flags()).await;
    let node = start_on(app.database.clone(), &server.flags()).await;
    let owner = app.sign_up("basic").await;
    let mut admins = vec![];
    for email in ["ada@acme.example", "eve@acme.example"] {
        let body = json!({"email": email, "role": "admin"});
        app.post(&owner, "/tenants/users/invite", body).await.expect(201);
        let token = server.mail_to(email).await.token();
        app.post_anonymous("/auth/register", accept(email, &token)).await.expect(201);
        admins.push(app.sign_in(&owner.subdomain, email).await);
    }
    let [admin, demoted] = &admins[..] else { unreachable!() };
    let database = app.owner().await;
    states(&database, &["sent"; 2]).await;
    key(&app, &owner, "Import", 90).await;
    key(&app, &owner, "Short", 14).await;
    key(&app, &owner, "Long", 200).await;
    let [rotated, revoked] = [key(&app, admin, "Export", 90).await, key(&app, admin, "Gone", 90).await];
    let rotate = json!({"overlap_hours": 1, "expires_in_days": 90});
    app.post(admin, &format!("/api-keys/{}/rotate", rotated.id), rotate).await.expect(201);
    app.delete(admin, &format!("/api-keys/{}", revoked.id)).await.expect(204);
    key(&app, demoted, "Orphan", 90).await;
    app.put(&owner, &format!("/tenants/users/{}", demoted.user), json!({"role": "member"})).await.expect(200);

    assert!(!days_on(&app, 75).remind_of_api_keys().await.unwrap(), "fifteen days before");
    let on_time = [days_on(&app, 77), days_on(&node, 77)];
    for again in 0..3 {
        let [one, two] = on_time.each_ref().map(App::remind_of_api_keys);
        let (one, two) = tokio::join!(one, two);
        assert_eq!(one.unwrap() || two.unwrap(), again == 0);
    }
    // The orphan's maker may not rotate it any more: both who may are told. The successor's maker is told of it alone.
    let told = async |to: &Session, count: usize| {
        let mut subjects: Vec<String> = server
            .mails_to(&to.email, count)
            .await
            .iter()
            .map(|mail| mail.header("Subject"))
            .filter(|subject| subject.contains("API key"))
            .collect();
        subjects.sort();
        subjects
    };
    let subject = |name: &str| format!("The API key {name} of Acme Corp ends soon");
    assert_eq!(told(&owner, 2).await, [subject("Import"), subject("Orphan")]);
    assert_eq!(told(admin, 3).await, [subject("Export"), subject("Orphan")]);
    states(&database, &["sent"; 6]).await;
    assert_eq!(told(demoted, 1).await, Vec::<String>::new());
    let mails = server.mails_to(&owner.email, 2).await;
    let text = mails[0].part("text/plain");
    let ends = (Utc::now() + TimeDelta::days(90)).format("%-d %B %Y").to_string();
    assert!(text.contains(&ends) && text.contains("https://agents.example/keys"), "{text}");
    assert!(!days_on(&app, 90).remind_of_api_keys().await.unwrap(), "not again on its last day");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_that_was_rotated_before_the_mail_could_be_sent_is_not_told_of() {
    let gone = SmtpServer::start().await;
    let flags = gone.flags();
    drop(gone);
    let app = start(&flags).await;
    let owner = app.sign_up("basic").await;
    let made = key(&app, &owner, "Import", 30).await;
    assert!(days_on(&app, 20).remind_of_api_keys().await.unwrap());
    let rotate = app.request(Method::POST, &format!("/api-keys/{}/rotate", made.id));
    app.send(rotate.bearer_auth(&owner.token).json(&json!({}))).await.expect(201);
    states(&app.owner().await, &["dropped"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_organisation_is_told_of_its_keys_once_it_goes_on() {
    let server = SmtpServer::start().await;
    let app = start(&server.flags()).await;
    let owner = app.sign_up("basic").await;
    key(&app, &owner, "Import", 90).await;
    app.suspend(&owner).await;
    let on_time = days_on(&app, 80);
    assert!(!on_time.remind_of_api_keys().await.unwrap());
    app.service.state.app.reactivate_tenant("operator", domain::TenantId(owner.tenant)).await.unwrap();
    assert!(on_time.remind_of_api_keys().await.unwrap());
    server.mail_to(&owner.email).await;
}
