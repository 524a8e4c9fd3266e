-- Claims that cost what they take. A tenant without a rival was served task by task (greatest() of null and 0 is 0), and
-- where the planner believed task_leases to be large, it read it whole for each task of a line: the table fills and empties
-- all the time, so what is known of its size is always old. A lease is looked up by its key now, and counted only for
-- agents that have a limit.

-- What a tenant is to have begun next, at most so many. The head of each line is the oldest in it, and so the most
-- urgent: a wait of 60 seconds counts as one priority, up to the highest.
create or replace function next_tasks(tenant uuid, most integer, moment timestamptz)
    returns table (task_id uuid, agent_id uuid)
    language plpgsql stable rows 10 set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
    return query
    with ready as materialized (
        select a.id, case when a.max_concurrency is null then most else least(most, a.max_concurrency - (
            select count(*) from task_leases l where l.tenant_id = tenant and l.agent_id = a.id
        )) end as room
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
              and (
                  select l.lease from task_leases l where l.tenant_id = tenant and l.task_id = q.task_id
              ) is null
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

-- Leases at most `most` due tasks to a worker. The order is a stride over tenants: the least pass is next, and a task
-- costs a tenant the stride of its plan; a turn goes on for up to an eighth of a claim. Within a tenant the most urgent task
-- of a running agent with room is next, a wait of 60 seconds counts as one priority, and of equals the one due first is
-- taken.
--
-- Locks turns while it waits for nothing, except for one turn where others hold them all. A tenant that has nothing to
-- take is put to sleep, which needs the lock of its log: only then is it certain that nothing is being committed.
create or replace function claim_tasks(
    worker text, lease interval, most integer, tiers text[], strides bigint[], widths integer[]
) returns table (tenant_id uuid, task_id uuid, agent_id uuid, lease_token uuid)
    language plpgsql set search_path = public, pg_temp as $$
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
                -- Until the next tenant is behind, by no more than a part of this claim: turn by turn for single tasks,
                -- the turns would cost more than the tasks.
                wanted := case
                    when rival is null then most
                    else least(most, greatest(rival - turn.pass, 0) / stride + greatest(most / 8, 1))
                end;
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
