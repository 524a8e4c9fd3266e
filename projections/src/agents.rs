//! Agents: the table `agents`.

use application::{AppError, Caller};
use chrono::{DateTime, Utc};
use domain::agent::AgentEvent;
use domain::text::Capabilities;
use domain::{AgentId, Document, Event, MicroUsd, Permission, Recorded, TenantId, UserId};
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::budgets::{amount, stored};
use crate::columns::{Column, Fields, SaveQuery, array, column, document_column, names, shown, text_enum};
use crate::fold::Model;
use crate::page::{Filter, Order, Page, PageRequest, Sort, SortOf, check_text, containing, list};
use crate::views::Views;

#[cfg(test)]
mod tests;

text_enum! {
    /// Where an agent stands. A terminated one is not shown any more.
    pub enum AgentStatus {
        /// Takes no tasks.
        Idle = "idle",
        /// Takes tasks.
        Running = "running",
        /// Takes no tasks for a while.
        Paused = "paused",
        /// Cannot work.
        Error = "error",
        /// Ended for good.
        Terminated = "terminated",
    }
}

/// An AI agent.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Agent)]
pub struct AgentRow {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: AgentId,
    /// The organisation it belongs to.
    #[schema(value_type = Uuid)]
    pub tenant_id: TenantId,
    /// What it is called.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// What runs it: `gpt-4`, `claude`, `custom`, `echo`, `scripted` or `provider/model`.
    pub agent_type: String,
    /// How it is set up, exactly as it was sent.
    #[schema(value_type = Object)]
    pub configuration: Box<RawValue>,
    /// What it may use.
    pub capabilities: Vec<String>,
    /// Where it stands.
    pub status: AgentStatus,
    /// What is wrong, while the status is `error`.
    #[schema(required)]
    pub error: Option<String>,
    /// Who created it.
    #[schema(required, value_type = Option<Uuid>)]
    pub created_by: Option<UserId>,
    /// Counts its changes, from 1.
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// How many of its tasks run at once, where its configuration says so; for the run queue.
    #[serde(skip)]
    pub(crate) max_concurrency: Option<i32>,
    /// What it may spend in a calendar month; shown with what it has spent.
    #[serde(skip)]
    #[schema(ignore)]
    pub(crate) budget: Option<MicroUsd>,
}

/// Which agents are listed; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct AgentFilter {
    /// Those that stand there.
    pub status: Option<AgentStatus>,
    /// Those run by exactly this.
    pub agent_type: Option<String>,
    /// Those with this in their name, without regard to case.
    pub q: Option<String>,
}

const SORTS: &[Sort] = &[
    Sort { name: "created_at", by: "created_at", of: SortOf::Time },
    Sort { name: "updated_at", by: "updated_at", of: SortOf::Time },
    Sort { name: "name", by: "lower(name)", of: SortOf::Text },
];

impl Views {
    /// One agent; [`AppError::NotFound`] once it is terminated.
    pub async fn get_agent(&self, caller: &Caller, agent: AgentId) -> Result<AgentRow, AppError> {
        caller.require(Permission::ReadAgents)?;
        let tenant = caller.tenant;
        let found = self.read(caller, move |conn| {
            Box::pin(async move {
                let sql =
                    format!("select {} from agents where tenant_id = $1 and id = $2", names(Agents::COLUMNS));
                let row = sqlx::query(&sql).bind(tenant.0).bind(agent.0).fetch_optional(conn).await?;
                row.as_ref().map(Agents::decode).transpose()
            })
        });
        found.await?.ok_or(AppError::NotFound)
    }

    /// What an agent is called; nothing once it is terminated.
    pub async fn find_agent_name(
        &self,
        tenant: TenantId,
        agent: AgentId,
    ) -> Result<Option<String>, AppError> {
        let found = self.read_all(tenant, move |conn| {
            Box::pin(async move {
                let sql = "select name from agents where tenant_id = $1 and id = $2";
                sqlx::query_scalar(sql).bind(tenant.0).bind(agent.0).fetch_optional(conn).await
            })
        });
        found.await
    }

    /// The tenant's agents, by `created_at`, `updated_at` or `name`.
    pub async fn list_agents(
        &self,
        caller: &Caller,
        filter: &AgentFilter,
        page: &PageRequest,
    ) -> Result<Page<AgentRow>, AppError> {
        caller.require(Permission::ReadAgents)?;
        check_text("/agent_type", filter.agent_type.as_ref())?;
        check_text("/q", filter.q.as_ref())?;
        let (tenant, filter, order) = (caller.tenant, filter.clone(), Order::parse(page, SORTS)?);
        let read = self.read(caller, move |conn| {
            Box::pin(async move {
                let columns = names(Agents::COLUMNS);
                list(conn, ("agents", &columns), tenant, (&filter, &order), Agents::decode).await
            })
        });
        read.await
    }
}

impl Filter for AgentFilter {
    fn push(&self, query: &mut QueryBuilder<'_, Postgres>) {
        if let Some(status) = self.status {
            query.push(" and status = ").push_bind(status.as_str());
        }
        if let Some(agent_type) = &self.agent_type {
            query.push(" and agent_type = ").push_bind(agent_type.clone());
        }
        if let Some(q) = &self.q {
            query.push(" and name ilike ").push_bind(containing(q));
        }
    }
}

/// The read model.
pub(crate) struct Agents;

impl Model for Agents {
    const TABLE: &'static str = "agents";
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const COLUMNS: &'static [Column] = &[
        column("tenant_id", "uuid"),
        column("id", "uuid"),
        column("name", "text"),
        column("description", "text"),
        column("agent_type", "text"),
        document_column("configuration"),
        column("capabilities", "text"),
        column("status", "text"),
        column("error", "text"),
        column("created_by", "uuid"),
        column("version", "bigint"),
        column("created_at", "timestamptz"),
        column("updated_at", "timestamptz"),
        column("max_concurrency", "integer"),
        column("budget_micro_usd", "bigint"),
    ];
    type Event = AgentEvent;
    type Row = AgentRow;

    fn own(event: &Event) -> Option<&AgentEvent> {
        match event {
            Event::Agent(event) => Some(event),
            Event::Tenant(_) | Event::User(_) | Event::Task(_) => None,
        }
    }

    fn fold(row: &mut Option<AgentRow>, event: &AgentEvent, recorded: &Recorded) {
        match (row.as_mut(), event) {
            (None, AgentEvent::Created { .. }) => *row = created(event, recorded),
            (Some(_), AgentEvent::Terminated {}) => *row = None,
            (Some(agent), _) => agent.fold(event),
            (None, _) => {}
        }
    }

    fn version(row: &AgentRow) -> i64 {
        row.version
    }

    fn stamp(row: &mut AgentRow, version: i64, at: DateTime<Utc>) {
        row.version = version;
        row.updated_at = at;
    }

    fn decode(row: &PgRow) -> Result<AgentRow, sqlx::Error> {
        let mut fields = Fields::of(row);
        Ok(AgentRow {
            tenant_id: TenantId(fields.next()?),
            id: AgentId(fields.next()?),
            name: fields.next()?,
            description: fields.next()?,
            agent_type: fields.next()?,
            configuration: fields.next_document()?,
            capabilities: fields.next_of(|text| serde_json::from_str(text).ok())?,
            status: fields.next_of(AgentStatus::find)?,
            error: fields.next()?,
            created_by: fields.next::<Option<Uuid>>()?.map(UserId),
            version: fields.next()?,
            created_at: fields.next()?,
            updated_at: fields.next()?,
            max_concurrency: fields.next()?,
            budget: fields.next::<Option<i64>>()?.map(amount),
        })
    }

    fn bind<'q>(query: SaveQuery<'q>, rows: &'q [AgentRow]) -> SaveQuery<'q> {
        query
            .bind(array(rows, |row| row.tenant_id.0))
            .bind(array(rows, |row| row.id.0))
            .bind(array(rows, |row| row.name.as_str()))
            .bind(array(rows, |row| row.description.as_str()))
            .bind(array(rows, |row| row.agent_type.as_str()))
            .bind(array(rows, |row| row.configuration.get()))
            .bind(array(rows, |row| {
                serde_json::to_string(&row.capabilities).unwrap_or_else(|_| "[]".to_owned())
            }))
            .bind(array(rows, |row| row.status.as_str()))
            .bind(array(rows, |row| row.error.as_deref()))
            .bind(array(rows, |row| row.created_by.map(|user| user.0)))
            .bind(array(rows, |row| row.version))
            .bind(array(rows, |row| row.created_at))
            .bind(array(rows, |row| row.updated_at))
            .bind(array(rows, |row| row.max_concurrency))
            .bind(array(rows, |row| row.budget.map(stored)))
    }
}

fn created(event: &AgentEvent, recorded: &Recorded) -> Option<AgentRow> {
    let AgentEvent::Created { name, description, agent_type, configuration, capabilities, created_by } =
        event
    else {
        return None;
    };
    Some(AgentRow {
        id: AgentId(recorded.stream.id),
        tenant_id: recorded.stream.tenant,
        name: name.to_string(),
        description: description.to_string(),
        agent_type: agent_type.to_string(),
        configuration: shown(configuration),
        capabilities: texts(capabilities),
        status: AgentStatus::Idle,
        error: None,
        created_by: *created_by,
        version: recorded.sequence,
        created_at: recorded.recorded_at,
        updated_at: recorded.recorded_at,
        max_concurrency: max_concurrency(configuration),
        budget: None,
    })
}

impl AgentRow {
    fn fold(&mut self, event: &AgentEvent) {
        match event {
            AgentEvent::Changed { name, description, agent_type, configuration, capabilities } => {
                if let Some(name) = name {
                    self.name = name.to_string();
                }
                if let Some(description) = description {
                    self.description = description.to_string();
                }
                if let Some(agent_type) = agent_type {
                    self.agent_type = agent_type.to_string();
                }
                if let Some(configuration) = configuration {
                    self.configuration = shown(configuration);
                    self.max_concurrency = max_concurrency(configuration);
                }
                if let Some(capabilities) = capabilities {
                    self.capabilities = texts(capabilities);
                }
            }
            AgentEvent::Started {} | AgentEvent::Resumed {} => self.stand(AgentStatus::Running, None),
            AgentEvent::Stopped {} => self.stand(AgentStatus::Idle, None),
            AgentEvent::Paused { .. } => self.stand(AgentStatus::Paused, None),
            AgentEvent::Failed { reason } => self.stand(AgentStatus::Error, Some(reason.to_string())),
            AgentEvent::BudgetSet { limit_micro_usd } => self.budget = *limit_micro_usd,
            AgentEvent::Created { .. }
            | AgentEvent::ScheduleCreated { .. }
            | AgentEvent::ScheduleChanged { .. }
            | AgentEvent::ScheduleRemoved { .. }
            | AgentEvent::Terminated {} => {}
        }
    }

    fn stand(&mut self, status: AgentStatus, error: Option<String>) {
        self.status = status;
        self.error = error;
    }
}

/// What a configuration says of it; what is no positive integer says nothing.
fn max_concurrency(configuration: &Document) -> Option<i32> {
    let parsed: serde_json::Value = serde_json::from_str(configuration.as_str()).ok()?;
    let most = parsed.get("max_concurrency")?.as_u64().filter(|most| *most > 0)?;
    Some(i32::try_from(most).unwrap_or(i32::MAX))
}

fn texts(capabilities: &Capabilities) -> Vec<String> {
    capabilities.as_slice().iter().map(ToString::to_string).collect()
}
