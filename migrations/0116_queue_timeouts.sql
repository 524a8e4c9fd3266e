-- Until when a task may wait for a worker.
alter table run_queue add column expires_at timestamptz;
create index run_queue_expiry on run_queue (expires_at) where expires_at is not null;

comment on column run_queue.expires_at is 'when it has waited too long; null while it runs, or where it may wait for ever';
