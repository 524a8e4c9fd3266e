/** The newest events of the log: read once, then extended by the live stream. */
import { type QueryClient, queryOptions } from '@tanstack/react-query';
import { http } from './client';
import { answer } from './problem';
import { readKey } from './query';
import type { CloudEvent } from './stream';

const KEPT = 30;

export const tenantHealthQuery = queryOptions({
  queryKey: readKey('/api/v1/tenants/health'),
  queryFn: ({ signal }) => answer(http.GET('/api/v1/tenants/health', { signal })),
});

/** The last events, newest first. */
export const recentEventsQuery = queryOptions({
  queryKey: readKey('/api/v1/events'),
  // The stream keeps this read current, and reading it again would only repeat that.
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async ({ client, signal }): Promise<CloudEvent[]> => {
    const { event_position } = await client.fetchQuery(tenantHealthQuery);
    const after = Math.max(0, event_position - KEPT);
    const { items } = await answer(
      http.GET('/api/v1/events', { params: { query: { after, limit: KEPT } }, signal }),
    );
    return items.toReversed();
  },
});

/** Puts a live event at the head of the recent ones, if they were read. */
export function rememberEvent(client: QueryClient, event: CloudEvent): void {
  client.setQueryData(recentEventsQuery.queryKey, (events) => {
    if (events === undefined || events.some(({ position }) => position === event.position)) {
      return events;
    }
    return [event, ...events].sort((a, b) => b.position - a.position).slice(0, KEPT);
  });
}
