import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { http, type Schemas } from '@/api/client';
import type { operations } from '@/api/generated';
import { answer, done } from '@/api/problem';
import { invalidate, readKey } from '@/api/query';

export type Schedule = Schemas['Schedule'];
export type ScheduleQuery = NonNullable<operations['list_schedules']['parameters']['query']>;

export const scheduleListQuery = (query: ScheduleQuery) =>
  queryOptions({
    queryKey: readKey('/api/v1/schedules', { query }),
    queryFn: ({ signal }) => answer(http.GET('/api/v1/schedules', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });

/** When a schedule that is not saved yet would be due. Its times are those of one moment. */
export const previewQuery = (body: Schemas['PreviewScheduleBody']) =>
  queryOptions({
    queryKey: ['preview', body],
    queryFn: ({ signal }) => answer(http.POST('/api/v1/schedules/preview', { body, signal })),
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 0,
  });

function useStaleSchedules() {
  const client = useQueryClient();
  return () => invalidate(client, '/api/v1/schedules');
}

export function useCreateSchedule() {
  const onSuccess = useStaleSchedules();
  return useMutation({
    mutationFn: (sent: { body: Schemas['CreateScheduleBody']; headers: Record<string, string> }) =>
      answer(http.POST('/api/v1/schedules', sent)),
    onSuccess,
  });
}

/** Changes a schedule, if it is still as it was seen. */
export function useChangeSchedule({ id, version }: Pick<Schedule, 'id' | 'version'>) {
  const onSuccess = useStaleSchedules();
  return useMutation({
    mutationFn: (body: Schemas['ChangeScheduleBody']) =>
      answer(
        http.PUT('/api/v1/schedules/{id}', {
          params: { path: { id } },
          headers: { 'if-match': `"${version}"` },
          body,
        }),
      ),
    onSuccess,
  });
}

export function useRemoveSchedule(id: string) {
  const onSuccess = useStaleSchedules();
  return useMutation({
    mutationFn: () => done(http.DELETE('/api/v1/schedules/{id}', { params: { path: { id } } })),
    onSuccess,
  });
}
