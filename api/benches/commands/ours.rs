//! AgentCores: the whole commit, with event, leaf hash, head, quota, idempotency key and read model.

use std::sync::Arc;

use api::settings::Settings;
use api::wire::Service;
use application::caller::{Credential, IdempotencyKey};
use application::{App, Caller, NewAgent, NewTenant, Origin};
use clap::Parser;
use domain::text::Capabilities;
use domain::{Reach, Role, SessionId, TenantId, Tier, UserId};
use infrastructure::embedded::EmbeddedPostgres;
use sqlx::{Connection, Executor, PgConnection};
use uuid::Uuid;

use crate::load::{Failure, Figures, closed_loop};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    settings: Settings,
}

pub(crate) struct Ours {
    pub(crate) service: Service,
    tenants: Vec<TenantId>,
    owner: sqlx::postgres::PgConnectOptions,
}

/// Over how many tenants the clients are spread.
#[derive(Clone, Copy)]
pub(crate) enum Tenants {
    /// A thousand.
    Many,
    /// All are in one.
    One,
}

struct Client {
    app: App,
    callers: Arc<[Caller]>,
    next: usize,
}

impl Ours {
    pub(crate) async fn prepare(server: &EmbeddedPostgres) -> Result<Self, Failure> {
        let mut conn = PgConnection::connect_with(&server.owner()).await?;
        conn.execute("create database ours").await?;
        let line = [
            "bench",
            "--secret-key=benchmark-signing-secret-0123456789",
            "--master-key=benchmark-sealing-secret-0123456789",
        ];
        let owner = server.owner().database("ours");
        let service = Service::start(&Line::parse_from(line).settings, owner.clone()).await?;
        let mut tenants = vec![];
        for _ in 0..1_000 {
            tenants.push(TenantId(create_tenant(&service.state.app).await?));
        }
        Ok(Self { service, tenants, owner })
    }

    pub(crate) async fn run(&self, clients: usize, tenants: Tenants) -> Result<Figures, Failure> {
        let mut conn = PgConnection::connect_with(&self.owner).await?;
        conn.execute("checkpoint").await?;
        let spread = match tenants {
            Tenants::Many => &self.tenants[1..],
            Tenants::One => &self.tenants[..1],
        };
        let callers: Arc<[Caller]> = spread.iter().map(|tenant| caller(*tenant)).collect();
        let app = &self.service.state.app;
        let client = |number: usize| Client { app: app.clone(), callers: callers.clone(), next: number * 7 };
        closed_loop((0..clients).map(client).collect(), |mut client| async move {
            let mut caller = client.callers[client.next % client.callers.len()].clone();
            client.next += 1;
            let key = Uuid::now_v7();
            caller.origin.idempotency = Some(IdempotencyKey {
                key: key.to_string(),
                request: [7; 32],
                request_before: None,
                done: None,
            });
            client.app.create_agent(&caller, new_agent()).await?;
            Ok(client)
        })
        .await
    }

    pub(crate) async fn stop(self) {
        self.service.stop().await;
    }
}

pub(crate) async fn create_tenant(app: &App) -> Result<Uuid, Failure> {
    let new = NewTenant {
        name: "Benchmark".parse()?,
        subdomain: format!("bench-{}", Uuid::new_v4().simple()).parse()?,
        contact_email: "owner@bench.example".parse()?,
        contact_name: "Owner".parse()?,
        tier: Tier::Enterprise,
        settings: domain::Document::default(),
    };
    Ok(app.create_tenant(&Origin::default(), new).await?.0.resource)
}

fn caller(tenant: TenantId) -> Caller {
    let origin = Origin { request_id: Some(Uuid::now_v7().to_string()), ..Origin::default() };
    let (user, id) = (UserId(Uuid::now_v7()), SessionId(Uuid::now_v7()));
    let credential = Credential::Session { id, generation: 1, authenticated_at: chrono::Utc::now() };
    Caller { tenant, user, credential, role: Role::Owner, reach: Reach::All, origin }
}

pub(crate) fn new_agent() -> NewAgent {
    NewAgent {
        name: "Agent".parse().expect("a name"),
        description: "An agent of the benchmark".parse().expect("a description"),
        kind: "echo".parse().expect("a kind"),
        configuration: domain::Document::default(),
        capabilities: Capabilities::default(),
    }
}
