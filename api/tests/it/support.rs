//! A running service with a database of its own, and a client of it.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use api::settings::Settings;
use api::wire::Service;
use clap::Parser;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, Executor, PgConnection, PgPool};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use uuid::Uuid;

pub(crate) const PASSWORD: &str = "correct horse battery";

#[derive(Parser)]
#[command(args_override_self = true)]
struct Line {
    #[command(flatten)]
    settings: Settings,
}

/// A service in this process, on a port and a database of its own.
pub(crate) struct TestApp {
    pub(crate) service: Service,
    pub(crate) database: PgConnectOptions,
    client: Client,
    _workers: JoinSet<()>,
    _server: JoinSet<()>,
}

impl Deref for TestApp {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// Asks a service, wherever it runs.
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    http: reqwest::Client,
}

/// Someone signed in.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) tenant: Uuid,
    pub(crate) user: Uuid,
    pub(crate) subdomain: String,
    pub(crate) email: String,
    pub(crate) token: String,
    pub(crate) refresh_token: String,
}

/// A program with a key.
#[derive(Clone, Debug)]
pub(crate) struct ApiKey {
    pub(crate) id: String,
    /// The organisation and the maker, with the key in place of a token.
    pub(crate) session: Session,
}

impl ApiKey {
    /// Of the answer that shows the key.
    pub(crate) fn of(maker: &Session, answer: &Value) -> Self {
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        Self { id: text("id"), session: Session { token: text("secret"), ..maker.clone() } }
    }
}

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The body of an answer that must have this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.body
    }

    #[track_caller]
    pub(crate) fn expect_problem(self, status: u16, code: &str) -> Value {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.body);
        let body = self.expect(status);
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["status"], status, "{body}");
        body
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// The settings of a test, with these flags besides.
pub(crate) fn settings(flags: &[&str]) -> Settings {
    let base = [
        "agentcores",
        "--secret-key=a-signing-secret-for-tests-only-0123",
        "--master-key=a-sealing-secret-for-tests-only-0123",
        "--connections=8",
        "--workers=2",
        // Whatever the machine's environment holds, no test reaches a real provider.
        "--openai-api-key=",
        "--openai-base-url=",
        "--anthropic-api-key=",
        "--anthropic-base-url=",
    ];
    Line::parse_from(base.iter().chain(flags)).settings
}

/// A fresh, empty database on the test server.
pub(crate) async fn fresh_database() -> PgConnectOptions {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL: run this with `agentcores with-postgres`");
    let server: PgConnectOptions = url.parse().unwrap();
    let name = format!("test_{}", Uuid::new_v4().simple());
    let mut conn = PgConnection::connect_with(&server).await.unwrap();
    conn.execute(format!("create database {name} strategy file_copy").as_str()).await.unwrap();
    conn.close().await.unwrap();
    server.database(&name)
}

/// A pool of the database's owner.
#[expect(clippy::disallowed_methods, reason = "looks at the database as nobody of the service can")]
pub(crate) async fn pool(database: &PgConnectOptions) -> PgPool {
    PgPoolOptions::new().max_connections(4).connect_with(database.clone()).await.unwrap()
}

/// Every table of a database as text, as its owner sees it.
pub(crate) async fn dump(owner: &PgPool) -> String {
    let tables = "select tablename::text from pg_tables where schemaname = 'public'";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(owner).await.unwrap();
    let mut text = String::new();
    for table in tables {
        let sql = format!("select t::text from {table} t");
        let rows: Vec<String> = sqlx::query_scalar(&sql).fetch_all(owner).await.unwrap();
        text.extend(rows);
    }
    text
}

impl TestApp {
    /// A service on a fresh database.
    pub(crate) async fn start() -> Self {
        Self::start_on(fresh_database().await, &[]).await
    }

    /// A service on this database, with these flags.
    pub(crate) async fn start_on(database: PgConnectOptions, flags: &[&str]) -> Self {
        let settings = settings(flags);
        let service = Service::start(&settings, database.clone()).await.unwrap();
        let workers = service.work(settings.workers);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = api::router(service.state.clone());
        let mut server = JoinSet::new();
        server.spawn(api::serve(listener, router, api::Patience::default(), std::future::pending()));
        let client = Client::of(address);
        Self { service, database, client, _workers: workers, _server: server }
    }

    /// A pool of the database's owner, for looking behind the service.
    pub(crate) async fn owner(&self) -> PgPool {
        pool(&self.database).await
    }

    /// What lets the user choose another password, asked for by an owner: it follows from the event and the server's key.
    pub(crate) async fn reset_token(&self, owner: &Session, of: &Session) -> String {
        use secrecy::ExposeSecret as _;
        self.post(owner, &format!("/tenants/users/{}/password-reset", of.user), json!({})).await.expect(202);
        let path = format!("/audit/events?event_type=user.password_reset_requested&aggregate_id={}", of.user);
        let events = self.get(owner, &path).await.expect(200);
        let told = &events["items"][0]["data"];
        let ticket = application::ports::ResetTicket {
            tenant: domain::TenantId(of.tenant),
            user: domain::UserId(of.user),
            reset: domain::ResetId(told["reset"].as_str().unwrap().parse().unwrap()),
            expires_at: told["expires_at"].as_str().unwrap().parse().unwrap(),
        };
        self.service.state.app.tokens.reset(&ticket).expose_secret().to_owned()
    }

    /// Suspends the organisation, as its operator does.
    pub(crate) async fn suspend(&self, session: &Session) {
        let (tenant, reason) = (domain::TenantId(session.tenant), "unpaid".parse().unwrap());
        self.service.state.app.suspend_tenant("operator", tenant, reason).await.unwrap();
    }

    /// Returns once the organisation's log holds an event of this type, also where nobody may ask for it.
    pub(crate) async fn until_recorded(&self, of: &Session, event_type: &str) {
        let owner = self.owner().await;
        let sql = "select exists (select from events where tenant_id = $1 and event_type = $2)";
        let recorded =
            || sqlx::query_scalar::<_, bool>(sql).bind(of.tenant).bind(event_type).fetch_one(&owner);
        while !recorded().await.unwrap() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Client {
    /// Of the service at this address.
    pub(crate) fn of(address: SocketAddr) -> Self {
        Self { address, http: crate::plain::client().build().unwrap() }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        let is_rooted = ["/api/", "/.well-known", "/health"].iter().any(|root| path.starts_with(root));
        let base = if is_rooted { "" } else { "/api/v1" };
        format!("http://{}{base}{path}", self.address)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, self.url(path))
    }

    /// The answer to a request as it is, not read yet.
    pub(crate) async fn execute(&self, request: reqwest::Request) -> reqwest::Result<reqwest::Response> {
        self.http.execute(request).await
    }

    /// The answer; of a stream only its head.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        if headers.get("content-type").is_some_and(|kind| kind == "text/event-stream") {
            return Answer { status, headers, body: Value::Null };
        }
        let bytes = answer.bytes().await.unwrap();
        let body =
            if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap_or_default() };
        Answer { status, headers, body }
    }

    pub(crate) async fn get(&self, session: &Session, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).bearer_auth(&session.token)).await
    }

    pub(crate) async fn post(&self, session: &Session, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).bearer_auth(&session.token).json(&body)).await
    }

    pub(crate) async fn put(&self, session: &Session, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PUT, path).bearer_auth(&session.token).json(&body)).await
    }

    pub(crate) async fn delete(&self, session: &Session, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path).bearer_auth(&session.token)).await
    }

    pub(crate) async fn post_anonymous(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    /// A new organisation on a tier, with its owner signed in.
    pub(crate) async fn sign_up(&self, tier: &str) -> Session {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let subdomain = format!("org-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let email = format!("owner@{subdomain}.example");
        let tenant = json!({
            "name": "Acme Corp", "subdomain": subdomain, "contact_email": email, "contact_name": "John Doe",
            "subscription_tier": tier,
        });
        self.post_anonymous("/tenants", tenant).await.expect(201);
        let user = json!({
            "email": email, "password": PASSWORD, "full_name": "John Doe", "tenant_subdomain": subdomain,
        });
        self.post_anonymous("/auth/register", user).await.expect(201);
        self.sign_in(&subdomain, &email).await
    }

    pub(crate) async fn sign_in(&self, subdomain: &str, email: &str) -> Session {
        self.sign_in_with(subdomain, email, PASSWORD).await
    }

    pub(crate) async fn sign_in_with(&self, subdomain: &str, email: &str, password: &str) -> Session {
        let body = json!({"email": email, "password": password, "tenant_subdomain": subdomain});
        let answer = self.post_anonymous("/auth/login", body).await.expect(200);
        let id = |value: &Value| value.as_str().unwrap().parse().unwrap();
        Session {
            tenant: id(&answer["tenant"]["id"]),
            user: id(&answer["user"]["id"]),
            subdomain: subdomain.to_owned(),
            email: email.to_owned(),
            token: answer["access_token"].as_str().unwrap().to_owned(),
            refresh_token: answer["refresh_token"].as_str().unwrap().to_owned(),
        }
    }

    /// The id of the session that asks.
    pub(crate) async fn current_session(&self, session: &Session) -> String {
        let open = self.get(session, "/auth/sessions").await.expect(200);
        let current = open["items"].as_array().unwrap().iter().find(|one| one["current"] == true);
        current.unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// Invites someone and lets them join.
    pub(crate) async fn join(&self, owner: &Session, name: &str, role: &str) -> Session {
        let email = format!("{name}@{}.example", owner.subdomain);
        let invitation =
            self.post(owner, "/tenants/users/invite", json!({"email": email, "role": role})).await;
        let token = invitation.expect(201)["invitation_token"].clone();
        let user =
            json!({"email": email, "password": PASSWORD, "full_name": name, "invitation_token": token});
        self.post_anonymous("/auth/register", user).await.expect(201);
        self.sign_in(&owner.subdomain, &email).await
    }

    /// A new API key, as someone who signs in with it.
    pub(crate) async fn api_key(&self, maker: &Session, scopes: &[&str]) -> ApiKey {
        let body = json!({"name": "Nightly import", "scopes": scopes});
        ApiKey::of(maker, &self.post(maker, "/api-keys", body).await.expect(201))
    }

    /// A new API key that is bound to agents.
    pub(crate) async fn bound_key(&self, maker: &Session, scopes: &[&str], agents: &[&str]) -> ApiKey {
        let body = json!({"name": "Help desk", "scopes": scopes, "agent_ids": agents});
        ApiKey::of(maker, &self.post(maker, "/api-keys", body).await.expect(201))
    }

    /// A new agent; with `start` it takes tasks.
    pub(crate) async fn agent(&self, session: &Session) -> String {
        let agent =
            self.post(session, "/agents", json!({"name": "Agent", "agent_type": "echo"})).await.expect(201);
        agent["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn running_agent(&self, session: &Session) -> String {
        let agent = self.agent(session).await;
        self.post(session, &format!("/agents/{agent}/start"), json!({})).await.expect(200);
        agent
    }

    /// Asks until the answer has this code; for what bites within five seconds.
    pub(crate) async fn until_refused(&self, by: &Session, code: &str) {
        let asked = async {
            while self.get(by, "/auth/me").await.body["code"] != code {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(6), asked).await.expect("within five seconds");
    }

    /// Asks until the answer is as wanted; for what happens by itself, such as a task that runs.
    pub(crate) async fn until(
        &self,
        session: &Session,
        path: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let body = self.get(session, path).await.expect(200);
            if wanted(&body) {
                return body;
            }
            assert!(Instant::now() < deadline, "not within 30 s: {body}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
