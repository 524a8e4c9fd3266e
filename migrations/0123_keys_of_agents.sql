-- Keys of programs may be bound to some of the organisation's agents. What is not theirs is then not there for them.
alter table api_keys add column agent_ids uuid[];
grant select (agent_ids) on api_keys to agentcores_reader;

comment on column api_keys.agent_ids is 'the agents that it is bound to, if it is';

-- The agents that the present transaction reads of; null for all.
create function current_agents() returns uuid[]
    language sql stable parallel safe
    return nullif(current_setting('app.agents', true), '')::uuid[];

-- Gives a table with rows of agents a wall within its tenant's: a reader that is narrowed to some agents sees theirs only.
-- It is written so that the planner takes it for an even chance and not for a rare match, as it nearly always holds.
create procedure isolate_agents(target regclass, agent name)
    language plpgsql set search_path = public, pg_temp as $$
begin
    execute format('create policy agents on %s as restrictive for select to agentcores_reader using (coalesce(%I = any ((select current_agents())::uuid[]), true))', target, agent);
end $$;

call isolate_agents('agents', 'id');
call isolate_agents('tasks', 'agent_id');
call isolate_agents('run_queue', 'agent_id');
call isolate_agents('task_leases', 'agent_id');
call isolate_agents('schedules', 'agent_id');
call isolate_agents('conversations', 'agent_id');
call isolate_agents('model_calls', 'agent_id');
