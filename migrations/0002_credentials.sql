-- What people sign in with. No credential ever enters an event: an append-only log could not forget it.
create table passwords (
    tenant_id uuid not null,
    user_id uuid not null,
    email text not null,
    hash text not null,
    changed_at timestamptz not null default now(),
    constraint passwords_key primary key (tenant_id, user_id)
);
create index passwords_email on passwords (email, tenant_id);

create table sessions (
    tenant_id uuid not null,
    session_id uuid not null,
    user_id uuid not null,
    opened_at timestamptz not null default now(),
    ended_at timestamptz,
    constraint sessions_key primary key (tenant_id, session_id)
);
create index sessions_open on sessions (tenant_id, user_id) where ended_at is null;

-- Every refresh token of a session, by digest; the newest one is not used yet.
create table refresh_tokens (
    digest bytea constraint refresh_tokens_key primary key,
    tenant_id uuid not null,
    session_id uuid not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    constraint refresh_tokens_session foreign key (tenant_id, session_id) references sessions
);
create index refresh_tokens_of_session on refresh_tokens (tenant_id, session_id);

call isolate_tenants('passwords');
call isolate_tenants('sessions');
call isolate_tenants('refresh_tokens');

grant select on sessions to agentcores_reader;
grant select, insert, update on passwords, sessions, refresh_tokens to agentcores_writer;
grant delete on passwords, refresh_tokens to agentcores_writer;
