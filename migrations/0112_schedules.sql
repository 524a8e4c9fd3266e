-- Schedules as shown; removed ones are gone.
create table schedules (
    tenant_id uuid not null,
    id uuid not null,
    agent_id uuid not null,
    name text not null,
    cron text not null,
    time_zone text not null,
    task_type text not null,
    input_data text not null,
    priority integer not null,
    timeout_seconds integer not null,
    max_attempts integer not null,
    queue_timeout_seconds integer,
    overlap text not null,
    catch_up text not null,
    enabled boolean not null,
    created_by uuid,
    sequence bigint not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint schedules_key primary key (tenant_id, id)
);

create index schedules_created on schedules (tenant_id, created_at, id);

comment on column schedules.sequence is 'the sequence of the last event in the row, in its agent''s stream';
comment on column schedules.version is 'counts the changes of the schedule, from 1';

call isolate_tenants('schedules');
grant select on schedules to agentcores_reader;
grant select, insert, update, delete on schedules to agentcores_writer;

-- Which schedule a task follows from.
alter table tasks add column schedule_id uuid;
create index tasks_of_schedule on tasks (tenant_id, schedule_id, created_at, id) where schedule_id is not null;
