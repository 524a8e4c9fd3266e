import FactCheckOutlined from '@mui/icons-material/FactCheckOutlined';
import Box from '@mui/material/Box';
import { useQuery } from '@tanstack/react-query';
import { fromLocalInput } from '@/lib/dates';
import { oneOf } from '@/lib/oneOf';
import { asked, PAGE_SIZE } from '@/lib/paging';
import { useUrlFilters } from '@/lib/useUrlFilters';
import { Answered } from '@/ui/Answered';
import { Pager } from '@/ui/Pager';
import { Panel } from '@/ui/Panel';
import { StateNote } from '@/ui/States';
import { AuditFilters } from './AuditFilters';
import { AuditRow } from './AuditRow';
import { aggregateTypes, auditFilterNames } from './filters';
import { type AuditQuery, auditQuery } from './queries';

/** The log, event by event, with what matches the filters in the address. */
export function AuditLog() {
  const filters = useUrlFilters(auditFilterNames);
  const { values } = filters;
  const query = useQuery(
    auditQuery(
      asked<AuditQuery>({
        aggregate_type: oneOf(aggregateTypes, values.aggregate_type),
        aggregate_id: values.aggregate_id,
        event_type: values.event_type,
        actor_id: values.actor_id,
        request_id: values.request_id,
        from: fromLocalInput(values.from),
        to: fromLocalInput(values.to),
        order: values.order === 'asc' ? 'asc' : undefined,
        cursor: filters.cursor,
        limit: PAGE_SIZE,
      }),
    ),
  );
  return (
    <Panel isFlush>
      <AuditFilters filters={filters} />
      <Answered query={query}>
        {(page) => (
          <>
            {page.items.length > 0 ? (
              <Box component="ul" aria-label="Events" sx={{ listStyle: 'none', m: 0, p: 0 }}>
                {page.items.map((event) => (
                  <AuditRow key={event.id} event={event} />
                ))}
              </Box>
            ) : (
              <StateNote icon={<FactCheckOutlined />} title="No event matches">
                Change or clear the filters.
              </StateNote>
            )}
            <Pager page={page} filters={filters} />
          </>
        )}
      </Answered>
    </Panel>
  );
}
