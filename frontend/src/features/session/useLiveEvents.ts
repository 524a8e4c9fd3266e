import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { session } from '@/api/browserSession';
import { createRefetcher } from '@/api/live';
import { rememberEvent, tenantHealthQuery } from '@/api/recentEvents';
import { followEvents, pause, type StreamState } from '@/api/stream';

/** Follows the event stream while the component is shown; cached reads follow the events. */
export function useLiveEvents(): StreamState {
  const client = useQueryClient();
  const [state, setState] = useState<StreamState>('connecting');
  useEffect(() => {
    const ending = new AbortController();
    const refetch = createRefetcher(client);
    // Never rejects: the follower answers failures by trying again.
    void followEvents(
      {
        fetch: (request) => session.fetch(request),
        url: (after) =>
          new URL(`/api/v1/events/stream?after=${after}`, window.location.origin).href,
        start: async () => (await client.fetchQuery(tenantHealthQuery)).event_position,
        onEvent: (event) => {
          rememberEvent(client, event);
          refetch(event);
        },
        onState: setState,
        pause,
        random: Math.random,
      },
      ending.signal,
    );
    return () => ending.abort();
  }, [client]);
  return state;
}
