import { useQuery } from '@tanstack/react-query';
import { recentEventsQuery } from '@/api/recentEvents';
import type { CloudEvent } from '@/api/stream';
import { describeEvent, eventTarget, eventTone, nameActor } from '@/lib/describeEvent';
import { Ago } from '@/ui/Ago';
import { Answered } from '@/ui/Answered';
import { Ledger } from '@/ui/Ledger';
import { Panel } from '@/ui/Panel';
import { StateNote } from '@/ui/States';
import { TextLink } from '@/ui/TextLink';

const SHOWN = 14;

/** The newest events, growing as they happen. */
export function RecentActivity() {
  return (
    <Panel title="Recent activity">
      <Answered query={useQuery(recentEventsQuery)}>
        {(events) =>
          events.length === 0 ? (
            <StateNote title="Nothing has happened yet" />
          ) : (
            <Ledger label="Recent activity" entries={events.slice(0, SHOWN).map(entryOf)} />
          )
        }
      </Answered>
    </Panel>
  );
}

function entryOf(event: CloudEvent) {
  const [type = '', id = ''] = event.subject.split('/');
  const target = eventTarget(type, id);
  const deed = describeEvent(event);
  return {
    key: event.position,
    mark: `#${event.position}`,
    tone: eventTone(event.type),
    text:
      target === null ? (
        `${nameActor(event.actor)} ${deed}`
      ) : (
        <TextLink to={target} sx={{ color: 'inherit', fontWeight: 400 }}>
          {nameActor(event.actor)} {deed}
        </TextLink>
      ),
    time: <Ago time={event.time} />,
  };
}
