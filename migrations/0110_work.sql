-- What tasks have since agents work step by step.
alter table tasks
    add column queue_timeout_seconds integer,
    add column conversation_id uuid,
    add column forked_from uuid,
    add column fork_at_step integer,
    add column configuration text,
    add column approval text,
    add column attempt_steps integer not null default 0;

-- The turns of a conversation, in order.
create index tasks_of_conversation on tasks (tenant_id, conversation_id, created_at, id) where conversation_id is not null;

comment on column tasks.approval is 'a JSON object: what a person is asked to approve while the stage is waiting_approval';
comment on column tasks.attempt_steps is 'steps that ended in the last attempt';

alter table tenants add column work_stopped_at timestamptz;
comment on column tenants.work_stopped_at is 'since when all work is stopped; null while agents may work';
