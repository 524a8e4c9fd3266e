import EventRepeatOutlined from '@mui/icons-material/EventRepeatOutlined';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { agentChoicesQuery } from '@/api/agents';
import { asked, PAGE_SIZE } from '@/lib/paging';
import { useUrlFilters } from '@/lib/useUrlFilters';
import { Answered } from '@/ui/Answered';
import { ChoiceFilter, FilterBar, SearchFilter } from '@/ui/Filters';
import { Pager } from '@/ui/Pager';
import { Panel } from '@/ui/Panel';
import { StateNote } from '@/ui/States';
import { ScheduleTable } from './ScheduleTable';
import { type ScheduleQuery, scheduleListQuery } from './scheduleQueries';

const states = [
  ['on', 'On'],
  ['paused', 'Paused'],
] as const;

/** The schedules that match the filters in the address. `create` is offered where there are none. */
export function ScheduleList({ create }: { create: ReactNode }) {
  const filters = useUrlFilters(['q', 'agent_id', 'state']);
  const { q, agent_id, state } = filters.values;
  const agents = useQuery(agentChoicesQuery).data?.items ?? [];
  const enabled = state === 'on' ? true : state === 'paused' ? false : undefined;
  const query = useQuery(
    scheduleListQuery(
      asked<ScheduleQuery>({
        q,
        agent_id,
        ...(enabled === undefined ? {} : { enabled }),
        cursor: filters.cursor,
        limit: PAGE_SIZE,
      }),
    ),
  );
  return (
    <Panel isFlush>
      <FilterBar isFiltered={filters.isFiltered} onClear={filters.clear}>
        <SearchFilter
          label="Search schedules"
          value={q}
          onChange={(text) => filters.set('q', text)}
        />
        <ChoiceFilter
          label="Agent"
          value={agents.some(({ id }) => id === agent_id) ? agent_id : ''}
          choices={agents.map(({ id, name }) => [id, name] as const)}
          onChange={(value) => filters.set('agent_id', value)}
        />
        <ChoiceFilter
          label="Status"
          value={state}
          choices={states}
          onChange={(value) => filters.set('state', value)}
        />
      </FilterBar>
      <Answered query={query}>
        {(page) => (
          <>
            {page.items.length > 0 && <ScheduleTable schedules={page.items} agents={agents} />}
            {page.items.length === 0 && filters.isFiltered && (
              <StateNote title="No schedule matches">Change or clear the filters.</StateNote>
            )}
            {page.items.length === 0 && !filters.isFiltered && (
              <StateNote
                icon={<EventRepeatOutlined />}
                title="Nothing is scheduled"
                action={create}
              >
                A schedule gives an agent the same task at set times.
              </StateNote>
            )}
            <Pager page={page} filters={filters} />
          </>
        )}
      </Answered>
    </Panel>
  );
}
