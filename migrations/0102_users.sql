-- People in organisations as shown. That an address is taken once is seen to by unique_keys.
create table users (
    tenant_id uuid not null,
    id uuid not null,
    email text,
    full_name text,
    role text not null,
    status text not null,
    preferences text not null,
    last_login timestamptz,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint users_key primary key (tenant_id, id)
) with (fillfactor = 80);

comment on column users.version is 'the sequence of the last event in the row';

call isolate_tenants('users');
grant select on users to agentcores_reader;
grant select, insert, update, delete on users to agentcores_writer;
