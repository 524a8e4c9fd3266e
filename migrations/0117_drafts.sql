-- Answers that are coming in, piece by piece, while somebody watches. Not a record: the record is the step. A piece is
-- written once; what a call has brought so far is its pieces in their order.
drop table drafts;

create unlogged table drafts (
    tenant_id uuid not null,
    task_id uuid not null,
    call_id uuid not null,
    begins integer not null,
    text text not null,
    written_at timestamptz not null default now(),
    constraint drafts_key primary key (tenant_id, task_id, call_id, begins)
);

create index drafts_written on drafts (written_at);

comment on column drafts.begins is 'how many bytes of the answer come before';

call isolate_tenants('drafts');
grant select on drafts to agentcores_reader;
grant select, insert, update, delete on drafts to agentcores_writer;
