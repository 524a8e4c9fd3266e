-- Whether all work of the tenant's agents is stopped; checked under the lock that orders the log.
alter table tenant_heads add column stopped boolean not null default false;

-- What models and tools were asked and answered, by the hash of the bytes. Events name it; the same bytes are kept once.
create table contents (
    tenant_id uuid not null,
    hash bytea not null,
    bytes bytea not null,
    created_at timestamptz not null default now(),
    constraint contents_key primary key (tenant_id, hash)
);

comment on column contents.hash is 'SHA-256 of bytes';

-- What may be spent on model calls, and what is: the tenant as a whole, and each agent.
create table budgets (
    tenant_id uuid not null,
    scope_id uuid not null,
    month integer not null,
    spent_micro_usd bigint not null,
    reserved_micro_usd bigint not null,
    constraint budgets_key primary key (tenant_id, scope_id)
);

comment on column budgets.scope_id is 'the agent, or the tenant itself for all of it';
comment on column budgets.month is 'the month that spent counts, as year * 12 + month from 0, UTC';
comment on column budgets.reserved_micro_usd is 'set aside for calls under way';

-- The text of answers that are coming in, for whoever watches. Not a record: the record is the step.
create unlogged table drafts (
    tenant_id uuid not null,
    task_id uuid not null,
    attempt_id uuid not null,
    step integer not null,
    text text not null,
    updated_at timestamptz not null default now(),
    constraint drafts_key primary key (tenant_id, task_id)
);

call isolate_tenants('contents');
call isolate_tenants('budgets');
call isolate_tenants('drafts');
grant select on contents, budgets, drafts to agentcores_reader;
grant select, insert on contents to agentcores_writer;
grant select, insert, update, delete on budgets, drafts to agentcores_writer;
