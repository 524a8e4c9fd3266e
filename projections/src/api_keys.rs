//! API keys as shown: the table `api_keys`, which is written along with the events, as it holds credentials.

use application::{AppError, Caller};
use chrono::{DateTime, Utc};
use domain::{AgentId, AgentIds, Permission, Reach, TenantId, UserId};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::columns::{Fields, text_enum};
use crate::page::{Filter, Order, Page, PageRequest, Sort, SortOf, check_text, containing, list};
use crate::schema::PermissionSchema;
use crate::views::Views;

text_enum! {
    /// Whether an API key works.
    pub enum ApiKeyStatus {
        /// It does, as long as its maker has access.
        Active = "active",
        /// It has run out.
        Expired = "expired",
        /// It was ended.
        Revoked = "revoked",
    }
}

/// A key for programs, without the key itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub struct ApiKeyRow {
    /// Its id.
    pub id: Uuid,
    /// The organisation.
    #[schema(value_type = Uuid)]
    pub tenant_id: TenantId,
    /// What it is called.
    pub name: String,
    /// What it was made for. It may never more than its maker's role allows at the time.
    #[schema(value_type = Vec<PermissionSchema>)]
    pub scopes: Vec<Permission>,
    /// The agents that it is bound to: it sees and does nothing but what is theirs. Null is all of the organisation.
    #[schema(required, value_type = Option<Vec<Uuid>>)]
    pub agent_ids: Reach,
    /// How it begins.
    pub prefix: String,
    /// How it ends.
    pub last4: String,
    /// The user for whom it acts.
    #[schema(value_type = Uuid)]
    pub created_by: UserId,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it ends, or ended.
    pub expires_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    #[schema(required)]
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    #[schema(required)]
    pub revoked_at: Option<DateTime<Utc>>,
    /// Whether it works.
    pub status: ApiKeyStatus,
    /// Counts its changes, from 1.
    pub version: i64,
}

/// Which API keys are listed; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct ApiKeyFilter {
    /// Those that stand there.
    pub status: Option<ApiKeyStatus>,
    /// Those with this in their name, without regard to case.
    pub q: Option<String>,
}

const STATUS: &str = "case when revoked_at is not null then 'revoked' when expires_at <= now() then 'expired' else 'active' end";

const SORTS: &[Sort] = &[
    Sort { name: "created_at", by: "created_at", of: SortOf::Time },
    Sort { name: "updated_at", by: "updated_at", of: SortOf::Time },
    Sort { name: "expires_at", by: "expires_at", of: SortOf::Time },
    Sort { name: "name", by: "lower(name)", of: SortOf::Text },
];

fn columns() -> String {
    format!(
        "id, tenant_id, name, scopes, agent_ids, prefix, last4, created_by, created_at, updated_at, expires_at, last_used_at, \
         revoked_at, {STATUS}, version"
    )
}

impl Views {
    /// One API key.
    pub async fn get_api_key(&self, caller: &Caller, key: Uuid) -> Result<ApiKeyRow, AppError> {
        caller.require(Permission::ReadKeys)?;
        self.find_api_key(caller.tenant, key).await?.ok_or(AppError::NotFound)
    }

    /// The API key of an answer to who has just made it, or that has done something.
    pub async fn find_api_key(&self, tenant: TenantId, key: Uuid) -> Result<Option<ApiKeyRow>, AppError> {
        let found = self.read_all(tenant, move |conn| {
            Box::pin(async move {
                let sql = format!("select {} from api_keys where tenant_id = $1 and id = $2", columns());
                let row = sqlx::query(&sql).bind(tenant.0).bind(key).fetch_optional(conn).await?;
                row.as_ref().map(decode).transpose()
            })
        });
        found.await
    }

    /// The tenant's API keys, ended ones too, by `created_at`, `updated_at`, `expires_at` or `name`.
    pub async fn list_api_keys(
        &self,
        caller: &Caller,
        filter: &ApiKeyFilter,
        page: &PageRequest,
    ) -> Result<Page<ApiKeyRow>, AppError> {
        caller.require(Permission::ReadKeys)?;
        check_text("/q", filter.q.as_ref())?;
        let (tenant, filter, order) = (caller.tenant, filter.clone(), Order::parse(page, SORTS)?);
        let read = self.read(caller, move |conn| {
            Box::pin(
                async move { list(conn, ("api_keys", &columns()), tenant, (&filter, &order), decode).await },
            )
        });
        read.await
    }
}

impl Filter for ApiKeyFilter {
    fn push(&self, query: &mut QueryBuilder<'_, Postgres>) {
        if let Some(status) = self.status {
            query.push(format_args!(" and {STATUS} = ")).push_bind(status.as_str());
        }
        if let Some(q) = &self.q {
            query.push(" and name ilike ").push_bind(containing(q));
        }
    }
}

fn decode(row: &PgRow) -> Result<ApiKeyRow, sqlx::Error> {
    let mut fields = Fields::of(row);
    Ok(ApiKeyRow {
        id: fields.next()?,
        tenant_id: TenantId(fields.next()?),
        name: fields.next()?,
        scopes: scopes(&fields.next::<Vec<String>>()?),
        agent_ids: reach(fields.next()?)?,
        prefix: fields.next()?,
        last4: fields.next()?,
        created_by: UserId(fields.next()?),
        created_at: fields.next()?,
        updated_at: fields.next()?,
        expires_at: fields.next()?,
        last_used_at: fields.next()?,
        revoked_at: fields.next()?,
        status: fields.next_of(ApiKeyStatus::find)?,
        version: fields.next()?,
    })
}

/// The permissions of stored names. One that there is no more allows nothing.
pub(crate) fn scopes(names: &[String]) -> Vec<Permission> {
    names.iter().filter_map(|name| Permission::find(name)).collect()
}

/// The agents of stored ids. What says nothing that a key could be bound to is an error, as it must not open all.
pub(crate) fn reach(ids: Option<Vec<Uuid>>) -> Result<Reach, sqlx::Error> {
    let Some(ids) = ids else {
        return Ok(Reach::All);
    };
    let agents: Vec<AgentId> = ids.into_iter().map(AgentId).collect();
    AgentIds::try_from(agents).map(Reach::Only).map_err(|error| sqlx::Error::Decode(error.into()))
}
