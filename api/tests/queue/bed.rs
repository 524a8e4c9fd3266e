//! A service without workers, and tasks by the thousand in it.

use std::sync::Arc;
use std::time::Duration;

use application::commit::{Commit, Expected};
use application::ports::{Claimed, ModelProvider};
use application::{App, NewTenant, Origin};
use domain::agent::AgentEvent;
use domain::task::{MaxAttempts, Priority, TaskEvent, TaskKind, TimeoutSeconds};
use domain::text::{Capabilities, Description};
use domain::{AgentId, Document, Metadata, StreamId, TaskId, TenantId, Tier};
use futures::channel::oneshot;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use uuid::Uuid;

use crate::support::{TestApp, fresh_database};

pub(crate) const LEASE: Duration = Duration::from_secs(15);

/// The most tasks in one commit.
const CHUNK: usize = 500;

pub(crate) struct Bed {
    _service: TestApp,
    pub(crate) app: App,
    pub(crate) database: PgConnectOptions,
    /// Looks and meddles as nobody of the service can.
    pub(crate) owner: PgPool,
}

/// An organisation with an agent that takes tasks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shop {
    pub(crate) tenant: TenantId,
    pub(crate) agent: AgentId,
}

impl Bed {
    pub(crate) async fn start() -> Self {
        let service = TestApp::start_on(fresh_database().await, &["--workers=0"]).await;
        let (app, owner) = (service.service.state.app.clone(), service.owner().await);
        let database = service.database.clone();
        Self { _service: service, app, database, owner }
    }

    /// The same with another model behind it.
    pub(crate) fn on(&self, models: Arc<dyn ModelProvider>) -> App {
        App { models, ..self.app.clone() }
    }

    pub(crate) async fn shop(&self, tier: Tier) -> Shop {
        let new = NewTenant {
            name: "Shop".parse().unwrap(),
            subdomain: format!("shop-{}", Uuid::new_v4().simple()).parse().unwrap(),
            contact_email: "owner@shop.example".parse().unwrap(),
            contact_name: "Owner".parse().unwrap(),
            tier,
            settings: Document::default(),
        };
        let tenant = TenantId(self.app.create_tenant(&Origin::default(), new).await.unwrap().0.resource);
        Shop { tenant, agent: self.agent(tenant, "{}").await }
    }

    /// A running agent that is set up like this.
    pub(crate) async fn agent(&self, tenant: TenantId, configuration: &str) -> AgentId {
        self.agent_of("echo", tenant, configuration).await
    }

    /// The same, run by this.
    pub(crate) async fn agent_of(&self, kind: &str, tenant: TenantId, configuration: &str) -> AgentId {
        let agent = AgentId(Uuid::now_v7());
        let created = AgentEvent::Created {
            name: "Agent".parse().unwrap(),
            description: Description::default(),
            agent_type: kind.parse().unwrap(),
            configuration: Document::parse(configuration).unwrap(),
            capabilities: Capabilities::default(),
            created_by: None,
        };
        let stream = StreamId::agent(tenant, agent);
        let commit = Commit::new(tenant, agent.0, Metadata::system("bed"));
        let events = vec![created, AgentEvent::Started {}];
        self.app.log.commit(commit.append(stream, Expected::Exactly(0), events)).await.unwrap();
        agent
    }

    /// So many tasks of that urgency for the shop's agent, queued in the order in which they are returned.
    pub(crate) async fn tasks(&self, shop: Shop, priority: i64, number: usize) -> Vec<TaskId> {
        let tasks: Vec<_> = (0..number).map(|_| TaskId(Uuid::now_v7())).collect();
        for chunk in tasks.chunks(CHUNK) {
            let mut commit = Commit::new(shop.tenant, shop.tenant.0, Metadata::system("bed"));
            for task in chunk {
                let events = vec![created(shop.agent, priority), TaskEvent::Queued { not_before: None }];
                commit = commit.append(StreamId::task(shop.tenant, *task), Expected::Exactly(0), events);
            }
            self.app.log.commit(commit).await.unwrap();
        }
        tasks
    }

    /// A queued task that waits for a worker so many seconds at most.
    pub(crate) async fn hasty_task(&self, shop: Shop, seconds: i64) -> TaskId {
        let mut created = created(shop.agent, 3);
        if let TaskEvent::Created { queue_timeout_seconds, .. } = &mut created {
            *queue_timeout_seconds = Some(TimeoutSeconds::try_from(seconds).unwrap());
        }
        self.queued(shop, created).await
    }

    /// A queued task of another type.
    pub(crate) async fn task_of(&self, shop: Shop, kind: TaskKind, input: &str) -> TaskId {
        let mut created = created(shop.agent, 3);
        if let TaskEvent::Created { task_type, input_data, .. } = &mut created {
            (*task_type, *input_data) = (kind, Document::parse(input).unwrap());
        }
        self.queued(shop, created).await
    }

    async fn queued(&self, shop: Shop, created: TaskEvent) -> TaskId {
        let task = TaskId(Uuid::now_v7());
        let commit = Commit::new(shop.tenant, task.0, Metadata::system("bed"));
        let events = vec![created, TaskEvent::Queued { not_before: None }];
        let stream = StreamId::task(shop.tenant, task);
        self.app.log.commit(commit.append(stream, Expected::Exactly(0), events)).await.unwrap();
        task
    }

    pub(crate) async fn claim(&self, most: usize) -> Vec<Claimed> {
        self.app.claim("worker", LEASE, most).await.unwrap()
    }

    /// Runs what was claimed to its end.
    pub(crate) async fn run(&self, claimed: Vec<Claimed>) {
        let run = claimed.into_iter().map(|claimed| run(&self.app, "worker", claimed));
        futures::future::join_all(run).await;
    }

    /// Lets the clock of the queue run ahead for one tenant, whose tasks then have waited for so long.
    pub(crate) async fn age(&self, tenant: TenantId, seconds: i32) {
        let sql = "update run_queue
             set queued_at = queued_at - make_interval(secs => $2), not_before = not_before - make_interval(secs => $2),
                 expires_at = expires_at - make_interval(secs => $2)
             where tenant_id = $1";
        sqlx::query(sql).bind(tenant.0).bind(seconds).execute(&self.owner).await.unwrap();
    }

    /// Lets a lease run out, as if its worker had been frozen meanwhile.
    pub(crate) async fn expire(&self, claimed: &Claimed) {
        let sql = "update task_leases set expires_at = now() - interval '1 second' where lease = $1";
        let expired = sqlx::query(sql).bind(claimed.lease).execute(&self.owner).await.unwrap();
        assert_eq!(expired.rows_affected(), 1, "the lease is there");
    }

    pub(crate) async fn count(&self, sql: &str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.owner).await.unwrap()
    }
}

/// Runs one attempt that nothing stops.
pub(crate) async fn run(app: &App, worker: &str, claimed: Claimed) {
    let (_stop, stopped) = oneshot::channel();
    app.run_claimed(worker, claimed, stopped).await.unwrap();
}

pub(crate) fn created(agent: AgentId, priority: i64) -> TaskEvent {
    TaskEvent::Created {
        agent_id: agent,
        name: "Task".parse().unwrap(),
        task_type: TaskKind::Prompt,
        input_data: Document::parse(r#"{"prompt":"hello"}"#).unwrap(),
        priority: Priority::try_from(priority).unwrap(),
        timeout_seconds: TimeoutSeconds::default(),
        max_attempts: MaxAttempts::default(),
        scheduled_at: None,
        created_by: None,
        queue_timeout_seconds: None,
        conversation_id: None,
        forked_from: None,
        configuration: None,
        schedule_id: None,
    }
}
