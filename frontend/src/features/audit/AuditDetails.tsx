import Box from '@mui/material/Box';
import { eventTarget } from '@/lib/describeEvent';
import { Facts } from '@/ui/Facts';
import { JsonView } from '@/ui/JsonView';
import { TextLink } from '@/ui/TextLink';
import { aggregateNames } from './filters';
import type { AuditEvent } from './queries';

const code = (value: string | null) => (value === null ? null : <code key={value}>{value}</code>);

/** An event's payload and where it came from. */
export function AuditDetails({ event }: { event: AuditEvent }) {
  const target = eventTarget(event.aggregate_type, event.aggregate_id);
  return (
    <Box
      sx={{
        display: 'grid',
        gridTemplateColumns: { xs: 'minmax(0, 1fr)', lg: 'minmax(0, 1fr) minmax(0, 1fr)' },
        gap: 2.5,
        px: 2,
        pb: 2.5,
        pt: 0.5,
      }}
    >
      <JsonView value={event.data} label={`payload of event ${event.position}`} />
      <Facts
        facts={[
          [
            'Position',
            `${event.position}, number ${event.sequence} of its ${event.aggregate_type}`,
          ],
          [
            aggregateNames[event.aggregate_type],
            target === null ? (
              <code key="id">{event.aggregate_id}</code>
            ) : (
              <TextLink key="id" to={target}>
                <code>{event.aggregate_id}</code>
              </TextLink>
            ),
          ],
          [
            'Request',
            event.request_id === null ? null : (
              <TextLink
                key="request"
                to={`/audit?request_id=${encodeURIComponent(event.request_id)}`}
              >
                <code>{event.request_id}</code>
              </TextLink>
            ),
          ],
          ['Worker', code(event.worker)],
          ['Caused by', code(event.causation_id)],
          ['Correlation', code(event.correlation_id)],
          ['Session', code(event.session_id)],
          ['Trace', code(event.trace_id)],
          ['Address', code(event.ip)],
          ['Client', event.user_agent],
          ['Leaf hash', code(event.leaf_hash)],
        ]}
      />
    </Box>
  );
}
