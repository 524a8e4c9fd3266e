//! A keyed fold as an inline projector: load, fold in memory, save, in a few statements per batch.

use std::marker::PhantomData;

use domain::{Recorded, TenantId};
use infrastructure::postgres::Projector;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::columns::{Column, UNCHANGED, names};
use crate::fold::{Batch, Key, Model};

/// The projector of a model.
pub(crate) struct Keyed<M> {
    live: Statements,
    model: PhantomData<fn() -> M>,
}

/// The statements for one table. Their text is constant per table, so that each connection prepares them once.
struct Statements {
    load: String,
    /// For rows that are not there yet.
    add: String,
    save: String,
    remove: String,
}

impl<M: Model> Keyed<M> {
    pub(crate) fn new() -> Self {
        Self { live: Statements::new::<M>(M::TABLE), model: PhantomData }
    }
}

#[async_trait::async_trait]
impl<M: Model> Projector for Keyed<M> {
    fn name(&self) -> &'static str {
        M::TABLE
    }

    async fn project(
        &self,
        conn: &mut PgConnection,
        table: &str,
        batch: &[Recorded],
    ) -> Result<(), sqlx::Error> {
        let mut batch = Batch::<M>::group(batch);
        if batch.is_empty() {
            return Ok(());
        }
        let shadow;
        let statements = if table == M::TABLE {
            &self.live
        } else {
            shadow = Statements::again::<M>(table);
            &shadow
        };
        let (tenants, ids) = split(batch.to_load());
        if !ids.is_empty() {
            let rows = sqlx::query(&statements.load).bind(tenants).bind(ids).fetch_all(&mut *conn).await?;
            for row in &rows {
                batch.loaded(key(row)?, M::decode(row)?);
            }
        }
        let changes = batch.fold();
        if !changes.births.is_empty() {
            M::bind(sqlx::query(&statements.add), &changes.births).execute(&mut *conn).await?;
        }
        if !changes.saves.is_empty() {
            M::bind(sqlx::query(&statements.save), &changes.saves).execute(&mut *conn).await?;
        }
        if !changes.removals.is_empty() {
            let (tenants, ids) = split(changes.removals.into_iter());
            sqlx::query(&statements.remove).bind(tenants).bind(ids).execute(&mut *conn).await?;
        }
        Ok(())
    }
}

fn split(keys: impl Iterator<Item = Key>) -> (Vec<Uuid>, Vec<Uuid>) {
    keys.map(|(TenantId(tenant), id)| (tenant, id)).unzip()
}

/// Loaded rows name their key beside their columns.
fn key(row: &sqlx::postgres::PgRow) -> Result<Key, sqlx::Error> {
    use sqlx::Row;
    Ok((TenantId(row.try_get("key_tenant")?), row.try_get("key_id")?))
}

impl Statements {
    /// For a table that may have been given the same events before.
    fn again<M: Model>(table: &str) -> Self {
        let statements = Self::new::<M>(table);
        Self { add: statements.save.clone(), ..statements }
    }

    fn new<M: Model>(table: &str) -> Self {
        let on_key: Vec<String> = M::KEY.iter().map(|name| format!("t.{name} = k.{name}")).collect();
        let on_key = on_key.join(" and ");
        let keys = "unnest($1::uuid[], $2::uuid[]) as k (tenant_id, id)";
        let loaded = list(M::COLUMNS, |_, column| {
            if column.is_document { format!("'{UNCHANGED}'") } else { format!("t.{}", column.name) }
        });
        // In the list, where they are taken apart side by side; as a table each would be stored first.
        let arrays = list(M::COLUMNS, |at, column| format!("unnest(${}::{}[])", at + 1, column.sql_type));
        let changeable: Vec<&Column> =
            M::COLUMNS.iter().filter(|column| !M::KEY.contains(&column.name)).collect();
        let changes = list(&changeable, |_, Column { name, is_document, .. }| {
            if *is_document {
                format!("{name} = coalesce(nullif(excluded.{name}, '{UNCHANGED}'), t.{name})")
            } else {
                format!("{name} = excluded.{name}")
            }
        });
        let key_columns = M::KEY.join(", ");
        let columns = names(M::COLUMNS);
        let add = format!("insert into {table} as t ({columns}) select {arrays}");
        Self {
            load: format!(
                "select {loaded}, k.tenant_id as key_tenant, k.id as key_id from {keys} join {table} as t on {on_key}"
            ),
            save: format!(
                "{add} on conflict ({key_columns}) do update set {changes} where t.version < excluded.version"
            ),
            add,
            remove: format!("delete from {table} as t using {keys} where {on_key}"),
        }
    }
}

fn list<T>(items: &[T], part: impl Fn(usize, &T) -> String) -> String {
    let parts: Vec<String> = items.iter().enumerate().map(|(at, item)| part(at, item)).collect();
    parts.join(", ")
}
