import SmartToyOutlined from '@mui/icons-material/SmartToyOutlined';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { keysOf, oneOf } from '@/lib/oneOf';
import { asked, PAGE_SIZE } from '@/lib/paging';
import { useUrlFilters } from '@/lib/useUrlFilters';
import { Answered } from '@/ui/Answered';
import { ChoiceFilter, FilterBar, SearchFilter } from '@/ui/Filters';
import { Pager } from '@/ui/Pager';
import { Panel } from '@/ui/Panel';
import { StateNote } from '@/ui/States';
import { AgentTable } from './AgentTable';
import { agentTypes } from './agentForm';
import { type AgentQuery, agentListQuery } from './queries';
import { agentStatus } from './status';

const statuses = keysOf(agentStatus).filter((status) => status !== 'terminated');
const sorts = [
  ['-created_at', 'Newest first'],
  ['created_at', 'Oldest first'],
  ['name', 'Name'],
  ['-updated_at', 'Last changed'],
] as const;

/** The agents that match the filters in the address. `create` is offered where there are none. */
export function AgentList({ create }: { create: ReactNode }) {
  const filters = useUrlFilters(['q', 'status', 'agent_type', 'sort']);
  const { q, status, agent_type, sort } = filters.values;
  const query = useQuery(
    agentListQuery(
      asked<AgentQuery>({
        q,
        status: oneOf(statuses, status),
        agent_type,
        sort,
        cursor: filters.cursor,
        limit: PAGE_SIZE,
      }),
    ),
  );
  return (
    <Panel isFlush>
      <FilterBar isFiltered={filters.isFiltered} onClear={filters.clear}>
        <SearchFilter label="Search agents" value={q} onChange={(text) => filters.set('q', text)} />
        <ChoiceFilter
          label="Status"
          value={status}
          choices={statuses.map((each) => [each, agentStatus[each].label] as const)}
          onChange={(value) => filters.set('status', value)}
        />
        <ChoiceFilter
          label="Type"
          value={agent_type}
          choices={[...new Set([...agentTypes, agent_type])]
            .filter((type) => type !== '')
            .map((type) => [type, type] as const)}
          onChange={(value) => filters.set('agent_type', value)}
        />
        <ChoiceFilter
          label="Order"
          value={sort === '' ? '-created_at' : sort}
          choices={sorts}
          isOrder
          onChange={(value) => filters.set('sort', value === '-created_at' ? '' : value)}
        />
      </FilterBar>
      <Answered query={query}>
        {(page) => (
          <>
            {page.items.length > 0 && <AgentTable agents={page.items} />}
            {page.items.length === 0 && filters.isFiltered && (
              <StateNote title="No agent matches">Change or clear the filters.</StateNote>
            )}
            {page.items.length === 0 && !filters.isFiltered && (
              <StateNote
                icon={<SmartToyOutlined />}
                title="Your first agent starts here"
                action={create}
              >
                An agent is a model with its configuration. Create one, start it, and give it tasks.
              </StateNote>
            )}
            <Pager page={page} filters={filters} />
          </>
        )}
      </Answered>
    </Panel>
  );
}
