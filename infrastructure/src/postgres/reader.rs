//! Tenant-scoped reads.

use application::Caller;
use domain::{Reach, TenantId};
use futures::future::BoxFuture;
use sqlx::postgres::PgRow;
use sqlx::{Executor, PgConnection, PgPool};

/// What a read may see: what is of one tenant, and of the agents that it is narrowed to.
#[derive(Clone, Debug)]
pub struct Sight {
    tenant: TenantId,
    reach: Reach,
}

impl From<TenantId> for Sight {
    fn from(tenant: TenantId) -> Self {
        Self { tenant, reach: Reach::All }
    }
}

impl From<&Caller> for Sight {
    fn from(caller: &Caller) -> Self {
        Self { tenant: caller.tenant, reach: caller.reach.clone() }
    }
}

impl Sight {
    /// What begins a transaction that sees no more. It is made of typed ids, so they can be written into the text; one
    /// round trip instead of several.
    fn opening(&self) -> String {
        let tenant = format!("begin read only; select set_config('app.tenant', '{}', true)", self.tenant);
        match &self.reach {
            Reach::All => tenant,
            Reach::Only(agents) => {
                let ids: Vec<String> = agents.iter().map(|agent| agent.to_string()).collect();
                format!("{tenant}; select set_config('app.agents', '{{{}}}', true)", ids.join(","))
            }
        }
    }
}

/// Reads what one tenant may see. Every read runs in a transaction whose row-level security is set to the tenant
/// first, on a role that cannot write, in a task of its own: a request that goes away cannot leave a transaction
/// behind on a pooled connection. It waits for its connection itself, so that whoever gives up waiting leaves the queue,
/// and many who do so keep nobody waiting who does not.
#[derive(Clone, Debug)]
pub struct Reader {
    pool: PgPool,
}

impl Reader {
    pub(super) const fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Runs `read` as the tenant, or as the caller with no more than its agents, and returns what it returns. All its statements see one moment in time only if
    /// they are one statement: the isolation level is read committed.
    pub async fn read<T, F>(&self, sight: impl Into<Sight>, read: F) -> Result<T, sqlx::Error>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send + 'static,
    {
        let opening = sight.into().opening();
        let mut conn = self.pool.acquire().await?;
        let task = tokio::spawn(async move {
            conn.execute(sqlx::raw_sql(&opening)).await?;
            // The transaction ends when the pool takes the connection back, which nobody waits for.
            read(&mut conn).await
        });
        task.await.unwrap_or_else(|panic| Err(sqlx::Error::Io(std::io::Error::other(panic))))
    }

    /// One query in one round trip, tenant and all; its rows are in text form. Its text holds what it asks for, so that
    /// may only be ids and numbers.
    pub async fn query_at_once(&self, tenant: TenantId, query: String) -> Result<Vec<PgRow>, sqlx::Error> {
        let mut conn = self.pool.acquire().await?;
        let task = tokio::spawn(async move {
            let batch = format!("begin read only; set local app.tenant = '{tenant}'; {query}; rollback");
            conn.fetch_all(sqlx::raw_sql(&batch)).await
        });
        task.await.unwrap_or_else(|panic| Err(sqlx::Error::Io(std::io::Error::other(panic))))
    }
}
