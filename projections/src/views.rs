//! Where queries start.

use application::{AppError, Caller};
use domain::TenantId;
use futures::future::BoxFuture;
use infrastructure::postgres::Reader;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

/// The queries over the read models. Each file adds those of its own table.
#[derive(Clone, Debug)]
pub struct Views {
    reader: Reader,
}

impl Views {
    /// Queries that read through `reader`.
    pub const fn new(reader: Reader) -> Self {
        Self { reader }
    }

    /// Reads what the caller may see of the tenant: no more than the agents that it is narrowed to. A database that fails is
    /// logged here, once, and answered as unavailable.
    pub(crate) async fn read<T, F>(&self, caller: &Caller, read: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send + 'static,
    {
        self.reader.read(caller, read).await.map_err(|error| failed(caller.tenant, &error))
    }

    /// The same of the whole tenant, for what is not asked by a caller or follows from what one was shown.
    pub(crate) async fn read_all<T, F>(&self, tenant: TenantId, read: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send + 'static,
    {
        self.reader.read(tenant, read).await.map_err(|error| failed(tenant, &error))
    }

    /// The same for one query whose text holds the ids that it asks for, in one round trip.
    pub(crate) async fn query_at_once(
        &self,
        tenant: TenantId,
        query: String,
    ) -> Result<Vec<PgRow>, AppError> {
        self.reader.query_at_once(tenant, query).await.map_err(|error| failed(tenant, &error))
    }
}

pub(crate) fn failed(tenant: TenantId, error: &sqlx::Error) -> AppError {
    tracing::error!(
        tenant.id = %tenant,
        error = error as &dyn std::error::Error,
        "a read of tenant {tenant} failed"
    );
    AppError::Unavailable
}
