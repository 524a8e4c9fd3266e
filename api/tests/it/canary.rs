//! Canaries: a secret of every kind goes through the service, and is looked for wherever it does not belong.

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use infrastructure::crypto::Purpose;
use infrastructure::embedded::attach;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::process::Process;
use crate::smtp::{self, SmtpServer};
use crate::support::{Answer, Client, Session, dump, pool};

const FIRST: &str = "canary hops over seven tiles";
const SECOND: &str = "canary dives under nine boats";
const MISTYPED: &str = "canary sleeps on a wet branch";
const PROVIDER_KEY: &str = "sk-canary-0f9e8d7c6b5a49382716";

/// What went through the service, and what came back that is not to hold any of it.
struct Flight {
    service: Process,
    client: Client,
    mails: SmtpServer,
    /// Each with its kind.
    secrets: Vec<(&'static str, String)>,
    /// Answers as text: heads and bodies.
    answers: String,
}

impl Flight {
    async fn start() -> Self {
        let mails = SmtpServer::start().await;
        let flags = [vec!["--log=trace".to_owned()], mails.flags()].concat();
        let service = Process::start(&flags).await;
        let client = Client::of(service.address);
        Self { service, client, mails, secrets: vec![], answers: String::new() }
    }

    fn keep(&mut self, kind: &'static str, secret: &Value) -> String {
        let secret = secret.as_str().unwrap().to_owned();
        self.secrets.push((kind, secret.clone()));
        secret
    }

    /// An answer that is not to hold a secret.
    fn hear(&mut self, answer: Answer) -> Value {
        writeln!(self.answers, "{:?}\n{}", answer.headers, answer.body).unwrap();
        answer.body
    }

    /// A request without a credential whose answer is not to hold a secret.
    async fn tell(&mut self, path: &str, body: Value, status: u16) -> Value {
        let answer = self.client.post_anonymous(path, body).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        self.hear(answer)
    }

    async fn ask(&mut self, by: &Session, path: &str) {
        let answer = self.client.get(by, path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        self.hear(answer);
    }

    /// A request that is refused, with this credential.
    async fn refused(&mut self, credential: &str, path: &str) {
        let request = self.client.request(Method::GET, path).bearer_auth(credential);
        let answer = self.client.send(request).await;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.body);
        self.hear(answer);
    }

    /// Founds an organisation; the owner is signed in.
    async fn found(&mut self) -> Session {
        let email = "owner@canary.example";
        let tenant = json!({
            "name": "Canary", "subdomain": "canary", "contact_email": "someone-else@canary.example",
            "contact_name": "John Doe", "subscription_tier": "professional",
        });
        let made = self.client.post_anonymous("/tenants", tenant).await.expect(201);
        let setup = self.keep("setup token", &made["setup_token"]);
        self.keep("password", &FIRST.into());
        let owner = json!({
            "email": email, "password": FIRST, "full_name": "John Doe", "tenant_subdomain": "canary", "setup_token": setup,
        });
        self.tell("/auth/register", owner.clone(), 201).await;
        self.tell("/auth/register", owner, 403).await;
        let session = self.client.sign_in_with("canary", email, FIRST).await;
        self.keep("access token", &json!(session.token));
        self.keep("refresh token", &json!(session.refresh_token));
        session
    }

    /// Signing in, exchanging and signing out, as it is done wrong and right.
    async fn sessions(&mut self, owner: &Session) {
        self.keep("mistyped password", &MISTYPED.into());
        let body = json!({"email": owner.email, "password": MISTYPED, "tenant_subdomain": "canary"});
        self.tell("/auth/login", body, 401).await;
        // In places that take something else, so that what is said of them may not repeat it.
        self.tell("/auth/login", json!({"email": owner.email, "password": [MISTYPED]}), 422).await;
        self.tell("/auth/login", json!({"email": MISTYPED, "password": MISTYPED}), 422).await;
        self.tell("/auth/login", json!({"email": {"a": MISTYPED}, "password": MISTYPED}), 422).await;
        let broken = format!("{{\"password\": \"{MISTYPED}\", }}");
        let request = self.client.request(Method::POST, "/auth/login");
        let request = request.header("content-type", "application/json").body(broken);
        let answer = self.client.send(request).await;
        assert_eq!(answer.status, 400);
        self.hear(answer);

        let other = self.client.sign_in_with("canary", &owner.email, FIRST).await;
        let spent = self.keep("spent refresh token", &json!(other.refresh_token));
        let exchange = json!({"refresh_token": spent});
        let next = self.client.post_anonymous("/auth/refresh", exchange.clone()).await.expect(200);
        let access = self.keep("access token", &next["access_token"]);
        self.keep("refresh token", &next["refresh_token"]);
        let other = Session { token: access.clone(), ..other };
        self.ask(&other, "/auth/me").await;
        self.tell("/auth/refresh", exchange, 401).await;
        self.client.until_refused(&other, "invalid_token").await;
        self.refused(&access, "/auth/me").await;
        self.refused(&format!("{}x", owner.token), "/auth/me").await;
        self.refused(&spent, "/auth/me").await;
        self.refused("", &format!("/auth/me?access_token={}", owner.token)).await;
    }

    /// Invitations and forgotten passwords, whose tokens go out by mail.
    async fn links(&mut self, owner: &Session) {
        let email = "invited@canary.example";
        let invited =
            self.client.post(owner, "/tenants/users/invite", json!({"email": email, "role": "member"}));
        let invited = invited.await;
        assert_eq!(invited.status, 201);
        self.hear(invited);
        let token = self.mails.mail_to(email).await.token();
        self.keep("invitation token", &json!(token));
        let accept =
            json!({"email": email, "password": FIRST, "full_name": "Grace", "invitation_token": token});
        self.tell("/auth/register", accept.clone(), 201).await;
        self.tell("/auth/register", accept, 403).await;
        self.tell("/auth/password-reset", json!({"email": email}), 202).await;
        let told = self.mails.mails_to(email, 2).await;
        let reset = told.iter().map(smtp::Caught::token).find(|other| *other != token).unwrap();
        self.keep("reset token", &json!(reset));
        self.keep("password", &SECOND.into());
        let chosen = json!({"token": reset, "new_password": SECOND});
        self.tell("/auth/password-reset/confirm", chosen.clone(), 204).await;
        self.tell("/auth/password-reset/confirm", chosen, 403).await;
    }

    /// Keys of programs and of providers.
    async fn keys(&mut self, owner: &Session) {
        let key = json!({"name": "Import", "scopes": ["read_agents"]});
        let made = self.client.post(owner, "/api-keys", key).await.expect(201);
        let secret = self.keep("API key", &made["secret"]);
        let program = Session { token: secret.clone(), ..owner.clone() };
        self.ask(&program, "/agents").await;
        self.refused(&secret, "/tenants/users").await;
        self.refused(&format!("{secret}x"), "/agents").await;
        self.refused("", &format!("/agents?api_key={secret}")).await;
        let path = format!("/api-keys/{}", made["id"].as_str().unwrap());
        let gone = self.client.delete(owner, &path).await;
        self.hear(gone);
        self.keep("provider key", &PROVIDER_KEY.into());
        for (key, status) in [(json!(PROVIDER_KEY), 201), (json!({"nested": PROVIDER_KEY}), 422)] {
            let body = json!({"provider": "openai", "key": key});
            let answer = self.client.post(owner, "/provider-keys", body).await;
            assert_eq!(answer.status, status, "{}", answer.body);
            self.hear(answer);
        }
    }

    /// Everything that can be read of an organisation, the log included.
    async fn read_everything(&mut self, owner: &Session) {
        for path in [
            "/audit/events?limit=200",
            "/api-keys",
            "/provider-keys",
            "/auth/sessions",
            "/auth/me",
            "/tenants/current",
            "/tenants/users",
        ] {
            self.ask(owner, path).await;
        }
    }

    /// What the operator set, and what the service makes of it.
    fn operators(&mut self) {
        let settings = self.service.settings();
        let secrets = settings.storage.secrets(settings.environment).unwrap();
        for purpose in Purpose::ALL {
            let kind = if purpose == Purpose::DatabaseLogin { "database password" } else { "derived key" };
            self.secrets.push((kind, hex::encode(secrets.derive(purpose))));
        }
        self.keep("mail password", &smtp::PASSWORD.into());
        for secret in [&settings.storage.secret_key, &settings.storage.master_key] {
            self.keep("operator's secret", &json!(secret.as_ref().unwrap().expose_secret()));
        }
    }
}

/// How a secret may be written.
fn forms(secret: &str) -> Vec<String> {
    let inner = &secret[secret.len() / 4..];
    let mut forms = vec![secret.to_owned(), inner.to_owned()];
    // From each of three places, so that it is found wherever it stands in what was encoded.
    for at in 0..3 {
        let part = &secret.as_bytes()[at..];
        let part = &part[..part.len() - part.len() % 3];
        forms.extend([STANDARD_NO_PAD.encode(part), URL_SAFE_NO_PAD.encode(part)]);
    }
    forms.extend([hex::encode(secret), hex::encode(inner)]);
    forms.push(secret.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", "));
    forms
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_any_kind_stands_in_the_log_the_database_an_event_or_an_answer_that_is_not_its_own() {
    let mut flight = Flight::start().await;
    let owner = flight.found().await;
    flight.sessions(&owner).await;
    flight.links(&owner).await;
    flight.keys(&owner).await;
    flight.read_everything(&owner).await;
    flight.operators();

    let storage = flight.service.settings().storage;
    let database = pool(&attach(&storage.data_dir).await.unwrap().unwrap()).await;
    let activity = "select coalesce(string_agg(query, ' '), '') from pg_stat_activity";
    let activity: String = sqlx::query_scalar(activity).fetch_one(&database).await.unwrap();
    let rows = dump(&database).await;
    // The log is written a moment after the answer.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let log = flight.service.log_lines().join("\n");
    // What is looked for would be found.
    assert!(log.contains("DEBUG") && log.contains("select") && log.contains("/api/v1/auth/login"), "{log}");
    assert!(rows.contains("tenant.api_key_created") && rows.contains("\"canary\""));
    assert!(flight.answers.contains("user.signed_in") && flight.answers.contains("invalid_credentials"));
    let mut found = vec![];
    for (kind, secret) in &flight.secrets {
        for form in forms(secret) {
            for (place, text) in
                [("log", &log), ("database", &rows), ("answers", &flight.answers), ("activity", &activity)]
            {
                if let Some(at) = text.find(&form) {
                    let from = text[..at].rfind('\n').map_or(0, |line| line + 1);
                    let line: String = text[from..].chars().take(600).collect();
                    found.push(format!("{kind} {form} in the {place}: {line}"));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
