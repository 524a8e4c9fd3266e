import TaskAltOutlined from '@mui/icons-material/TaskAltOutlined';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { agentChoicesQuery } from '@/api/agents';
import { keysOf, oneOf } from '@/lib/oneOf';
import { asked, PAGE_SIZE } from '@/lib/paging';
import { useUrlFilters } from '@/lib/useUrlFilters';
import { Answered } from '@/ui/Answered';
import { ChoiceFilter, FilterBar, SearchFilter } from '@/ui/Filters';
import { Pager } from '@/ui/Pager';
import { Panel } from '@/ui/Panel';
import { StateNote } from '@/ui/States';
import { priorities } from './priority';
import { type TaskQuery, taskListQuery } from './queries';
import { taskStatus } from './status';
import { TaskTable } from './TaskTable';

const statuses = keysOf(taskStatus);

/** The tasks that match the filters in the address. `create` is offered where there are none. */
export function TaskList({ create }: { create: ReactNode }) {
  const filters = useUrlFilters(['q', 'status', 'agent_id', 'priority']);
  const { q, status, agent_id, priority } = filters.values;
  const agents = useQuery(agentChoicesQuery).data?.items ?? [];
  const query = useQuery(
    taskListQuery(
      asked<TaskQuery>({
        q,
        status: oneOf(statuses, status),
        agent_id,
        priority: priorities.map(([value]) => value).find((value) => String(value) === priority),
        cursor: filters.cursor,
        limit: PAGE_SIZE,
      }),
    ),
  );
  return (
    <Panel isFlush>
      <FilterBar isFiltered={filters.isFiltered} onClear={filters.clear}>
        <SearchFilter label="Search tasks" value={q} onChange={(text) => filters.set('q', text)} />
        <ChoiceFilter
          label="Status"
          value={status}
          choices={statuses.map((each) => [each, taskStatus[each].label] as const)}
          onChange={(value) => filters.set('status', value)}
        />
        <ChoiceFilter
          label="Agent"
          value={agents.some(({ id }) => id === agent_id) ? agent_id : ''}
          choices={agents.map(({ id, name }) => [id, name] as const)}
          onChange={(value) => filters.set('agent_id', value)}
        />
        <ChoiceFilter
          label="Priority"
          value={priority}
          choices={priorities.map(([value, name]) => [String(value), name] as const)}
          onChange={(value) => filters.set('priority', value)}
        />
      </FilterBar>
      <Answered query={query}>
        {(page) => (
          <>
            {page.items.length > 0 && <TaskTable tasks={page.items} agents={agents} />}
            {page.items.length === 0 && filters.isFiltered && (
              <StateNote title="No task matches">Change or clear the filters.</StateNote>
            )}
            {page.items.length === 0 && !filters.isFiltered && (
              <StateNote icon={<TaskAltOutlined />} title="Nothing to do yet" action={create}>
                A task is one piece of work for an agent. Its result appears here by itself.
              </StateNote>
            )}
            <Pager page={page} filters={filters} />
          </>
        )}
      </Answered>
    </Panel>
  );
}
