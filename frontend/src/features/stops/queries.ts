import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { http, type Schemas } from '@/api/client';
import { answer } from '@/api/problem';
import { invalidate, readKey } from '@/api/query';

export type StoppedWork = Schemas['StoppedWork'];

/** The organisation, for whether its work is stopped. */
export const workQuery = queryOptions({
  queryKey: readKey('/api/v1/tenants/current'),
  queryFn: ({ signal }) => answer(http.GET('/api/v1/tenants/current', { signal })),
});

const MOST_SHOWN = 50;

/** The tasks that a stop would cut off. */
export const runningQuery = queryOptions({
  queryKey: readKey('/api/v1/tasks', { query: { status: 'running', limit: MOST_SHOWN } }),
  queryFn: ({ signal }) =>
    answer(
      http.GET('/api/v1/tasks', {
        params: { query: { status: 'running', limit: MOST_SHOWN } },
        signal,
      }),
    ),
});

/** Makes what shows the organisation and its tasks read them again. */
function useWorkChanged() {
  const client = useQueryClient();
  return () =>
    Promise.all([
      invalidate(client, '/api/v1/tenants/current'),
      invalidate(client, '/api/v1/tasks'),
    ]);
}

export function useStopAllWork() {
  const onSuccess = useWorkChanged();
  return useMutation({
    mutationFn: (reason: string) =>
      answer(http.POST('/api/v1/tenants/current/stop-all', { body: { reason } })),
    onSuccess,
  });
}

export function useReopenWork() {
  const onSuccess = useWorkChanged();
  return useMutation({
    mutationFn: () => answer(http.POST('/api/v1/tenants/current/reopen')),
    onSuccess,
  });
}
