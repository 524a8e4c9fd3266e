//! Contents beside the log, read by the hash that events name.

use std::collections::HashMap;

use application::commit::Content;
use application::ports::{Contents, Unavailable};
use domain::{ContentHash, TenantId};

use super::reader::Reader;
use super::unavailable;

/// Reads contents as their tenant.
#[derive(Clone, Debug)]
pub struct PgContents {
    reader: Reader,
}

impl PgContents {
    /// Reads through `reader`.
    pub const fn new(reader: Reader) -> Self {
        Self { reader }
    }
}

#[async_trait::async_trait]
impl Contents for PgContents {
    async fn read(
        &self,
        tenant: TenantId,
        hashes: &[ContentHash],
    ) -> Result<HashMap<ContentHash, Vec<u8>>, Unavailable> {
        let asked: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.0.to_vec()).collect();
        let rows: Vec<(Vec<u8>,)> = self
            .reader
            .read(tenant, move |conn| {
                Box::pin(async move {
                    let sql = "select bytes from contents where tenant_id = $1 and hash = any ($2)";
                    sqlx::query_as(sql).bind(tenant.0).bind(asked).fetch_all(conn).await
                })
            })
            .await
            .map_err(unavailable)?;
        // Hashed anew: a content that was changed in the database is not the one that an event names.
        let contents = rows.into_iter().map(|(bytes,)| Content::of(bytes));
        Ok(contents.map(|content| (content.hash, content.bytes)).collect())
    }
}
