//! What the linters of row-level security look for, as queries over the catalogue of a database in its present schema. The
//! numbers are those of Supabase's splinter, whose rules these are.

use std::fs;

use sqlx::{Executor, PgConnection};

use crate::architecture::{ROOMS, root, sources};
use crate::support::{TestApp, pool};

/// A rule: what it finds is not as it should be.
struct Lint {
    name: &'static str,
    /// What it finds.
    sql: &'static str,
    /// What it finds that is meant so.
    meant: &'static [&'static str],
    /// A change of the schema that it must find, and under which name.
    broken: (&'static str, &'static str),
}

const LINTS: [Lint; 7] = [
    Lint {
        // Asked once for each row, unless it stands in a query of its own.
        name: "0003 auth_rls_initplan",
        sql: "
            select p.tablename || '.' || p.policyname
            from pg_policies p
            cross join lateral regexp_replace(
                lower(coalesce(p.qual, '') || ' ' || coalesce(p.with_check, '')),
                '\\( *select (current_tenant|current_agents|current_setting)\\(', '', 'g') as rest
            where p.schemaname = 'public' and rest ~ '(current_tenant|current_agents|current_setting) *\\('",
        meant: &[],
        broken: (
            "create policy slow on agents for select to agentcores_reader using (tenant_id = current_tenant())",
            "agents.slow",
        ),
    },
    Lint {
        name: "0007 policy_exists_rls_disabled",
        sql: "
            select c.relname::text
            from pg_class c
            where c.relnamespace = 'public'::regnamespace and not c.relrowsecurity
              and exists (select from pg_policy p where p.polrelid = c.oid)",
        meant: &[],
        broken: ("alter table rate_limits disable row level security", "rate_limits"),
    },
    Lint {
        // Nobody but its owner sees anything of it.
        name: "0008 rls_enabled_no_policy",
        sql: "
            select c.relname::text
            from pg_class c
            where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relrowsecurity
              and not exists (select from pg_policy p where p.polrelid = c.oid)",
        meant: &[],
        broken: ("drop policy writer on followers", "followers"),
    },
    Lint {
        // It shows what its owner sees, whoever asks.
        name: "0010 security_definer_view",
        sql: "
            select c.relname::text
            from pg_class c
            where c.relnamespace = 'public'::regnamespace
              and (c.relkind = 'm'
                   or c.relkind = 'v' and not coalesce('security_invoker=true' = any (c.reloptions), false))",
        meant: &[],
        broken: ("create view everything as select * from events", "everything"),
    },
    Lint {
        // Whoever calls it says what its names mean; a body that was resolved when it was made has none left.
        name: "0011 function_search_path_mutable",
        sql: "
            select p.proname::text
            from pg_proc p
            where p.pronamespace = 'public'::regnamespace and p.prosqlbody is null
              and not exists (select from unnest(p.proconfig) as one where one like 'search_path=%')",
        meant: &[],
        broken: (
            "create function loose() returns bigint language sql as 'select count(*) from agents'",
            "loose",
        ),
    },
    Lint {
        name: "0013 rls_disabled_in_public",
        sql: "
            select c.relname::text
            from pg_class c
            where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relrowsecurity",
        // sqlx's own list of the schema's steps, which no role of the service may touch.
        meant: &["_sqlx_migrations"],
        broken: ("create table bare (id uuid primary key)", "bare"),
    },
    Lint {
        // The writer's batches hold many organisations, and it is the role of no query; for anybody else a policy that is
        // always true is none.
        name: "0024 permissive_rls_policy",
        sql: "
            select p.tablename || '.' || p.policyname
            from pg_policies p
            where p.schemaname = 'public' and p.permissive = 'PERMISSIVE'
              and ('true' in (p.qual, p.with_check)
                   or p.qual is null and (p.cmd <> 'INSERT' or p.with_check is null))
              and p.roles <> '{agentcores_writer}'",
        meant: &[],
        broken: ("create policy all_of_it on events for select using (true)", "events.all_of_it"),
    },
];

async fn found(conn: &mut PgConnection, lint: &Lint) -> Vec<String> {
    let mut found: Vec<String> = sqlx::query_scalar(lint.sql).fetch_all(conn).await.unwrap();
    found.retain(|one| !lint.meant.contains(&one.as_str()));
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn no_linter_of_row_level_security_finds_anything_and_each_would() {
    let app = TestApp::start().await;
    let owner = pool(&app.database).await;
    let mut conn = owner.acquire().await.unwrap();
    for lint in &LINTS {
        assert_eq!(found(&mut conn, lint).await, [""; 0], "{}", lint.name);
        let (change, name) = lint.broken;
        conn.execute("begin").await.unwrap();
        conn.execute(change).await.unwrap();
        assert_eq!(found(&mut conn, lint).await, [name], "{}: {change}", lint.name);
        conn.execute("rollback").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_wall_is_out_of_reach_for_the_service() {
    let app = TestApp::start().await;
    let sql = "
        select c.relname::text
        from pg_class c
        cross join unnest(array['agentcores_reader', 'agentcores_writer', 'agentcores_service']) as who
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relrowsecurity
          and has_table_privilege(who, c.oid, 'select, insert, update, delete, truncate')";
    let reached: Vec<String> = sqlx::query_scalar(sql).fetch_all(&app.owner().await).await.unwrap();
    assert_eq!(reached, [""; 0]);
}

/// Statements that are sent as they are, by file: each place was looked at, and writes ids, numbers and names of
/// our own only.
const WRITTEN: [(&str, usize); 4] = [
    ("infrastructure/src/postgres/credentials.rs", 1),
    ("infrastructure/src/postgres/reader.rs", 2),
    ("infrastructure/src/postgres/wake.rs", 1),
    ("projections/src/shadow.rs", 4),
];

#[test]
fn statements_that_bind_nothing_stand_in_listed_places_only() {
    let mut found = vec![];
    for path in ROOMS.iter().flat_map(|room| sources(&root().join(room).join("src"))) {
        let count = fs::read_to_string(&path).unwrap().matches("raw_sql(").count();
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        found.extend((count > 0).then_some((name, count)));
    }
    found.sort();
    assert_eq!(found, WRITTEN.map(|(name, count)| (name.to_owned(), count)));
}
