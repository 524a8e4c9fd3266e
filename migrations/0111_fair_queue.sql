-- Order and limits of the run queue: fair over tenants, by urgency and age within one, no more at once than a plan and
-- an agent allow.

-- How many tasks of an agent run at once; what its configuration says. Null is no limit but the tenant's.
alter table agents add column max_concurrency integer;

-- A lease counts for its agent. Those taken before do not name it; their tasks are taken up like those of lost workers.
truncate task_leases;
alter table task_leases
    add column agent_id uuid not null,
    set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500);

-- Each of an agent's five lines in order, so that a claim looks at their heads only, however long they are: a task that
-- is not due yet stands behind those that are.
drop index run_queue_urgency;
create index run_queue_line on run_queue (tenant_id, agent_id, priority, greatest(queued_at, not_before), task_id)
    where state = 'queued';
create index run_queue_running on run_queue (tenant_id, task_id) where state = 'running';

-- Whose turn it is. Not a read model: it is moved by claims.
create table queue_turns (
    tenant_id uuid not null,
    pass bigint not null,
    wakes_at timestamptz,
    constraint queue_turns_key primary key (tenant_id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500);
create index queue_turns_awake on queue_turns (pass) where wakes_at is null;
create index queue_turns_asleep on queue_turns (wakes_at) where wakes_at is not null;
create index queue_turns_pass on queue_turns (pass);

comment on column queue_turns.pass is
    'how much of the workers the tenant has had for its weight; the least is next. In eighths of a task at weight 1';
comment on column queue_turns.wakes_at is
    'when something of it comes due, where nothing can be taken now; null while something may be';

call isolate_tenants('queue_turns');
grant select, insert, update, delete on queue_turns to agentcores_writer;

-- Where a tenant joins in that had nothing to do: it has no claim on what it left to others, and owes nothing.
create function queue_time() returns bigint
    language plpgsql stable as $$
begin
    return coalesce(
        (select min(q.pass) from queue_turns q where q.wakes_at is null),
        (select max(q.pass) from queue_turns q),
        0);
end $$;

-- Something of these tenants may be taken from now on. Called by the commit that makes it so, while it holds the
-- locks of their logs: under the same lock a claim lets a tenant sleep, so that neither misses the other.
create function wake_turns(tenants uuid[]) returns void
    language plpgsql as $$
begin
    insert into queue_turns (tenant_id, pass)
    select t.tenant_id, queue_time()
    from unnest(tenants) as t (tenant_id)
    where not exists (select from queue_turns q where q.tenant_id = t.tenant_id)
    order by t.tenant_id
    on conflict on constraint queue_turns_key do nothing;
    update queue_turns q
    set wakes_at = null, pass = greatest(q.pass, queue_time())
    from (
        select a.tenant_id
        from queue_turns a
        where a.tenant_id = any (tenants) and a.wakes_at is not null
        order by a.tenant_id
        for update
    ) asleep
    where q.tenant_id = asleep.tenant_id;
end $$;

-- The agents with tasks in a line, one look at the index for each.
create function waiting_agents(tenant uuid) returns setof uuid
    language plpgsql stable rows 10 as $$
begin
    return query
    with recursive waiting (agent_id) as (
        (select q.agent_id
         from run_queue q
         where q.tenant_id = tenant and q.state = 'queued'
         order by q.agent_id
         limit 1)
        union all
        select (
            select q.agent_id
            from run_queue q
            where q.tenant_id = tenant and q.state = 'queued' and q.agent_id > w.agent_id
            order by q.agent_id
            limit 1)
        from waiting w
        where w.agent_id is not null
    )
    select w.agent_id from waiting w where w.agent_id is not null;
end $$;

-- What a tenant is to have begun next, at most so many. The head of each line is the oldest in it, and so the most
-- urgent: a wait of 60 seconds counts as one priority, up to the highest.
create function next_tasks(tenant uuid, most integer, moment timestamptz)
    returns table (task_id uuid, agent_id uuid)
    language plpgsql stable rows 10 as $$
#variable_conflict use_column
begin
    return query
    with ready as (
        select a.id, least(most, coalesce(a.max_concurrency - (
            select count(*) from task_leases l where l.tenant_id = tenant and l.agent_id = a.id
        ), most)) as room
        from waiting_agents(tenant) w
        join agents a on a.tenant_id = tenant and a.id = w
        where a.status = 'running'
    ), heads as (
        select h.task_id, h.due_at, h.urgency, r.id as agent_id, r.room,
               row_number() over (partition by r.id order by h.urgency desc, h.due_at, h.task_id) as nth
        from ready r
        cross join generate_series(1, 5) as p (priority)
        cross join lateral (
            select q.task_id, greatest(q.queued_at, q.not_before) as due_at,
                   least(5, p.priority + floor(extract(epoch from moment - greatest(q.queued_at, q.not_before)) / 60))
                       as urgency
            from run_queue q
            where q.tenant_id = tenant and q.agent_id = r.id and q.priority = p.priority and q.state = 'queued'
              and greatest(q.queued_at, q.not_before) <= moment
              and not exists (select from task_leases l where l.tenant_id = tenant and l.task_id = q.task_id)
            order by greatest(q.queued_at, q.not_before), q.task_id
            limit r.room
        ) h
        where r.room > 0
    )
    select h.task_id, h.agent_id
    from heads h
    where h.nth <= h.room
    order by h.urgency desc, h.due_at, h.task_id
    limit most;
end $$;

-- When the first task of a tenant comes due by itself that a running agent could take.
create function next_moment(tenant uuid, moment timestamptz) returns timestamptz
    language plpgsql stable as $$
begin
    return coalesce((
        select min(h.due_at)
        from waiting_agents(tenant) w
        join agents a on a.tenant_id = tenant and a.id = w and a.status = 'running'
        cross join generate_series(1, 5) as p (priority)
        cross join lateral (
            select greatest(q.queued_at, q.not_before) as due_at
            from run_queue q
            where q.tenant_id = tenant and q.agent_id = a.id and q.priority = p.priority and q.state = 'queued'
              and greatest(q.queued_at, q.not_before) > moment
            order by greatest(q.queued_at, q.not_before), q.task_id
            limit 1
        ) h
    ), 'infinity');
end $$;

-- Leases at most `most` due tasks to a worker. The order is a stride over tenants: the least pass is next, and a task
-- costs a tenant the stride of its plan. Within a tenant the most urgent task of a running agent with room is next, a
-- wait of 60 seconds counts as one priority, and of equals the one due first is taken.
--
-- Locks turns while it waits for nothing, except for one turn where others hold them all. A tenant that has nothing to
-- take is put to sleep, which needs the lock of its log: only then is it certain that nothing is being committed.
create function claim_tasks(
    worker text, lease interval, most integer, tiers text[], strides bigint[], widths integer[]
) returns table (tenant_id uuid, task_id uuid, agent_id uuid, lease_token uuid)
    language plpgsql as $$
#variable_conflict use_column
declare
    moment constant timestamptz := clock_timestamp();
    passed_over uuid[] := '{}';
    has_turn boolean := false;
    turn record;
    rival bigint;
    stride bigint;
    width integer;
    wanted integer;
    room integer;
    taken integer;
    added integer;
    is_quiet boolean;
begin
    update queue_turns q
    set wakes_at = null, pass = greatest(q.pass, queue_time())
    from (
        select a.tenant_id
        from queue_turns a
        where a.wakes_at <= moment
        order by a.wakes_at
        limit 100
        for update skip locked
    ) due
    where q.tenant_id = due.tenant_id;

    while most > 0 loop
        select q.tenant_id, q.pass into turn
        from queue_turns q
        where q.wakes_at is null and q.tenant_id <> all (passed_over)
        order by q.pass
        limit 1
        for update skip locked;
        if not found then
            exit when has_turn;
            select q.tenant_id, q.pass into turn
            from queue_turns q
            where q.wakes_at is null
            order by q.pass
            limit 1
            for update;
            exit when not found;
        end if;
        has_turn := true;

        taken := 0;
        is_quiet := false;
        loop
            stride := null;
            select strides[p.nth], widths[p.nth] into stride, width
            from tenants t
            cross join lateral (select array_position(tiers, t.subscription_tier) as nth) p
            where t.tenant_id = turn.tenant_id and t.status = 'active' and t.work_stopped_at is null;
            if stride is null then
                wanted := 1;
                room := 0;
            elsif taken = 0 then
                select q.pass into rival
                from queue_turns q
                where q.wakes_at is null and q.tenant_id <> turn.tenant_id and q.tenant_id <> all (passed_over)
                order by q.pass
                limit 1;
                -- Until the next tenant is behind.
                wanted := least(most, coalesce(greatest(rival - turn.pass, 0) / stride + 1, most));
                select least(wanted, width - count(*)) into room
                from task_leases l
                where l.tenant_id = turn.tenant_id;
            else
                room := least(wanted - taken, room - added);
            end if;
            added := 0;
            if room > 0 then
                return query
                insert into task_leases as l (tenant_id, task_id, agent_id, lease, worker, expires_at)
                select turn.tenant_id, n.task_id, n.agent_id, gen_random_uuid(), worker, moment + lease
                from next_tasks(turn.tenant_id, room, moment) n
                returning l.tenant_id, l.task_id, l.agent_id, l.lease;
                get diagnostics added = row_count;
                taken := taken + added;
            end if;
            exit when taken = wanted or is_quiet;
            perform from tenant_heads h where h.tenant_id = turn.tenant_id for update skip locked;
            exit when not found;
            is_quiet := true;
        end loop;

        update queue_turns q
        set pass = q.pass + taken * coalesce(stride, 0),
            wakes_at = case when taken < wanted and is_quiet then next_moment(turn.tenant_id, moment) end
        where q.tenant_id = turn.tenant_id;
        if taken < wanted and not is_quiet then
            passed_over := passed_over || turn.tenant_id;
        end if;
        most := most - taken;
    end loop;
end $$;

-- Gives leases back; of those only that are still held.
create function release_leases(tenants uuid[], tasks uuid[], leases uuid[]) returns void
    language plpgsql as $$
begin
    -- The turns first, as a claim under way may have seen the leases: it is waited for, and what it puts to sleep
    -- is woken.
    perform from queue_turns q where q.tenant_id = any (tenants) order by q.tenant_id for update;
    delete from task_leases l
    using (
        select h.tenant_id, h.task_id
        from unnest(tenants, tasks, leases) as a (tenant_id, task_id, lease)
        join task_leases h on h.tenant_id = a.tenant_id and h.task_id = a.task_id and h.lease = a.lease
        order by h.tenant_id, h.task_id
        for update of h
    ) held
    where l.tenant_id = held.tenant_id and l.task_id = held.task_id;
    perform wake_turns(tenants);
end $$;

-- Looks after tasks whose worker is gone: those that it had begun are leased to this worker, which is to say so in the
-- log; those that it had not are free again. At most so many.
create function rescue_tasks(worker text, lease interval, most integer)
    returns table (tenant_id uuid, task_id uuid, agent_id uuid, lease_token uuid)
    language plpgsql as $$
#variable_conflict use_column
declare
    dead record;
begin
    select array_agg(d.tenant_id) as tenants, array_agg(d.task_id) as tasks, array_agg(d.lease) as leases into dead
    from (
        select l.tenant_id, l.task_id, l.lease
        from task_leases l
        where l.expires_at <= clock_timestamp()
          and not exists (
              select from run_queue q
              where q.tenant_id = l.tenant_id and q.task_id = l.task_id and q.state = 'running'
          )
        limit most
    ) d;
    if dead.leases is not null then
        perform release_leases(dead.tenants, dead.tasks, dead.leases);
    end if;

    return query
    update task_leases l
    set lease = gen_random_uuid(), worker = rescue_tasks.worker, expires_at = clock_timestamp() + rescue_tasks.lease
    from (
        select h.tenant_id, h.task_id
        from task_leases h
        join run_queue q on q.tenant_id = h.tenant_id and q.task_id = h.task_id and q.state = 'running'
        join tenants t on t.tenant_id = h.tenant_id and t.work_stopped_at is null
        where h.expires_at <= clock_timestamp()
        limit most
        for update of h skip locked
    ) lost
    where l.tenant_id = lost.tenant_id and l.task_id = lost.task_id
    returning l.tenant_id, l.task_id, l.agent_id, l.lease;

    return query
    insert into task_leases as l (tenant_id, task_id, agent_id, lease, worker, expires_at)
    select q.tenant_id, q.task_id, q.agent_id, gen_random_uuid(), rescue_tasks.worker,
           clock_timestamp() + rescue_tasks.lease
    from run_queue q
    join tenants t on t.tenant_id = q.tenant_id and t.work_stopped_at is null
    where q.state = 'running'
      and not exists (select from task_leases h where h.tenant_id = q.tenant_id and h.task_id = q.task_id)
    order by q.tenant_id, q.task_id
    limit most
    on conflict on constraint task_leases_key do nothing
    returning l.tenant_id, l.task_id, l.agent_id, l.lease;
end $$;

-- Wakes every tenant with tasks in a line: what a rebuild of the queue brought back, nobody was told of.
create function wake_all_turns() returns void
    language plpgsql as $$
begin
    perform wake_turns(array(
        with recursive waiting (tenant_id) as (
            (select q.tenant_id from run_queue q where q.state = 'queued' order by q.tenant_id limit 1)
            union all
            select (
                select q.tenant_id
                from run_queue q
                where q.state = 'queued' and q.tenant_id > w.tenant_id
                order by q.tenant_id
                limit 1)
            from waiting w
            where w.tenant_id is not null
        )
        select w.tenant_id from waiting w where w.tenant_id is not null
    ));
end $$;

do $$
declare
    one text;
begin
    foreach one in array array[
        'queue_time()', 'wake_turns(uuid[])', 'waiting_agents(uuid)', 'next_tasks(uuid, integer, timestamptz)',
        'next_moment(uuid, timestamptz)', 'claim_tasks(text, interval, integer, text[], bigint[], integer[])',
        'release_leases(uuid[], uuid[], uuid[])', 'rescue_tasks(text, interval, integer)', 'wake_all_turns()'
    ] loop
        execute format('revoke execute on function %s from public', one);
        execute format('grant execute on function %s to agentcores_writer', one);
    end loop;
end $$;
