//! Clients that write without pause, and the ledger of what they were told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::process::POLL;
use crate::service::Service;

const PASSWORD: &str = "correct horse battery";
const ORGANISATIONS: usize = 2;
/// How long a command may be repeated until it is answered, and an answer may take.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// The lease of a worker that was killed has to run out first.
const TASKS_END_WITHIN: Duration = Duration::from_secs(60);

/// What a writer asks for; each is done once to its agent or task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    CreateAgent,
    StartAgent,
    ChangeAgent,
    CreateTask,
    ExecuteTask,
}

impl Step {
    pub(crate) const ALL: [Self; 5] =
        [Self::CreateAgent, Self::StartAgent, Self::ChangeAgent, Self::CreateTask, Self::ExecuteTask];

    /// The event that it leads to.
    pub(crate) const fn event(self) -> &'static str {
        match self {
            Self::CreateAgent => "agent.created",
            Self::StartAgent => "agent.started",
            Self::ChangeAgent => "agent.changed",
            Self::CreateTask => "task.created",
            Self::ExecuteTask => "task.queued",
        }
    }

    fn request(self, marker: &str, id: Uuid) -> (Method, String, Value) {
        match self {
            Self::CreateAgent => {
                (Method::POST, "/agents".to_owned(), json!({"name": marker, "agent_type": "echo"}))
            }
            Self::StartAgent => (Method::POST, format!("/agents/{id}/start"), json!({})),
            Self::ChangeAgent => (Method::PUT, format!("/agents/{id}"), json!({"description": marker})),
            Self::CreateTask => (Method::POST, "/tasks".to_owned(), json!({"name": marker, "agent_id": id})),
            Self::ExecuteTask => (Method::POST, format!("/tasks/{id}/execute"), json!({})),
        }
    }
}

/// A command that was acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) step: Step,
    pub(crate) key: Uuid,
    pub(crate) marker: String,
    pub(crate) tenant: Uuid,
    pub(crate) resource: Uuid,
    /// `X-Event-Position`.
    pub(crate) position: i64,
    /// How often it was sent.
    pub(crate) tries: u32,
}

/// Everything that was acknowledged.
pub(crate) struct Ledger {
    pub(crate) entries: Vec<Entry>,
    organisations: Vec<Organisation>,
}

/// Writers at work.
pub(crate) struct Writers {
    running: JoinSet<Vec<Entry>>,
    stop: Arc<AtomicBool>,
    number: usize,
    organisations: Vec<Organisation>,
}

/// An organisation's owner.
#[derive(Clone, Debug)]
struct Organisation {
    tenant: Uuid,
    subdomain: String,
    email: String,
}

struct Client {
    address: watch::Receiver<SocketAddr>,
    http: reqwest::Client,
}

struct Writer {
    name: String,
    client: Client,
    organisation: Organisation,
    token: String,
    ledger: Vec<Entry>,
}

impl Writers {
    pub(crate) async fn start(service: &Service, number: usize) -> Self {
        let mut organisations = vec![];
        for nth in 0..ORGANISATIONS {
            organisations.push(Client::of(service).sign_up(nth).await);
        }
        let (mut running, stop) = (JoinSet::new(), Arc::<AtomicBool>::default());
        for nth in 0..number {
            let organisation = organisations[nth % organisations.len()].clone();
            let writer = Writer {
                name: format!("writer {nth}"),
                client: Client::of(service),
                organisation,
                token: String::new(),
                ledger: vec![],
            };
            running.spawn(writer.run(stop.clone()));
        }
        Self { running, stop, number, organisations }
    }

    pub(crate) fn assert_all_at_work(&mut self) {
        if let Some(ended) = self.running.try_join_next() {
            panic!("a writer ended: {ended:?}");
        }
    }

    /// Lets every writer finish what it is at.
    pub(crate) async fn finish(mut self) -> Ledger {
        self.stop.store(true, Ordering::Relaxed);
        let mut entries = vec![];
        for _ in 0..self.number {
            let ledger = self.running.join_next().await.unwrap().unwrap();
            assert!(ledger.len() > Step::ALL.len(), "every writer got on");
            entries.extend(ledger);
        }
        Ledger { entries, organisations: self.organisations }
    }
}

impl Ledger {
    /// Tasks that were running when the service died are tried again, and end.
    pub(crate) async fn until_no_task_is_under_way(&self, service: &Service) {
        let (client, deadline) = (Client::of(service), Instant::now() + TASKS_END_WITHIN);
        for organisation in &self.organisations {
            let token = client.sign_in(organisation).await;
            loop {
                let request = client.request(Method::GET, "/tenants/health").bearer_auth(&token);
                let health: Value = request.send().await.unwrap().json().await.unwrap();
                if health["queued_tasks"] == 0 && health["running_tasks"] == 0 {
                    break;
                }
                assert!(Instant::now() < deadline, "tasks do not end: {health}");
                tokio::time::sleep(POLL).await;
            }
        }
    }

    pub(crate) fn report(&self) -> String {
        let (count, repeated) = (self.entries.len(), self.repeated());
        format!("{count} commands acknowledged, {repeated} of them sent more than once")
    }

    /// How many had to be sent more than once.
    pub(crate) fn repeated(&self) -> usize {
        self.entries.iter().filter(|entry| entry.tries > 1).count()
    }
}

impl Writer {
    async fn run(mut self, stop: Arc<AtomicBool>) -> Vec<Entry> {
        let mut round = 0;
        while !stop.load(Ordering::Relaxed) {
            let marker = format!("{} round {round}", self.name);
            let agent = self.command(Step::CreateAgent, &marker, Uuid::nil()).await;
            self.command(Step::StartAgent, &marker, agent).await;
            self.command(Step::ChangeAgent, &marker, agent).await;
            let task = self.command(Step::CreateTask, &marker, agent).await;
            self.command(Step::ExecuteTask, &marker, task).await;
            round += 1;
        }
        self.ledger
    }

    /// Repeats one command under one key until it is acknowledged.
    async fn command(&mut self, step: Step, marker: &str, id: Uuid) -> Uuid {
        let (key, begun) = (Uuid::new_v4(), Instant::now());
        let (method, path, body) = step.request(marker, id);
        let mut tries = 0;
        loop {
            tries += 1;
            let request = self.client.request(method.clone(), &path).bearer_auth(&self.token);
            let request = request.header("idempotency-key", key.to_string()).json(&body);
            match answer(request).await {
                Some((status, position, body)) if status.is_success() => {
                    let (tenant, marker) = (self.organisation.tenant, marker.to_owned());
                    let (resource, position) = (id_in(&body["id"]), position.unwrap());
                    self.ledger.push(Entry { step, key, marker, tenant, resource, position, tries });
                    return resource;
                }
                Some((StatusCode::UNAUTHORIZED, ..)) => {
                    self.token = self.client.sign_in(&self.organisation).await;
                }
                Some((StatusCode::SERVICE_UNAVAILABLE, ..)) | None => tokio::time::sleep(POLL).await,
                Some((status, _, body)) => panic!("{step:?}, try {tries}: {status} {body}"),
            }
            assert!(begun.elapsed() < ANSWERED_WITHIN, "{step:?}: no answer after {tries} tries");
        }
    }
}

impl Client {
    fn of(service: &Service) -> Self {
        let http = crate::plain::client().timeout(ANSWER_WITHIN).build().unwrap();
        Self { address: service.address(), http }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("http://{}/api/v1{path}", *self.address.borrow()))
    }

    async fn sign_up(&self, nth: usize) -> Organisation {
        let (subdomain, email) = (format!("org-{nth}"), format!("owner@org-{nth}.example"));
        let tenant = json!({
            "name": "Acme Corp", "subdomain": subdomain, "contact_email": email, "contact_name": "John Doe",
            "subscription_tier": "enterprise",
        });
        let (status, _, tenant) = answer(self.request(Method::POST, "/tenants").json(&tenant)).await.unwrap();
        assert_eq!(status, 201, "{tenant}");
        let user = json!({
            "email": email, "password": PASSWORD, "full_name": "John Doe", "tenant_subdomain": subdomain,
        });
        let (status, _, user) =
            answer(self.request(Method::POST, "/auth/register").json(&user)).await.unwrap();
        assert_eq!(status, 201, "{user}");
        Organisation { tenant: id_in(&tenant["id"]), subdomain, email }
    }

    async fn sign_in(&self, as_owner: &Organisation) -> String {
        let Organisation { subdomain, email, .. } = as_owner;
        let body = json!({"email": email, "password": PASSWORD, "tenant_subdomain": subdomain});
        let begun = Instant::now();
        loop {
            match answer(self.request(Method::POST, "/auth/login").json(&body)).await {
                Some((StatusCode::OK, _, body)) => return body["access_token"].as_str().unwrap().to_owned(),
                Some((StatusCode::SERVICE_UNAVAILABLE, ..)) | None => tokio::time::sleep(POLL).await,
                Some((status, _, body)) => panic!("cannot sign in: {status} {body}"),
            }
            assert!(begun.elapsed() < ANSWERED_WITHIN, "nobody can sign in");
        }
    }
}

/// Status, `X-Event-Position` and body; none if no whole answer came.
async fn answer(request: reqwest::RequestBuilder) -> Option<(StatusCode, Option<i64>, Value)> {
    let answer = request.send().await.ok()?;
    let position =
        answer.headers().get("x-event-position").map(|text| text.to_str().unwrap().parse().unwrap());
    let status = answer.status();
    let body = answer.bytes().await.ok()?;
    Some((status, position, serde_json::from_slice(&body).unwrap_or_default()))
}

fn id_in(value: &Value) -> Uuid {
    value.as_str().unwrap().parse().unwrap()
}
