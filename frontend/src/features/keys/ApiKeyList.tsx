import VpnKeyOutlined from '@mui/icons-material/VpnKeyOutlined';
import { useQuery } from '@tanstack/react-query';
import { keysOf, oneOf } from '@/lib/oneOf';
import { asked, PAGE_SIZE } from '@/lib/paging';
import { useUrlFilters } from '@/lib/useUrlFilters';
import { Answered } from '@/ui/Answered';
import { ChoiceFilter, FilterBar, SearchFilter } from '@/ui/Filters';
import { Pager } from '@/ui/Pager';
import { Panel } from '@/ui/Panel';
import { StateNote } from '@/ui/States';
import { ApiKeyTable } from './ApiKeyTable';
import { type ApiKeyQuery, apiKeyListQuery } from './queries';
import { apiKeyStatus } from './status';

const statuses = keysOf(apiKeyStatus);

/** The keys of the organisation's programs that match the filters in the address. */
export function ApiKeyList() {
  const filters = useUrlFilters(['q', 'status']);
  const { q, status } = filters.values;
  const query = useQuery(
    apiKeyListQuery(
      asked<ApiKeyQuery>({
        q,
        status: oneOf(statuses, status),
        cursor: filters.cursor,
        limit: PAGE_SIZE,
      }),
    ),
  );
  return (
    <Panel isFlush>
      <FilterBar isFiltered={filters.isFiltered} onClear={filters.clear}>
        <SearchFilter label="Search keys" value={q} onChange={(text) => filters.set('q', text)} />
        <ChoiceFilter
          label="Status"
          value={status}
          choices={statuses.map((each) => [each, apiKeyStatus[each].label] as const)}
          onChange={(value) => filters.set('status', value)}
        />
      </FilterBar>
      <Answered query={query}>
        {(page) => (
          <>
            {page.items.length > 0 ? (
              <ApiKeyTable apiKeys={page.items} />
            ) : filters.isFiltered ? (
              <StateNote title="No key matches">Change or clear the filters.</StateNote>
            ) : (
              <StateNote icon={<VpnKeyOutlined />} title="No API keys yet">
                A key lets a program of yours do what you choose for it, and never more than you may
                yourself.
              </StateNote>
            )}
            <Pager page={page} filters={filters} />
          </>
        )}
      </Answered>
    </Panel>
  );
}
