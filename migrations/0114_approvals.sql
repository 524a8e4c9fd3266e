-- The tasks that wait for a person, in the order in which they asked: few among many.
create index tasks_waiting_approval on tasks (tenant_id, updated_at, id) where stage = 'waiting_approval';
