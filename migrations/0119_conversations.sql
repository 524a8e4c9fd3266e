-- Conversations with agents; their turns are tasks.
create table conversations (
    tenant_id uuid not null,
    id uuid not null,
    agent_id uuid not null,
    created_by uuid,
    position bigint not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint conversations_key primary key (tenant_id, id)
);

create index conversations_of_agent on conversations (tenant_id, agent_id, created_at, id);

comment on column conversations.position is 'of the last event in the row, in the organisation''s log';
comment on column conversations.version is 'counts its turns, from 1';

call isolate_tenants('conversations');
grant select on conversations to agentcores_reader;
grant select, insert, update, delete on conversations to agentcores_writer;
