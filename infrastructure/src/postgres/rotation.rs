//! A new master key: what the one before sealed is sealed anew, while the service runs.

use std::sync::Arc;

use application::ports::Unavailable;
use domain::TenantId;
use sqlx::PgPool;
use uuid::Uuid;

use super::provider_keys::key_context;
use super::unavailable;
use super::vault::context;
use crate::crypto::{KeyRing, Purpose, Secrets};

/// Seals keys anew, in pages, each page in one statement. It can end at any moment: what is done is marked with the new
/// master key's fingerprint, and the next run goes on with the rest. The keys themselves stay what they are, so whoever
/// has opened one goes on using it, and nothing that they sealed is touched.
pub struct KeyRotation {
    pool: PgPool,
    personal: Arc<KeyRing>,
    tenants: Arc<KeyRing>,
}

/// How far a rotation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// So many keys are sealed under the present master key since it began.
    pub sealed_anew: u64,
    /// So many open with neither master key.
    pub failed: u64,
}

/// A table of wrapped keys whose rows a tenant and one more column tell apart.
struct Table {
    name: &'static str,
    page: &'static str,
    save: &'static str,
    /// What a key is bound to, of tenant, id and version.
    context: fn(TenantId, Uuid, i32) -> Vec<u8>,
}

/// How many keys are sealed anew at a time.
const PAGE: i64 = 500;

const PERSONAL: Table = Table {
    name: "personal_keys",
    page: "
        select tenant_id, subject_id as id, 0 as version, wrapped, master_key_id
        from personal_keys
        where (tenant_id, subject_id) > ($1, $2) and wrapped is not null and master_key_id is distinct from $3
        order by tenant_id, subject_id
        limit $4",
    // Whoever destroyed the key, or sealed it anew, since it was read, was right.
    save: "
        update personal_keys k
        set wrapped = n.after, master_key_id = $6
        from unnest($1::uuid[], $2::uuid[], $3::integer[], $4::bytea[], $5::bytea[])
            as n (tenant_id, id, version, before, after)
        where k.tenant_id = n.tenant_id and k.subject_id = n.id and k.wrapped = n.before",
    context: |tenant, subject, _| context(tenant, subject),
};

const TENANTS: Table = Table {
    name: "tenant_keys",
    page: "
        select tenant_id, tenant_id as id, version, wrapped, master_key_id
        from tenant_keys
        where tenant_id > $1 and $2::uuid is not null and master_key_id is distinct from $3
        order by tenant_id
        limit $4",
    save: "
        update tenant_keys k
        set wrapped = n.after, master_key_id = $6
        from unnest($1::uuid[], $2::uuid[], $3::integer[], $4::bytea[], $5::bytea[])
            as n (tenant_id, id, version, before, after)
        where k.tenant_id = n.tenant_id and k.version = n.version and k.wrapped = n.before",
    context: |tenant, _, version| key_context(tenant, version),
};

type Row = (Uuid, Uuid, i32, Vec<u8>, Option<String>);

impl KeyRotation {
    /// A rotation to the present master key. `pool` is the writing role's.
    pub fn new(pool: PgPool, secrets: &Secrets) -> Self {
        Self {
            pool,
            personal: Arc::new(secrets.key_ring(Purpose::PersonalKeys)),
            tenants: Arc::new(secrets.key_ring(Purpose::TenantKeys)),
        }
    }

    /// Seals anew until nothing is left that could be: a service that has not heard of the new key yet may go on adding.
    /// `tell` is told after each page.
    pub async fn run(&self, mut tell: impl FnMut(&'static str, Rotated)) -> Result<Rotated, Unavailable> {
        let mut all = Rotated::default();
        loop {
            let personal = self.pass(&PERSONAL, &self.personal, &mut tell).await?;
            let tenants = self.pass(&TENANTS, &self.tenants, &mut tell).await?;
            let sealed_anew = personal.sealed_anew + tenants.sealed_anew;
            all.sealed_anew += sealed_anew;
            all.failed = personal.failed + tenants.failed;
            if sealed_anew == 0 {
                return Ok(all);
            }
        }
    }

    /// Goes through a table once.
    async fn pass(
        &self,
        table: &Table,
        keys: &KeyRing,
        tell: &mut impl FnMut(&'static str, Rotated),
    ) -> Result<Rotated, Unavailable> {
        let mut so_far = Rotated::default();
        let mut after = (Uuid::nil(), Uuid::nil());
        loop {
            let rows: Vec<Row> = sqlx::query_as(table.page)
                .bind(after.0)
                .bind(after.1)
                .bind(keys.id())
                .bind(PAGE)
                .fetch_all(&self.pool)
                .await
                .map_err(unavailable)?;
            let Some(last) = rows.last() else {
                return Ok(so_far);
            };
            after = (last.0, last.1);
            let found = rows.len() as u64;
            let anew: Vec<(Row, Vec<u8>)> =
                rows.into_iter().filter_map(|row| seal_anew(table, keys, row)).collect();
            so_far.failed += found - anew.len() as u64;
            so_far.sealed_anew += self.save(table, keys, &anew).await?;
            tell(table.name, so_far);
        }
    }

    async fn save(&self, table: &Table, keys: &KeyRing, anew: &[(Row, Vec<u8>)]) -> Result<u64, Unavailable> {
        sqlx::query(table.save)
            .bind(anew.iter().map(|(row, _)| row.0).collect::<Vec<_>>())
            .bind(anew.iter().map(|(row, _)| row.1).collect::<Vec<_>>())
            .bind(anew.iter().map(|(row, _)| row.2).collect::<Vec<_>>())
            .bind(anew.iter().map(|(row, _)| row.3.as_slice()).collect::<Vec<_>>())
            .bind(anew.iter().map(|(_, wrapped)| wrapped.as_slice()).collect::<Vec<_>>())
            .bind(keys.id())
            .execute(&self.pool)
            .await
            .map(|done| done.rows_affected())
            .map_err(unavailable)
    }
}

/// A row with its key sealed under the present master key; nothing, and a line in the log, if it does not open.
fn seal_anew(table: &Table, keys: &KeyRing, row: Row) -> Option<(Row, Vec<u8>)> {
    let tenant = TenantId(row.0);
    let context = (table.context)(tenant, row.1, row.2);
    let Ok(key) = keys.open_key(row.4.as_deref(), &context, &row.3) else {
        tracing::error!(tenant.id = %tenant, "a key of {} opens with neither master key", table.name);
        return None;
    };
    let wrapped = keys.seal(&context, key.bytes());
    Some((row, wrapped))
}
