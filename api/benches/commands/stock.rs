//! The stock framework: the same aggregate through `postgres-es` with one view.

use std::sync::Arc;

use cqrs_es::persist::GenericQuery;
use cqrs_es::{EventEnvelope, View};
use domain::agent::{Agent, AgentCommand};
use infrastructure::embedded::EmbeddedPostgres;
use postgres_es::{PostgresCqrs, PostgresViewRepository, postgres_cqrs};
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, Executor, PgConnection, PgPool};
use uuid::Uuid;

use crate::load::{Failure, Figures, closed_loop};
use crate::ours::new_agent;

/// The view that stock keeps: the aggregate itself.
#[derive(Debug, Default, Serialize, Deserialize)]
struct AgentView(Agent);

impl View<Agent> for AgentView {
    fn update(&mut self, event: &EventEnvelope<Agent>) {
        self.0.evolve(event.payload.clone());
    }
}

pub(crate) struct Stock {
    options: PgConnectOptions,
}

impl Stock {
    /// The tables as postgres-es documents them.
    pub(crate) async fn prepare(server: &EmbeddedPostgres) -> Result<Self, Failure> {
        let mut conn = PgConnection::connect_with(&server.owner()).await?;
        conn.execute("create database stock").await?;
        let options = server.owner().database("stock");
        let mut conn = PgConnection::connect_with(&options).await?;
        conn.execute(sqlx::raw_sql(
            "create table events (
                 aggregate_type text not null, aggregate_id text not null, sequence bigint check (sequence >= 0) not null,
                 event_type text not null, event_version text not null, payload json not null, metadata json not null,
                 primary key (aggregate_type, aggregate_id, sequence)
             );
             create table agent_view (
                 view_id text not null, version bigint check (version >= 0) not null, payload json not null,
                 primary key (view_id)
             );",
        ))
        .await?;
        Ok(Self { options })
    }

    pub(crate) async fn run(&self, clients: usize) -> Result<Figures, Failure> {
        let pool = self.pool(clients).await?;
        pool.execute(sqlx::raw_sql("truncate events; truncate agent_view")).await?;
        pool.execute("checkpoint").await?;
        let views = Arc::new(PostgresViewRepository::<AgentView, Agent>::new("agent_view", pool.clone()));
        let framework: Arc<PostgresCqrs<Agent>> =
            Arc::new(postgres_cqrs(pool.clone(), vec![Box::new(GenericQuery::new(views))], ()));
        let figures = closed_loop(vec![framework; clients], |framework| async move {
            let new = new_agent();
            let command = AgentCommand::Create {
                name: new.name,
                description: new.description,
                kind: new.kind,
                configuration: new.configuration,
                capabilities: new.capabilities,
                created_by: None,
            };
            framework.execute(&Uuid::now_v7().to_string(), command).await?;
            Ok(framework)
        })
        .await?;
        pool.close().await;
        Ok(figures)
    }

    /// A connection for each client, 64 at most.
    #[expect(clippy::disallowed_methods, reason = "stock makes its pool without our factory")]
    async fn pool(&self, clients: usize) -> Result<PgPool, Failure> {
        let size = u32::try_from(clients.min(64))?;
        Ok(PgPoolOptions::new().max_connections(size).connect_with(self.options.clone()).await?)
    }
}
