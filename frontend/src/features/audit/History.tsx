import { useQuery } from '@tanstack/react-query';
import type { Schemas } from '@/api/client';
import { useCan } from '@/api/me';
import { describeEvent, eventTone, nameActor } from '@/lib/describeEvent';
import { Ago } from '@/ui/Ago';
import { Answered } from '@/ui/Answered';
import { Ledger } from '@/ui/Ledger';
import { Panel } from '@/ui/Panel';
import { StateNote } from '@/ui/States';
import { TextLink } from '@/ui/TextLink';
import { type AuditEvent, auditQuery } from './queries';

interface HistoryProps {
  aggregateType: Schemas['AggregateType'];
  aggregateId: string;
}

const SHOWN = 20;

/** What happened to one thing, newest first; for those who may read the audit log. */
export function History(props: HistoryProps) {
  const isReadable = useCan()('read_audit').allowed;
  return isReadable ? <ReadableHistory {...props} /> : null;
}

function ReadableHistory({ aggregateType, aggregateId }: HistoryProps) {
  const query = useQuery(
    auditQuery({ aggregate_type: aggregateType, aggregate_id: aggregateId, limit: SHOWN }),
  );
  return (
    <Panel
      title="History"
      actions={
        <TextLink to={`/audit?aggregate_id=${aggregateId}`} variant="body2">
          In the audit log
        </TextLink>
      }
    >
      <Answered query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <StateNote title="No events" />
          ) : (
            <Ledger label="History" entries={items.map(entryOf)} />
          )
        }
      </Answered>
    </Panel>
  );
}

function entryOf(event: AuditEvent) {
  return {
    key: event.id,
    mark: `#${event.position}`,
    tone: eventTone(event.event_type),
    text: `${nameActor(event.actor)} ${describeEvent({ ...event, type: event.event_type })}`,
    time: <Ago time={event.recorded_at} />,
  };
}
