//! The log page by page, for rebuilds.

use domain::{Recorded, TenantId};
use sqlx::PgConnection;

use super::codec::{Codec, EVENT_COLUMNS, EventRow};
use super::vault::Vault;

/// Reads the log of one tenant on a connection of the caller's, events opened as far as the keys exist.
#[derive(Clone)]
pub struct LogPages {
    vault: Vault,
}

impl LogPages {
    /// Reads with the keys of this vault.
    pub const fn new(vault: Vault) -> Self {
        Self { vault }
    }

    /// Events after a position, oldest first, at most `limit`.
    pub async fn page(
        &self,
        conn: &mut PgConnection,
        tenant: TenantId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Recorded>, sqlx::Error> {
        let sql = format!(
            "select {EVENT_COLUMNS} from events where tenant_id = $1 and position > $2 order by position limit $3"
        );
        let rows: Vec<EventRow> =
            sqlx::query_as(&sql).bind(tenant.0).bind(after).bind(limit).fetch_all(conn).await?;
        let mut codec = Codec::new(&self.vault, tenant);
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            events.push(codec.decode(row).await?);
        }
        Ok(events)
    }
}
