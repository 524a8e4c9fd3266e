//! Whether the database keeps tenants apart by itself.

use sqlx::PgConnection;

/// Every table with a tenant must force row-level security on everybody, with the two policies of
/// `isolate_tenants` as that procedure makes them and no third permissive one, but for `idempotency_keys`, which no reader sees at all;
/// every table with rows of agents must have the policy of `isolate_agents` besides; every view must see no more than who asks.
const OPEN: &str = "
    with isolated as (
        select c.oid, c.relname, c.relrowsecurity and c.relforcerowsecurity as is_forced,
            case
                when exists (
                    select from pg_attribute o
                    where o.attrelid = c.oid and o.attname = 'agent_id' and not o.attisdropped
                ) then 'agent_id'
                when c.relname in ('agents', 'agents_rebuild') then 'id'
            end as agent
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    ), policies as (
        select p.polrelid, p.polname::text as name, p.polcmd as command, p.polpermissive as is_permissive,
            array(select r.rolname::text from pg_roles r where r.oid = any (p.polroles)) as roles,
            pg_get_expr(p.polqual, p.polrelid) as visible
        from pg_policy p
    )
    select relname::text
    from isolated i
    where not is_forced
       or relname <> 'idempotency_keys' and not exists (
           select from policies p
           where p.polrelid = i.oid and p.name = 'reader' and p.command = 'r' and p.roles = '{agentcores_reader}'
             and p.visible = '(tenant_id = ( SELECT current_tenant() AS current_tenant))'
       )
       or not exists (
           select from policies p
           where p.polrelid = i.oid and p.name = 'writer' and p.roles = '{agentcores_writer}'
       )
       or agent is not null and not exists (
           select from policies p
           where p.polrelid = i.oid and p.name = 'agents' and p.command = 'r' and not p.is_permissive
             and p.roles = '{agentcores_reader}'
             and p.visible = format(
                 'COALESCE((%s = ANY (( SELECT current_agents() AS current_agents)::uuid[])), true)', agent)
       )
       or exists (
           select from policies p
           where p.polrelid = i.oid and p.is_permissive and p.name not in ('reader', 'writer')
       )
    union all
    select c.relname::text
    from pg_class c
    where c.relnamespace = 'public'::regnamespace
      and (c.relkind = 'v' and not coalesce('security_invoker=true' = any (c.reloptions), false) or c.relkind = 'm')
    order by 1";

/// The tables and views whose wall is not as it should be; none, if all is well.
pub async fn open_walls(conn: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(OPEN).fetch_all(conn).await
}
