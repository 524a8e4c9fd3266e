-- Agents as shown; terminated ones are gone.
create table agents (
    tenant_id uuid not null,
    id uuid not null,
    name text not null,
    description text not null,
    agent_type text not null,
    configuration text not null,
    capabilities text not null,
    status text not null,
    error text,
    created_by uuid,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint agents_key primary key (tenant_id, id)
) with (fillfactor = 80);

-- Lists, newest first. Only columns that never change are indexed, so a change of the row touches no index.
create index agents_created on agents (tenant_id, created_at, id);

comment on column agents.capabilities is 'a JSON array of texts';
comment on column agents.version is 'the sequence of the last event in the row';

call isolate_tenants('agents');
grant select on agents to agentcores_reader;
grant select, insert, update, delete on agents to agentcores_writer;
