-- Tasks as shown; withdrawn ones are gone.
create table tasks (
    tenant_id uuid not null,
    id uuid not null,
    agent_id uuid not null,
    name text not null,
    task_type text not null,
    input_data text not null,
    priority integer not null,
    stage text not null,
    timeout_seconds integer not null,
    max_attempts integer not null,
    scheduled_at timestamptz,
    queued_at timestamptz,
    not_before timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    output_data text,
    error_code text,
    error_message text,
    input_tokens bigint not null,
    output_tokens bigint not null,
    cost_micro_usd bigint not null,
    attempts integer not null,
    created_by uuid,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint tasks_key primary key (tenant_id, id)
) with (fillfactor = 70);

-- Lists, newest first, of all tasks and of an agent's. Only columns that never change are indexed, so a change of the
-- row touches no index.
create index tasks_created on tasks (tenant_id, created_at, id);
create index tasks_of_agent on tasks (tenant_id, agent_id, created_at, id);

comment on column tasks.stage is 'pending, queued, running, completed, failed or cancelled; shown as status, where queued is pending';
comment on column tasks.not_before is 'when a queued task is due, if not at once: its schedule, or the next attempt';
comment on column tasks.version is 'the sequence of the last event in the row';

call isolate_tenants('tasks');
grant select on tasks to agentcores_reader;
grant select, insert, update, delete on tasks to agentcores_writer;
