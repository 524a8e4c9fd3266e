-- How much of each limit is used, shared by all nodes and kept over restarts. What is limited is named by a keyed hash:
-- the addresses of people, and of those who are none, do not stand here.
create table rate_limits (
    name text not null,
    subject bytea not null,
    -- When nothing of it is used any more; then the row says nothing and is swept.
    full_at timestamptz not null,
    constraint rate_limits_key primary key (name, subject)
);
create index rate_limits_full on rate_limits (full_at);

grant select, insert, update, delete on rate_limits to agentcores_writer;
