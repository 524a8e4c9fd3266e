//! A service without workers, organisations and their agents.

use std::time::Duration;

use api::settings::Settings;
use api::wire::Service;
use application::caller::Credential;
use application::{App, Caller, NewAgent, NewTenant, Origin};
use clap::Parser;
use domain::text::Capabilities;
use domain::{AgentId, Document, Reach, Role, SessionId, TenantId, Tier, UserId};
use infrastructure::embedded::EmbeddedPostgres;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, Executor, PgConnection};
use uuid::Uuid;

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    settings: Settings,
}

pub(crate) struct Bed {
    pub(crate) service: Service,
    pub(crate) owner: PgConnectOptions,
}

/// An organisation with an agent that takes tasks.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) owner: Caller,
    pub(crate) agent: AgentId,
}

impl Bed {
    pub(crate) async fn start(server: &EmbeddedPostgres, database: &str) -> Result<Self, Failure> {
        let mut conn = PgConnection::connect_with(&server.owner()).await?;
        conn.execute(format!("create database {database}").as_str()).await?;
        let line = [
            "bench",
            "--secret-key=benchmark-signing-secret-0123456789",
            "--master-key=benchmark-sealing-secret-0123456789",
            "--provider-fallback=echo",
        ];
        let owner = server.owner().database(database);
        let service = Service::start(&Line::parse_from(line).settings, owner.clone()).await?;
        Ok(Self { service, owner })
    }

    pub(crate) fn app(&self) -> &App {
        &self.service.state.app
    }

    pub(crate) async fn shop(&self) -> Result<Shop, Failure> {
        let new = NewTenant {
            name: "Benchmark".parse()?,
            subdomain: format!("bench-{}", Uuid::new_v4().simple()).parse()?,
            contact_email: "owner@bench.example".parse()?,
            contact_name: "Owner".parse()?,
            tier: Tier::Enterprise,
            settings: Document::default(),
        };
        let tenant = TenantId(self.app().create_tenant(&Origin::default(), new).await?.0.resource);
        let owner = caller(tenant);
        let new = NewAgent {
            name: "Agent".parse()?,
            description: "An agent of the benchmark".parse()?,
            kind: "echo".parse()?,
            configuration: Document::default(),
            capabilities: Capabilities::default(),
        };
        let agent = AgentId(self.app().create_agent(&owner, new).await?.resource);
        self.app().start_agent(&owner, agent).await?;
        Ok(Shop { owner, agent })
    }

    pub(crate) async fn stop(self) {
        self.service.stop().await;
    }
}

fn caller(tenant: TenantId) -> Caller {
    let origin = Origin { request_id: Some(Uuid::now_v7().to_string()), ..Origin::default() };
    let (user, id) = (UserId(Uuid::now_v7()), SessionId(Uuid::now_v7()));
    let credential = Credential::Session { id, generation: 1, authenticated_at: chrono::Utc::now() };
    Caller { tenant, user, credential, role: Role::Owner, reach: Reach::All, origin }
}

/// The value below which so many percent of sorted times lie.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted.get(sorted.len() * percent / 100).copied().unwrap_or_default()
}

pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
