//! Organisations: the table `tenants`.

use application::{AppError, Caller};
use chrono::{DateTime, Utc};
use domain::tenant::TenantEvent;
use domain::{Event, MicroUsd, Permission, Personal, Recorded, TenantId, Tier};
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::postgres::PgRow;
use utoipa::ToSchema;

use crate::budgets::{amount, stored};
use crate::columns::{Column, Fields, SaveQuery, array, column, document_column, names, shown, text_enum};
use crate::fold::Model;
use crate::schema::TierSchema;
use crate::views::Views;

#[cfg(test)]
mod tests;

text_enum! {
    /// Whether an organisation may work.
    pub enum TenantStatus {
        /// At work.
        Active = "active",
        /// Stopped.
        Suspended = "suspended",
    }
}

/// An organisation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Tenant)]
pub struct TenantRow {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: TenantId,
    /// What it is called.
    pub name: String,
    /// Where it is reached.
    pub subdomain: String,
    /// Its tier.
    #[schema(value_type = TierSchema)]
    pub subscription_tier: Tier,
    /// Who answers for it; null once erased.
    #[schema(required)]
    pub contact_email: Option<String>,
    /// That person's name; null once erased.
    #[schema(required)]
    pub contact_name: Option<String>,
    /// Its preferences, exactly as they were sent.
    #[schema(value_type = Object)]
    pub settings: Box<RawValue>,
    /// Whether it may work.
    pub status: TenantStatus,
    /// Since when all work of its agents is stopped; null while they may work.
    #[schema(required)]
    pub work_stopped_at: Option<DateTime<Utc>>,
    /// What its tier allows.
    pub limits: LimitsRow,
    /// Counts its changes, from 1.
    pub version: i64,
    /// When it was founded.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// What all its agents may spend in a calendar month; shown with what they have spent.
    #[serde(skip)]
    #[schema(ignore)]
    pub(crate) budget: Option<MicroUsd>,
}

/// The most of each resource; null is unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Limits)]
pub struct LimitsRow {
    /// Agents that are not terminated.
    #[schema(required)]
    pub agents: Option<u32>,
    /// Tasks created in a calendar month, UTC.
    #[schema(required)]
    pub tasks_per_month: Option<u32>,
    /// Active users.
    #[schema(required)]
    pub users: Option<u32>,
}

impl From<Tier> for LimitsRow {
    fn from(tier: Tier) -> Self {
        let limits = tier.limits();
        Self { agents: limits.agents, tasks_per_month: limits.tasks_per_month, users: limits.users }
    }
}

impl Views {
    /// The caller's organisation.
    pub async fn get_tenant(&self, caller: &Caller) -> Result<TenantRow, AppError> {
        caller.require(Permission::ReadTenant)?;
        self.find_tenant(caller.tenant).await
    }

    /// The organisation of an answer to somebody not signed in, whose id the use case has just handed out.
    pub async fn find_tenant(&self, tenant: TenantId) -> Result<TenantRow, AppError> {
        let found = self.read_all(tenant, move |conn| {
            Box::pin(async move {
                let sql = format!("select {} from tenants where tenant_id = $1", names(Tenants::COLUMNS));
                let row = sqlx::query(&sql).bind(tenant.0).fetch_optional(conn).await?;
                row.as_ref().map(Tenants::decode).transpose()
            })
        });
        found.await?.ok_or(AppError::NotFound)
    }
}

/// The read model.
pub(crate) struct Tenants;

impl Model for Tenants {
    const TABLE: &'static str = "tenants";
    const KEY: &'static [&'static str] = &["tenant_id"];
    const COLUMNS: &'static [Column] = &[
        column("tenant_id", "uuid"),
        column("name", "text"),
        column("subdomain", "text"),
        column("subscription_tier", "text"),
        column("contact_email", "text"),
        column("contact_name", "text"),
        document_column("settings"),
        column("status", "text"),
        column("work_stopped_at", "timestamptz"),
        column("version", "bigint"),
        column("created_at", "timestamptz"),
        column("updated_at", "timestamptz"),
        column("budget_micro_usd", "bigint"),
    ];
    type Event = TenantEvent;
    type Row = TenantRow;

    fn own(event: &Event) -> Option<&TenantEvent> {
        match event {
            Event::Tenant(event) => Some(event),
            Event::User(_) | Event::Agent(_) | Event::Task(_) => None,
        }
    }

    fn fold(row: &mut Option<TenantRow>, event: &TenantEvent, recorded: &Recorded) {
        match (row.as_mut(), event) {
            (None, TenantEvent::Created { .. }) => *row = created(event, recorded),
            (Some(tenant), _) => tenant.fold(event, recorded.recorded_at),
            (None, _) => {}
        }
    }

    fn version(row: &TenantRow) -> i64 {
        row.version
    }

    fn stamp(row: &mut TenantRow, version: i64, at: DateTime<Utc>) {
        row.version = version;
        row.updated_at = at;
    }

    fn decode(row: &PgRow) -> Result<TenantRow, sqlx::Error> {
        let mut fields = Fields::of(row);
        let id = TenantId(fields.next()?);
        let (name, subdomain) = (fields.next()?, fields.next()?);
        let tier = fields.next_of(Tier::find)?;
        Ok(TenantRow {
            id,
            name,
            subdomain,
            subscription_tier: tier,
            contact_email: fields.next()?,
            contact_name: fields.next()?,
            settings: fields.next_document()?,
            status: fields.next_of(TenantStatus::find)?,
            work_stopped_at: fields.next()?,
            limits: tier.into(),
            version: fields.next()?,
            created_at: fields.next()?,
            updated_at: fields.next()?,
            budget: fields.next::<Option<i64>>()?.map(amount),
        })
    }

    fn bind<'q>(query: SaveQuery<'q>, rows: &'q [TenantRow]) -> SaveQuery<'q> {
        query
            .bind(array(rows, |row| row.id.0))
            .bind(array(rows, |row| row.name.as_str()))
            .bind(array(rows, |row| row.subdomain.as_str()))
            .bind(array(rows, |row| row.subscription_tier.as_str()))
            .bind(array(rows, |row| row.contact_email.as_deref()))
            .bind(array(rows, |row| row.contact_name.as_deref()))
            .bind(array(rows, |row| row.settings.get()))
            .bind(array(rows, |row| row.status.as_str()))
            .bind(array(rows, |row| row.work_stopped_at))
            .bind(array(rows, |row| row.version))
            .bind(array(rows, |row| row.created_at))
            .bind(array(rows, |row| row.updated_at))
            .bind(array(rows, |row| row.budget.map(stored)))
    }
}

fn created(event: &TenantEvent, recorded: &Recorded) -> Option<TenantRow> {
    let TenantEvent::Created { name, subdomain, contact_email, contact_name, tier, settings } = event else {
        return None;
    };
    Some(TenantRow {
        id: recorded.stream.tenant,
        name: name.to_string(),
        subdomain: subdomain.to_string(),
        subscription_tier: *tier,
        contact_email: text(contact_email),
        contact_name: text(contact_name),
        settings: shown(settings),
        status: TenantStatus::Active,
        work_stopped_at: None,
        limits: (*tier).into(),
        version: recorded.sequence,
        created_at: recorded.recorded_at,
        updated_at: recorded.recorded_at,
        budget: None,
    })
}

impl TenantRow {
    fn fold(&mut self, event: &TenantEvent, at: DateTime<Utc>) {
        match event {
            TenantEvent::DetailsChanged { name, contact_email, contact_name } => {
                if let Some(name) = name {
                    self.name = name.to_string();
                }
                if let Some(contact_email) = contact_email {
                    self.contact_email = text(contact_email);
                }
                if let Some(contact_name) = contact_name {
                    self.contact_name = text(contact_name);
                }
            }
            TenantEvent::SettingsChanged { settings } => self.settings = shown(settings),
            TenantEvent::SubscriptionChanged { to, .. } => {
                self.subscription_tier = *to;
                self.limits = (*to).into();
            }
            TenantEvent::Suspended { .. } => self.status = TenantStatus::Suspended,
            TenantEvent::Reactivated {} => self.status = TenantStatus::Active,
            TenantEvent::WorkStopped { .. } => self.work_stopped_at = Some(at),
            TenantEvent::WorkReopened {} => self.work_stopped_at = None,
            TenantEvent::BudgetSet { limit_micro_usd } => self.budget = *limit_micro_usd,
            TenantEvent::Created { .. }
            | TenantEvent::ApiKeyCreated { .. }
            | TenantEvent::ApiKeyRevoked { .. }
            | TenantEvent::ApiKeyRotated { .. }
            | TenantEvent::ProviderKeySet { .. }
            | TenantEvent::ProviderKeyRemoved { .. } => {}
        }
    }
}

/// A person's text; nothing once it is erased.
pub(crate) fn text<T: ToString>(personal: &Personal<T>) -> Option<String> {
    personal.value().map(ToString::to_string)
}
