//! Which providers an organisation has a key of: the table `provider_keys`, which is written along with the events. The
//! reading role cannot read the keys themselves, sealed as they are.

use application::{AppError, Caller};
use chrono::{DateTime, Utc};
use domain::tenant::Provider;
use domain::{Permission, TenantId, UserId};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder};
use utoipa::ToSchema;

use crate::columns::Fields;
use crate::page::{Filter, Order, Page, PageRequest, Sort, SortOf, list};
use crate::views::Views;

/// That a key of a provider is set.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ProviderKey)]
pub struct ProviderKeyRow {
    /// The organisation.
    #[schema(value_type = Uuid)]
    pub tenant_id: TenantId,
    /// Whose models it opens.
    pub provider: String,
    /// How the key ends.
    pub last4: String,
    /// Who set it.
    #[schema(value_type = Uuid)]
    pub set_by: UserId,
    /// When a key was first set.
    pub created_at: DateTime<Utc>,
    /// When this one was.
    pub updated_at: DateTime<Utc>,
    /// Counts how often one was set, from 1.
    pub version: i64,
}

const COLUMNS: &str = "tenant_id, provider, last4, set_by, created_at, updated_at, version";

const SORTS: &[Sort] = &[
    Sort { name: "created_at", by: "created_at", of: SortOf::Time },
    Sort { name: "updated_at", by: "updated_at", of: SortOf::Time },
    Sort { name: "provider", by: "provider", of: SortOf::Text },
];

/// All of them.
struct All;

impl Filter for All {
    fn push(&self, _: &mut QueryBuilder<'_, Postgres>) {}
}

impl Views {
    /// One provider's key.
    pub async fn get_provider_key(
        &self,
        caller: &Caller,
        provider: &Provider,
    ) -> Result<ProviderKeyRow, AppError> {
        caller.require(Permission::ReadKeys)?;
        self.find_provider_key(caller.tenant, provider).await
    }

    /// The key of an answer to who has just set it.
    pub async fn find_provider_key(
        &self,
        tenant: TenantId,
        provider: &Provider,
    ) -> Result<ProviderKeyRow, AppError> {
        let provider = provider.clone();
        let found = self.read_all(tenant, move |conn| {
            Box::pin(async move {
                let sql =
                    format!("select {COLUMNS} from provider_keys where tenant_id = $1 and provider = $2");
                let query = sqlx::query(&sql).bind(tenant.0).bind(provider.as_str());
                query.fetch_optional(conn).await?.as_ref().map(decode).transpose()
            })
        });
        found.await?.ok_or(AppError::NotFound)
    }

    /// The tenant's provider keys, by `created_at`, `updated_at` or `provider`.
    pub async fn list_provider_keys(
        &self,
        caller: &Caller,
        page: &PageRequest,
    ) -> Result<Page<ProviderKeyRow>, AppError> {
        caller.require(Permission::ReadKeys)?;
        let (tenant, order) = (caller.tenant, Order::parse(page, SORTS)?);
        let read = self.read(caller, move |conn| {
            Box::pin(
                async move { list(conn, ("provider_keys", COLUMNS), tenant, (&All, &order), decode).await },
            )
        });
        read.await
    }
}

fn decode(row: &PgRow) -> Result<ProviderKeyRow, sqlx::Error> {
    let mut fields = Fields::of(row);
    Ok(ProviderKeyRow {
        tenant_id: TenantId(fields.next()?),
        provider: fields.next()?,
        last4: fields.next()?,
        set_by: UserId(fields.next()?),
        created_at: fields.next()?,
        updated_at: fields.next()?,
        version: fields.next()?,
    })
}
