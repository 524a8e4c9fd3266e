import { useQuery } from '@tanstack/react-query';
import { keysOf, oneOf } from '@/lib/oneOf';
import { asked, PAGE_SIZE } from '@/lib/paging';
import { useUrlFilters } from '@/lib/useUrlFilters';
import { Answered } from '@/ui/Answered';
import { ChoiceFilter, FilterBar, SearchFilter } from '@/ui/Filters';
import { Pager } from '@/ui/Pager';
import { Panel } from '@/ui/Panel';
import { StateNote } from '@/ui/States';
import { type UserQuery, userListQuery } from './queries';
import { roleNames, roles, userStatus } from './roles';
import { UserTable } from './UserTable';

const statuses = keysOf(userStatus);

/** The users that match the filters in the address. */
export function UserList() {
  const filters = useUrlFilters(['q', 'role', 'status']);
  const { q, role, status } = filters.values;
  const query = useQuery(
    userListQuery(
      asked<UserQuery>({
        q,
        role: oneOf(roles, role),
        status: oneOf(statuses, status),
        cursor: filters.cursor,
        limit: PAGE_SIZE,
      }),
    ),
  );
  return (
    <Panel isFlush>
      <FilterBar isFiltered={filters.isFiltered} onClear={filters.clear}>
        <SearchFilter label="Search users" value={q} onChange={(text) => filters.set('q', text)} />
        <ChoiceFilter
          label="Role"
          value={role}
          choices={roles.map((each) => [each, roleNames[each]] as const)}
          onChange={(value) => filters.set('role', value)}
        />
        <ChoiceFilter
          label="Status"
          value={status}
          choices={statuses.map((each) => [each, userStatus[each].label] as const)}
          onChange={(value) => filters.set('status', value)}
        />
      </FilterBar>
      <Answered query={query}>
        {(page) => (
          <>
            {page.items.length > 0 ? (
              <UserTable users={page.items} />
            ) : (
              <StateNote title="No one matches">Change or clear the filters.</StateNote>
            )}
            <Pager page={page} filters={filters} />
          </>
        )}
      </Answered>
    </Panel>
  );
}
