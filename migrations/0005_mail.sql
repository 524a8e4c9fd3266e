-- Parts of the service that follow every tenant's log in the background, each on one node at a time: whoever holds the
-- lease works, and every write of a follower checks it.
create table followers (
    name text constraint followers_key primary key,
    holder uuid,
    leased_until timestamptz
);

create table follower_checkpoints (
    name text not null,
    tenant_id uuid not null,
    position bigint not null,
    constraint follower_checkpoints_key primary key (tenant_id, name)
) with (fillfactor = 50);

comment on column follower_checkpoints.position is 'the last position of the tenant that the follower has seen; absent: none';

-- The outbox: mails to be sent, and what became of them. Whom a mail goes to and what it says is looked up when it is
-- sent; no address is copied here.
create table mails (
    mail_id uuid constraint mails_key primary key,
    tenant_id uuid not null,
    kind text not null,
    occasion text not null,
    recipient_id uuid not null,
    sequence bigint,
    state text not null default 'waiting',
    attempts integer not null default 0,
    due_at timestamptz not null default now(),
    claim uuid,
    claimed_until timestamptz,
    last_error text,
    created_at timestamptz not null default now(),
    ended_at timestamptz,
    constraint mails_once unique (tenant_id, kind, occasion, recipient_id),
    constraint mails_state check (
        state in ('waiting', 'sending', 'sent', 'logged', 'dropped', 'failed', 'unknown')
    )
);
create index mails_due on mails (due_at) where state in ('waiting', 'sending');

comment on column mails.kind is 'the event it tells of, or limit_reached';
comment on column mails.occasion is 'the position of the event, or the resource, limit and month that were reached';
comment on column mails.sequence is 'the place of the event in the recipient''s stream';
comment on column mails.state is
    'sending: handed over, answer awaited; unknown: the answer was lost, so it is not sent again; dropped: no longer true';

alter table followers enable row level security;
alter table followers force row level security;
create policy writer on followers to agentcores_writer using (true) with check (true);
call isolate_tenants('follower_checkpoints');
call isolate_tenants('mails');
grant select, insert, update on followers, follower_checkpoints, mails to agentcores_writer;
