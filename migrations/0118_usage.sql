-- What may be spent on model calls in a calendar month, UTC; null is as much as it takes.
alter table tenants add column budget_micro_usd bigint;
alter table agents add column budget_micro_usd bigint;

-- What model calls consumed, one row each: what a task consumed stays when the task is gone.
create table model_calls (
    tenant_id uuid not null,
    id uuid not null,
    task_id uuid not null,
    agent_id uuid not null,
    provider text not null,
    model text not null,
    ended_at timestamptz not null,
    input_tokens bigint not null,
    output_tokens bigint not null,
    cost_micro_usd bigint not null,
    constraint model_calls_key primary key (tenant_id, id)
);

create index model_calls_ended on model_calls (tenant_id, ended_at);

comment on column model_calls.id is 'the call; the attempt where it took no steps';
comment on column model_calls.model is 'empty where the log does not name it';

call isolate_tenants('model_calls');
grant select on model_calls to agentcores_reader;
grant select, insert, update, delete on model_calls to agentcores_writer;
