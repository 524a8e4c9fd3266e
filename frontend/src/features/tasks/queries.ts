import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { http, type Schemas } from '@/api/client';
import type { operations } from '@/api/generated';
import { answer, done } from '@/api/problem';
import { invalidate, keepAnswer, readKey } from '@/api/query';

export type Task = Schemas['Task'];
export type TaskStatus = Schemas['TaskStatus'];
export type TaskType = Schemas['TaskType'];
export type TaskAgent = Pick<Schemas['Agent'], 'id' | 'name' | 'status'>;
export type TaskQuery = NonNullable<operations['list_tasks']['parameters']['query']>;

/** What can be asked of a task. */
export type TaskMove = 'execute' | 'cancel' | 'retry';

export const taskListQuery = (query: TaskQuery) =>
  queryOptions({
    queryKey: readKey('/api/v1/tasks', { query }),
    queryFn: ({ signal }) => answer(http.GET('/api/v1/tasks', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });

export const taskQuery = (id: string) =>
  queryOptions({
    queryKey: readKey('/api/v1/tasks/{id}', { path: { id } }),
    queryFn: ({ signal }) =>
      answer(http.GET('/api/v1/tasks/{id}', { params: { path: { id } }, signal })),
  });

/** The agent of one task. */
export const taskAgentQuery = (id: string) =>
  queryOptions({
    queryKey: readKey('/api/v1/agents/{id}', { path: { id } }),
    queryFn: ({ signal }) =>
      answer(http.GET('/api/v1/agents/{id}', { params: { path: { id } }, signal })),
  });

/** Keeps an answered task and makes the lists that hold it read again. */
function useKeepTask() {
  const client = useQueryClient();
  return (task: Task) =>
    keepAnswer(client, { path: '/api/v1/tasks/{id}', list: '/api/v1/tasks' }, task);
}

export function useCreateTask() {
  const onSuccess = useKeepTask();
  return useMutation({
    mutationFn: (sent: { body: Schemas['CreateTaskBody']; headers: Record<string, string> }) =>
      answer(http.POST('/api/v1/tasks', sent)),
    onSuccess,
  });
}

export function useMoveTask() {
  const onSuccess = useKeepTask();
  return useMutation({
    mutationFn: ({ id, move }: { id: string; move: TaskMove }) =>
      answer(send(move, { params: { path: { id } } })),
    onSuccess,
  });
}

function send(move: TaskMove, init: { params: { path: { id: string } } }) {
  switch (move) {
    case 'execute':
      return http.POST('/api/v1/tasks/{id}/execute', init);
    case 'cancel':
      return http.POST('/api/v1/tasks/{id}/cancel', init);
    case 'retry':
      return http.POST('/api/v1/tasks/{id}/retry', init);
    default:
      return move satisfies never;
  }
}

export function useWithdrawTask(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => done(http.DELETE('/api/v1/tasks/{id}', { params: { path: { id } } })),
    onSuccess: () => invalidate(client, '/api/v1/tasks'),
  });
}
