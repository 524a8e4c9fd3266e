-- What is shown of an invitation, in the row of the user who has not joined yet.
alter table users
    add column invited_by uuid,
    add column invitation_expires_at timestamptz;

comment on column users.invited_by is 'who vouches for an invitation that was not accepted yet';

-- Invitations of before end seven days after they were recorded. The owner sees the rows of every tenant only while
-- row-level security is not forced on it.
alter table users no force row level security;
alter table events no force row level security;
update users u
set invitation_expires_at = e.recorded_at + interval '7 days',
    invited_by = case when e.metadata ->> 'actor_type' = 'user' then (e.metadata ->> 'actor_id')::uuid end
from events e
where u.status = 'invited' and e.tenant_id = u.tenant_id and e.aggregate_type = 'user' and e.aggregate_id = u.id
    and e.sequence = 1;
alter table users force row level security;
alter table events force row level security;
