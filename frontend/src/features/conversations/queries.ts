import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { http, type Schemas } from '@/api/client';
import { answer, done } from '@/api/problem';
import { invalidate, readKey } from '@/api/query';

export type Conversation = Schemas['Conversation'];
export type ConversationWithMessages = Schemas['ConversationWithMessages'];
export type Message = Schemas['Message'];

const MOST_LISTED = 100;

/** An agent's conversations, the one in which something was said last first. */
export const conversationListQuery = (agent: string) =>
  queryOptions({
    queryKey: readKey('/api/v1/agents/{id}/conversations', {
      path: { id: agent },
      query: { limit: MOST_LISTED },
    }),
    queryFn: ({ signal }) =>
      answer(
        http.GET('/api/v1/agents/{id}/conversations', {
          params: { path: { id: agent }, query: { limit: MOST_LISTED } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

export const conversationQuery = (id: string) =>
  queryOptions({
    queryKey: readKey('/api/v1/conversations/{id}', { path: { id } }),
    queryFn: ({ signal }) =>
      answer(http.GET('/api/v1/conversations/{id}', { params: { path: { id } }, signal })),
  });

interface Sent<T> {
  body: T;
  headers: Record<string, string>;
}

export function useBeginConversation(agent: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (sent: Sent<Schemas['CreateConversationBody']>) =>
      answer(
        http.POST('/api/v1/agents/{id}/conversations', {
          params: { path: { id: agent } },
          ...sent,
        }),
      ),
    onSuccess: (begun) => {
      client.setQueryData(conversationQuery(begun.id).queryKey, begun);
      return invalidate(client, '/api/v1/agents/{id}/conversations', { id: agent });
    },
  });
}

export function useSendMessage(conversation: Conversation) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (sent: Sent<Schemas['SendMessageBody']>) =>
      answer(
        http.POST('/api/v1/conversations/{id}/messages', {
          params: { path: { id: conversation.id } },
          ...sent,
        }),
      ),
    // Also where somebody was faster: the page shows it.
    onSettled: () =>
      Promise.all([
        invalidate(client, '/api/v1/conversations/{id}', { id: conversation.id }),
        invalidate(client, '/api/v1/agents/{id}/conversations', { id: conversation.agent_id }),
      ]),
  });
}

export function useCancelTurn(conversation: Conversation) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () =>
      answer(
        http.POST('/api/v1/tasks/{id}/cancel', {
          params: { path: { id: conversation.last_task_id } },
        }),
      ),
    onSettled: () => invalidate(client, '/api/v1/conversations/{id}', { id: conversation.id }),
  });
}

export function useRemoveConversation(conversation: Conversation) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () =>
      done(
        http.DELETE('/api/v1/conversations/{id}', { params: { path: { id: conversation.id } } }),
      ),
    onSuccess: () =>
      invalidate(client, '/api/v1/agents/{id}/conversations', { id: conversation.agent_id }),
  });
}
