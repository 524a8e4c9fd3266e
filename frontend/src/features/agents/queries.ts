import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { http, type Schemas } from '@/api/client';
import type { operations } from '@/api/generated';
import { answer, done } from '@/api/problem';
import { invalidate, keepAnswer, readKey } from '@/api/query';

export type Agent = Schemas['Agent'];
export type AgentStatus = Schemas['AgentStatus'];
export type AgentQuery = NonNullable<operations['list_agents']['parameters']['query']>;

/** What can be asked of an agent while it exists. */
export type AgentMove = 'start' | 'stop' | 'pause' | 'resume' | 'pause_and_cancel';

export const agentListQuery = (query: AgentQuery) =>
  queryOptions({
    queryKey: readKey('/api/v1/agents', { query }),
    queryFn: ({ signal }) => answer(http.GET('/api/v1/agents', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });

export const agentQuery = (id: string) =>
  queryOptions({
    queryKey: readKey('/api/v1/agents/{id}', { path: { id } }),
    queryFn: ({ signal }) =>
      answer(http.GET('/api/v1/agents/{id}', { params: { path: { id } }, signal })),
  });

/** Keeps an answered agent and makes the lists that hold it read again. */
function useKeepAgent() {
  const client = useQueryClient();
  return (agent: Agent) =>
    keepAnswer(client, { path: '/api/v1/agents/{id}', list: '/api/v1/agents' }, agent);
}

export function useCreateAgent() {
  const onSuccess = useKeepAgent();
  return useMutation({
    mutationFn: (sent: { body: Schemas['CreateAgentBody']; headers: Record<string, string> }) =>
      answer(http.POST('/api/v1/agents', sent)),
    onSuccess,
  });
}

export function useChangeAgent({ id, version }: Pick<Agent, 'id' | 'version'>) {
  const onSuccess = useKeepAgent();
  return useMutation({
    mutationFn: (body: Schemas['ChangeAgentBody']) =>
      answer(
        http.PUT('/api/v1/agents/{id}', {
          params: { path: { id } },
          body,
          headers: { 'If-Match': `"${version}"` },
        }),
      ),
    onSuccess,
  });
}

export function useMoveAgent(id: string) {
  const onSuccess = useKeepAgent();
  return useMutation({
    mutationFn: (move: AgentMove) => answer(send(move, { params: { path: { id } } })),
    onSuccess,
  });
}

function send(move: AgentMove, init: { params: { path: { id: string } } }) {
  switch (move) {
    case 'start':
      return http.POST('/api/v1/agents/{id}/start', init);
    case 'stop':
      return http.POST('/api/v1/agents/{id}/stop', init);
    case 'pause':
      return http.POST('/api/v1/agents/{id}/pause', init);
    case 'pause_and_cancel':
      return http.POST('/api/v1/agents/{id}/pause', { ...init, body: { mode: 'cancel' } });
    case 'resume':
      return http.POST('/api/v1/agents/{id}/resume', init);
    default:
      return move satisfies never;
  }
}

export function useTerminateAgent(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => done(http.DELETE('/api/v1/agents/{id}', { params: { path: { id } } })),
    onSuccess: () => invalidate(client, '/api/v1/agents'),
  });
}
