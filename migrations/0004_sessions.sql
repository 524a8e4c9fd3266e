-- Sessions know where they come from, when they end, and which pair of tokens is in force.
--
-- Every pair of an access and a refresh token is a generation of its session, numbered from 1; parent is the generation
-- whose refresh token was exchanged for it. A generation was given up (its answer was lost, and the exchange repeated) if
-- the one after it has the same parent. Rows of refresh_tokens never change: all that changes stands in the one row of the
-- session, so that one update decides, and nothing waits for two locks.

-- Tokens have another form from here on: everybody signs in once more.
delete from refresh_tokens;
delete from sessions;

alter table sessions
    add column last_used_at timestamptz not null default now(),
    add column refresh_until timestamptz not null,
    add column expires_at timestamptz not null,
    add column authenticated_at timestamptz not null default now(),
    add column ip text,
    add column user_agent text,
    add column device bytea not null,
    add column generation integer not null default 1,
    add column parent integer not null default 0,
    add column generation_at timestamptz not null default now(),
    add column generation_used boolean not null default false;

comment on column sessions.last_used_at is 'when the present pair of tokens was made or first used';
comment on column sessions.refresh_until is 'the end if the newest refresh token is not used before; never after expires_at';
comment on column sessions.authenticated_at is 'when the password was last given';
comment on column sessions.device is 'a keyed hash of program and network, to know a device again';
comment on column sessions.generation_used is 'whether an access token of the present pair was used';

create index sessions_of_device on sessions (tenant_id, user_id, device);

alter table refresh_tokens
    drop constraint refresh_tokens_session,
    drop column expires_at,
    drop column used_at,
    add column generation integer not null,
    add column parent integer not null,
    add constraint refresh_tokens_session foreign key (tenant_id, session_id) references sessions on delete cascade,
    add constraint refresh_tokens_generation unique (tenant_id, session_id, generation);
drop index refresh_tokens_of_session;

-- Readers learn which generations there were, never their digests.
grant select (tenant_id, session_id, generation, parent) on refresh_tokens to agentcores_reader;
grant delete on sessions to agentcores_writer;
