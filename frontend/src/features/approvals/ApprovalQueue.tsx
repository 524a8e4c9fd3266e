import HowToRegOutlined from '@mui/icons-material/HowToRegOutlined';
import Stack from '@mui/material/Stack';
import { useQuery } from '@tanstack/react-query';
import { asked, PAGE_SIZE } from '@/lib/paging';
import { useUrlFilters } from '@/lib/useUrlFilters';
import { Answered } from '@/ui/Answered';
import { Pager } from '@/ui/Pager';
import { Panel } from '@/ui/Panel';
import { StateNote } from '@/ui/States';
import { ApprovalCard } from './ApprovalCard';
import { type ApprovalQuery, approvalListQuery } from './queries';

/** What waits for a person, the longest waiting first. */
export function ApprovalQueue() {
  const filters = useUrlFilters([]);
  const query = useQuery(
    approvalListQuery(
      asked<ApprovalQuery>({ sort: 'asked_at', cursor: filters.cursor, limit: PAGE_SIZE }),
    ),
  );
  return (
    <Answered query={query}>
      {(page) =>
        page.items.length === 0 ? (
          <Panel>
            <StateNote icon={<HowToRegOutlined />} title="Nothing waits for you">
              Calls of tools that an agent may not make by itself stand here until someone answers.
            </StateNote>
          </Panel>
        ) : (
          <>
            <Stack
              component="ul"
              aria-label="Approvals"
              sx={{ gap: 2.5, listStyle: 'none', m: 0, p: 0 }}
            >
              {page.items.map((approval) => (
                <li key={approval.id}>
                  <ApprovalCard approval={approval} />
                </li>
              ))}
            </Stack>
            {(page.next_cursor !== null || filters.pagesBefore > 0) && (
              <Pager page={page} filters={filters} />
            )}
          </>
        )
      }
    </Answered>
  );
}
