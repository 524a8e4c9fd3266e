-- What functions name without a schema is found in this one, whatever the caller's path says. Not so of current_tenant():
-- its body was resolved when it was made, and with a path of its own it would no longer be inlined into the policies that
-- call it.
do $$
declare
    one text;
begin
    foreach one in array array[
        'procedure isolate_tenants(regclass)', 'function refuse_change()',
        'function queue_time()', 'function wake_turns(uuid[])', 'function waiting_agents(uuid)',
        'function next_tasks(uuid, integer, timestamptz)', 'function next_moment(uuid, timestamptz)',
        'function claim_tasks(text, interval, integer, text[], bigint[], integer[])',
        'function release_leases(uuid[], uuid[], uuid[])', 'function rescue_tasks(text, interval, integer)',
        'function wake_all_turns()'
    ] loop
        execute format('alter %s set search_path = public, pg_temp', one);
    end loop;
end $$;

-- It works with the rights of its owner, so nothing that anybody may make is in its path.
create or replace function applied_migrations() returns table (version bigint)
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select m.version from public._sqlx_migrations m where m.success;
end $$;

-- It has no tenant: who is not known yet is counted by address. Readers have no business there.
alter table rate_limits enable row level security;
alter table rate_limits force row level security;
create policy writer on rate_limits to agentcores_writer using (true) with check (true);
