-- Read models that are being rebuilt into <name>_rebuild, and how far.
create table rebuilds (
    name text constraint rebuilds_key primary key,
    fingerprint text not null,
    started_at timestamptz not null default now()
);

comment on column rebuilds.fingerprint is 'of the table and the release; a rebuild begun with another is started over';

create table rebuild_checkpoints (
    tenant_id uuid not null,
    name text not null,
    position bigint not null,
    constraint rebuild_checkpoints_key primary key (tenant_id, name)
);

comment on column rebuild_checkpoints.position is 'the last position of the tenant that the shadow table contains';

alter table rebuilds enable row level security;
alter table rebuilds force row level security;
create policy writer on rebuilds to agentcores_writer using (true) with check (true);
call isolate_tenants('rebuild_checkpoints');
grant select, insert, update, delete on rebuilds, rebuild_checkpoints to agentcores_writer;
