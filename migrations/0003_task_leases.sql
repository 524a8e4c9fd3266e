-- Who works at which task. A lease that ran out is free; the run queue itself follows from the log.
create table task_leases (
    tenant_id uuid not null,
    task_id uuid not null,
    lease uuid not null,
    worker text not null,
    expires_at timestamptz not null,
    constraint task_leases_key primary key (tenant_id, task_id)
);

call isolate_tenants('task_leases');
grant select, insert, update, delete on task_leases to agentcores_writer;
