import MailOutlineOutlined from '@mui/icons-material/MailOutlineOutlined';
import Box from '@mui/material/Box';
import { useQuery } from '@tanstack/react-query';
import { keysOf, oneOf } from '@/lib/oneOf';
import { asked, PAGE_SIZE } from '@/lib/paging';
import { useUrlFilters } from '@/lib/useUrlFilters';
import { Ago } from '@/ui/Ago';
import { Answered } from '@/ui/Answered';
import { type Column, DataTable } from '@/ui/DataTable';
import { ChoiceFilter, FilterBar, SearchFilter } from '@/ui/Filters';
import { Pager } from '@/ui/Pager';
import { Panel } from '@/ui/Panel';
import { StateNote } from '@/ui/States';
import { StatusMark } from '@/ui/StatusMark';
import { InvitationActions } from './InvitationActions';
import { type Invitation, type InvitationQuery, invitationListQuery } from './queries';
import { invitationStatus, nameOf, roleNames } from './roles';

const statuses = keysOf(invitationStatus);

interface InvitationListProps {
  /** Makes the link that the invited person opens. */
  linkOf: (token: string) => string;
}

/** Invitations that were not accepted yet and match the filters in the address. */
export function InvitationList({ linkOf }: InvitationListProps) {
  const filters = useUrlFilters(['q', 'status']);
  const { q, status } = filters.values;
  const query = useQuery(
    invitationListQuery(
      asked<InvitationQuery>({
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
        <SearchFilter
          label="Search invitations"
          value={q}
          onChange={(text) => filters.set('q', text)}
        />
        <ChoiceFilter
          label="Status"
          value={status}
          choices={statuses.map((each) => [each, invitationStatus[each].label] as const)}
          onChange={(value) => filters.set('status', value)}
        />
      </FilterBar>
      <Answered query={query}>
        {(page) => (
          <>
            {page.items.length > 0 ? (
              <DataTable
                label="Invitations"
                rows={page.items}
                columns={columns(linkOf)}
                rowKey={({ id }) => id}
              />
            ) : filters.isFiltered ? (
              <StateNote title="No invitation matches">Change or clear the filters.</StateNote>
            ) : (
              <StateNote icon={<MailOutlineOutlined />} title="No one is invited">
                Whoever you invite stands here until they join.
              </StateNote>
            )}
            <Pager page={page} filters={filters} />
          </>
        )}
      </Answered>
    </Panel>
  );
}

const columns = (linkOf: InvitationListProps['linkOf']): readonly Column<Invitation>[] => [
  {
    header: 'Invited',
    narrow: 'title',
    width: '36%',
    cell: (invitation) => (
      <>
        <Box sx={{ fontWeight: 560, overflowWrap: 'anywhere' }}>{nameOf(invitation)}</Box>
        {invitation.full_name !== null && (
          <Box sx={{ color: 'text.secondary', fontSize: '0.8125rem' }}>{invitation.email}</Box>
        )}
      </>
    ),
  },
  { header: 'As', narrow: 'line', cell: ({ role }) => roleNames[role] },
  {
    header: 'Status',
    narrow: 'corner',
    cell: ({ status }) => <StatusMark {...invitationStatus[status]} />,
  },
  { header: 'Sent', narrow: 'line', cell: ({ updated_at }) => <Ago time={updated_at} /> },
  { header: 'Ends', narrow: 'line', cell: ({ expires_at }) => <Ago time={expires_at} /> },
  {
    header: 'Actions',
    narrow: 'foot',
    align: 'right',
    cell: (invitation) => <InvitationActions invitation={invitation} linkOf={linkOf} />,
  },
];
