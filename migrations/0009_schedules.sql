-- How many schedules the tenant's agents have; checked under the lock that orders the log.
alter table tenant_heads add column schedules integer not null default 0;

-- When schedules are next due, and what became of their times. Not a record: the record is the schedule in its agent's
-- stream and the tasks that name it. A row that is lost is made anew from the schedule.
create table schedule_clock (
    tenant_id uuid not null,
    schedule_id uuid not null,
    version bigint not null,
    next_at timestamptz,
    claimed_until timestamptz,
    settled_at timestamptz not null,
    runs bigint not null default 0,
    last_run_at timestamptz,
    last_task_id uuid,
    skipped bigint not null default 0,
    last_skipped_at timestamptz,
    last_skip_reason text,
    constraint schedule_clock_key primary key (tenant_id, schedule_id)
);

create index schedule_clock_due on schedule_clock (next_at) where next_at is not null;

comment on column schedule_clock.version is 'the version of the schedule that next_at follows from';
comment on column schedule_clock.next_at is 'null while the schedule is paused';
comment on column schedule_clock.claimed_until is 'until when whoever took the due time may be at it';
comment on column schedule_clock.settled_at is 'when next_at was set, by the clock of the database';
comment on column schedule_clock.last_run_at is 'the due time of the last task, not when it was made';

call isolate_tenants('schedule_clock');
grant select on schedule_clock to agentcores_reader;
grant select, insert, update, delete on schedule_clock to agentcores_writer;
