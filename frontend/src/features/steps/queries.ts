import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { http, type Schemas } from '@/api/client';
import { answer } from '@/api/problem';
import { readKey } from '@/api/query';

export type Step = Schemas['Step'];

const MOST_SHOWN = 200;

/** The steps of a task, the first 200. */
export const stepsQuery = (task: string) =>
  queryOptions({
    queryKey: readKey('/api/v1/tasks/{id}/steps', {
      path: { id: task },
      query: { limit: MOST_SHOWN },
    }),
    queryFn: ({ signal }) =>
      answer(
        http.GET('/api/v1/tasks/{id}/steps', {
          params: { path: { id: task }, query: { limit: MOST_SHOWN } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
