-- The tasks that wait for a worker or have one: a narrow cut of tasks. Rows come and go all the time, so it is vacuumed
-- early: dead entries at the head of the queue are what a claim would have to wade through.
create table run_queue (
    tenant_id uuid not null,
    task_id uuid not null,
    agent_id uuid not null,
    priority integer not null,
    queued_at timestamptz not null,
    not_before timestamptz,
    state text not null,
    constraint run_queue_key primary key (tenant_id, task_id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- The one index that does not start with the tenant: a worker takes the most urgent task of all of them.
create index run_queue_urgency on run_queue (priority desc, queued_at);

comment on column run_queue.state is 'queued or running';

call isolate_tenants('run_queue');
grant select on run_queue to agentcores_reader;
grant select, insert, update, delete on run_queue to agentcores_writer;
