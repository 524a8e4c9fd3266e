-- The roles that run the service. Nobody signs in as them: the service signs in as an unprivileged login that is a
-- member of both and takes one of them for each connection. Neither owns a table or may bypass row-level security.
do $$
begin
    create role agentcores_reader nologin;
exception when duplicate_object or unique_violation then null;
end $$;
do $$
begin
    create role agentcores_writer nologin;
exception when duplicate_object or unique_violation then null;
end $$;

grant usage on schema public to agentcores_reader, agentcores_writer;

-- The tenant that the present transaction reads as; null, and so no row, if none is set.
create function current_tenant() returns uuid
    language sql stable parallel safe
    return nullif(current_setting('app.tenant', true), '')::uuid;

-- Gives a table with a tenant_id the second wall of tenant isolation: a reader sees its tenant's rows only, the writer,
-- which batches many tenants into one transaction, sees all.
create procedure isolate_tenants(target regclass)
    language plpgsql as $$
begin
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    execute format('create policy reader on %s for select to agentcores_reader using (tenant_id = (select current_tenant()))', target);
    execute format('create policy writer on %s to agentcores_writer using (true) with check (true)', target);
end $$;

-- One row per tenant: the lock that orders its log, the last position given out, and the counters that its plan limits.
create table tenant_heads (
    tenant_id uuid constraint tenant_heads_key primary key,
    position bigint not null,
    recorded_at timestamptz not null,
    tier text not null,
    suspended boolean not null,
    agents integer not null,
    users integer not null,
    owners integer not null,
    tasks integer not null,
    tasks_month integer not null
) with (fillfactor = 50);

comment on column tenant_heads.tasks_month is 'the month that tasks counts, as year * 12 + month from 0';

-- The log. aggregate_type, aggregate_id, sequence, event_type, event_version, payload and metadata have the names and the
-- meaning of postgres-es. payload and metadata are json, not jsonb, because the bytes stored are the bytes hashed.
create table events (
    tenant_id uuid not null,
    position bigint not null,
    aggregate_type text not null,
    aggregate_id uuid not null,
    sequence bigint not null,
    event_id uuid not null,
    event_type text not null,
    event_version text not null,
    payload json not null,
    metadata json not null,
    recorded_at timestamptz not null,
    leaf_hash bytea not null,
    constraint events_key primary key (tenant_id, aggregate_type, aggregate_id, sequence),
    constraint events_position unique (tenant_id, position),
    constraint events_position_positive check (position > 0),
    constraint events_sequence_positive check (sequence > 0)
);

comment on column events.position is 'from 1 within the tenant, without gaps, in commit order';
comment on column events.leaf_hash is 'SHA-256 of 0x00 and the canonical JSON (RFC 8785) of the whole envelope';

create function refuse_change() returns trigger
    language plpgsql as $$
begin
    raise exception 'the event log is append-only' using errcode = 'restrict_violation';
end $$;

create trigger events_append_only before update or delete on events
    for each row execute function refuse_change();
create trigger events_no_truncate before truncate on events
    for each statement execute function refuse_change();

-- How stock postgres-es reads the log: it asks for text ids.
create view stock_events with (security_invoker = true) as
    select aggregate_type, aggregate_id::text as aggregate_id, sequence, event_type, event_version, payload, metadata
    from events;

-- Names that only one may hold: within a tenant, or over all tenants where the scope is the nil id.
create table unique_keys (
    scope_id uuid not null,
    kind text not null,
    value text not null,
    tenant_id uuid not null,
    holder_id uuid not null,
    constraint unique_keys_key primary key (scope_id, kind, value)
);
create index unique_keys_tenant on unique_keys (tenant_id, kind);

-- Requests that are answered once: the key, what it stood for, and the sealed answer.
create table idempotency_keys (
    scope_id uuid not null,
    key text not null,
    request_hash bytea not null,
    tenant_id uuid,
    position bigint,
    resource_id uuid,
    answer bytea,
    created_at timestamptz not null default now(),
    constraint idempotency_keys_key primary key (scope_id, key)
);

comment on column idempotency_keys.scope_id is 'the tenant, or the nil id for requests of nobody signed in';

-- One key per person; personal data in events is sealed under it. Destroying the key erases the person.
create table personal_keys (
    tenant_id uuid not null,
    subject_id uuid not null,
    wrapped bytea,
    created_at timestamptz not null default now(),
    constraint personal_keys_key primary key (tenant_id, subject_id)
);

comment on column personal_keys.wrapped is 'the key, sealed under the master key; null once it is destroyed';

call isolate_tenants('tenant_heads');
call isolate_tenants('events');
call isolate_tenants('unique_keys');
call isolate_tenants('personal_keys');
alter table idempotency_keys enable row level security;
alter table idempotency_keys force row level security;
create policy writer on idempotency_keys to agentcores_writer using (true) with check (true);

grant select on tenant_heads, events, stock_events, personal_keys to agentcores_reader;
grant select, insert on events to agentcores_writer;
grant select on stock_events to agentcores_writer;
grant select, insert, update on tenant_heads, idempotency_keys, personal_keys to agentcores_writer;
grant select, insert, delete on unique_keys to agentcores_writer;
grant delete on idempotency_keys to agentcores_writer;

-- Which steps of the schema are in place, for a service that may not read the migration table itself.
create function applied_migrations() returns table (version bigint)
    language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    return query select m.version from _sqlx_migrations m where m.success;
end $$;
revoke execute on function applied_migrations() from public;
grant execute on function applied_migrations() to agentcores_reader, agentcores_writer;
