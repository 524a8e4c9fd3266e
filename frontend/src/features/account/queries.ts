import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { http, type Schemas } from '@/api/client';
import { answer, done } from '@/api/problem';
import { invalidate, readKey } from '@/api/query';

export type OpenSession = Schemas['Session'];

export const sessionListQuery = (query: { cursor?: string | undefined; limit: number }) =>
  queryOptions({
    queryKey: readKey('/api/v1/auth/sessions', { query }),
    queryFn: ({ signal }) =>
      answer(
        http.GET('/api/v1/auth/sessions', {
          params: {
            query: {
              limit: query.limit,
              ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
            },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

function useSessionsChanged() {
  const client = useQueryClient();
  return () => invalidate(client, '/api/v1/auth/sessions');
}

export function useEndSession() {
  const onSuccess = useSessionsChanged();
  return useMutation({
    mutationFn: (id: string) =>
      done(http.DELETE('/api/v1/auth/sessions/{id}', { params: { path: { id } } })),
    onSuccess,
  });
}

export function useEndOtherSessions() {
  const onSuccess = useSessionsChanged();
  return useMutation({
    mutationFn: () => done(http.DELETE('/api/v1/auth/sessions')),
    onSuccess,
  });
}

export function useChangePassword() {
  const onSuccess = useSessionsChanged();
  return useMutation({
    mutationFn: (body: Schemas['ChangePasswordBody']) =>
      done(http.PUT('/api/v1/auth/password', { body })),
    onSuccess,
  });
}
