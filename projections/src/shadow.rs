//! The shadow table of a rebuild: made like the live one, and swapped in under its names.

use sqlx::{Executor, PgConnection};

/// The shadow of a read model's table.
pub(crate) struct Shadow {
    /// The live table.
    pub(crate) live: &'static str,
    /// The shadow itself.
    pub(crate) table: String,
}

/// From here on as the service's writer: row-level security binds a table's owner too.
pub(crate) const AS_WRITER: &str = "set role agentcores_writer";
/// From here on as whoever signed in.
pub(crate) const AS_OWNER: &str = "reset role";

/// Makes sure that whoever signed in may become the writer. An owner that is no superuser may have made that role
/// without belonging to it.
pub(crate) async fn let_become_writer(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    if conn.execute(AS_WRITER).await.is_err() {
        conn.execute("grant agentcores_writer to current_user").await?;
    }
    conn.execute(AS_OWNER).await.map(drop)
}

/// The columns, indexes and walls of a table, and the release that folds: a shadow begun with others is of no use.
const FINGERPRINT: &str = "
    select concat_ws(E'\\n',
        $2::text,
        (select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum)
         from pg_attribute
         where attrelid = to_regclass($1) and attnum > 0 and not attisdropped),
        (select string_agg(pg_get_indexdef(indexrelid), ', ' order by pg_get_indexdef(indexrelid))
         from pg_index
         where indrelid = to_regclass($1)),
        (select string_agg(polname || ' ' || pg_get_expr(polqual, polrelid), ', ' order by polname)
         from pg_policy
         where polrelid = to_regclass($1)))";

/// The walls of a table within those of its tenants, as they are to be made on another.
const INNER_WALLS: &str = "
    select format('create policy %I on %I as restrictive for select to agentcores_reader using (%s)',
        polname, $2::text, pg_get_expr(polqual, polrelid))
    from pg_policy
    where polrelid = to_regclass($1) and not polpermissive";

/// The shadow's indexes with the names of their likes on the live table: two are alike if their definitions differ in
/// nothing but names.
const INDEX_NAMES: &str = "
    with indexes as (
        select i.indrelid, c.relname::text as name, s.shape,
               row_number() over (partition by i.indrelid, s.shape order by c.relname) as nth
        from pg_index i
        join pg_class c on c.oid = i.indexrelid,
        lateral (
            select i.indisprimary || regexp_replace(pg_get_indexdef(i.indexrelid), ' INDEX .*? USING ', ' ') as shape
        ) s
        where i.indrelid in (to_regclass($1), to_regclass($2))
    )
    select l.name, s.name
    from (select * from indexes where indrelid = to_regclass($1)) l
    full join (select * from indexes where indrelid = to_regclass($2)) s
      on s.shape = l.shape and s.nth = l.nth";

impl Shadow {
    pub(crate) fn of(live: &'static str) -> Self {
        Self { live, table: format!("{live}_rebuild") }
    }

    /// Keeps others from rebuilding the same table as long as the connection lives; false if another does.
    pub(crate) async fn lock(&self, conn: &mut PgConnection) -> Result<bool, sqlx::Error> {
        let query = sqlx::query_scalar("select pg_try_advisory_lock(hashtextextended('rebuild ' || $1, 0))");
        query.bind(self.live).fetch_one(conn).await
    }

    /// Makes the shadow, unless there is one from an earlier run that can be gone on with.
    pub(crate) async fn prepare(&self, conn: &mut PgConnection) -> Result<(), sqlx::Error> {
        let Self { live, table } = self;
        conn.execute("begin").await?;
        let fingerprint: String = sqlx::query_scalar(FINGERPRINT)
            .bind(live)
            .bind(env!("CARGO_PKG_VERSION"))
            .fetch_one(&mut *conn)
            .await?;
        conn.execute(AS_WRITER).await?;
        let begun: bool = sqlx::query_scalar(
            "select to_regclass($2) is not null
             and exists (select from rebuilds where name = $1 and fingerprint = $3)",
        )
        .bind(live)
        .bind(table)
        .bind(&fingerprint)
        .fetch_one(&mut *conn)
        .await?;
        if !begun {
            self.forget(conn).await?;
            sqlx::query("insert into rebuilds (name, fingerprint) values ($1, $2)")
                .bind(live)
                .bind(&fingerprint)
                .execute(&mut *conn)
                .await?;
        }
        conn.execute(AS_OWNER).await?;
        if !begun {
            let options = self.options(conn).await?;
            let make = format!(
                "drop table if exists {table};
                 create table {table} (like {live} including all) {options};
                 call isolate_tenants('{table}');
                 grant select on {table} to agentcores_reader;
                 grant select, insert, update, delete on {table} to agentcores_writer"
            );
            conn.execute(sqlx::raw_sql(&make)).await?;
            let walls: Vec<String> =
                sqlx::query_scalar(INNER_WALLS).bind(live).bind(table).fetch_all(&mut *conn).await?;
            for wall in walls {
                conn.execute(wall.as_str()).await?;
            }
        }
        conn.execute("commit").await.map(drop)
    }

    /// Storage parameters, which `like` does not copy.
    async fn options(&self, conn: &mut PgConnection) -> Result<String, sqlx::Error> {
        let query = sqlx::query_scalar("select reloptions from pg_class where oid = to_regclass($1)");
        let options: Option<Vec<String>> = query.bind(self.live).fetch_one(conn).await?;
        Ok(options.map_or_else(String::new, |options| format!("with ({})", options.join(", "))))
    }

    async fn forget(&self, conn: &mut PgConnection) -> Result<(), sqlx::Error> {
        for sql in ["delete from rebuild_checkpoints where name = $1", "delete from rebuilds where name = $1"]
        {
            sqlx::query(sql).bind(self.live).execute(&mut *conn).await?;
        }
        Ok(())
    }

    /// Gathers statistics, so that the table is planned for rightly from its first moment.
    pub(crate) async fn analyze(&self, conn: &mut PgConnection) -> Result<(), sqlx::Error> {
        let sql = format!("analyze {}", self.table);
        conn.execute(sqlx::raw_sql(&sql)).await.map(drop)
    }

    /// Begins a transaction that has the live table for itself; gives up after two seconds, because everybody else
    /// waits behind it.
    pub(crate) async fn begin_exclusive(&self, conn: &mut PgConnection) -> Result<(), sqlx::Error> {
        let sql = format!(
            "begin; set local lock_timeout = '2s'; lock table {} in access exclusive mode",
            self.live
        );
        conn.execute(sqlx::raw_sql(&sql)).await.map(drop)
    }

    /// Puts the shadow in the live table's place, under the same names of table, indexes and constraints; false, and
    /// nothing done, if their indexes do not match.
    pub(crate) async fn swap(&self, conn: &mut PgConnection) -> Result<bool, sqlx::Error> {
        let Self { live, table } = self;
        let names: Vec<(Option<String>, Option<String>)> =
            sqlx::query_as(INDEX_NAMES).bind(live).bind(table).fetch_all(&mut *conn).await?;
        let mut swap = format!("drop table {live}; alter table {table} rename to {live}");
        for pair in names {
            let (Some(canonical), Some(name)) = pair else {
                return Ok(false);
            };
            swap.push_str("; alter index ");
            swap.push_str(&name);
            swap.push_str(" rename to ");
            swap.push_str(&canonical);
        }
        conn.execute(sqlx::raw_sql(&swap)).await?;
        conn.execute(AS_WRITER).await?;
        self.forget(conn).await?;
        conn.execute(AS_OWNER).await?;
        Ok(true)
    }
}
