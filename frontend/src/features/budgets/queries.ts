import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { http, type Schemas } from '@/api/client';
import { answer } from '@/api/problem';
import { invalidate, readKey } from '@/api/query';

export type Budget = Schemas['Budget'];

/** Whose budget: an agent's, or without one the organisation's. */
export type BudgetOf = { agent: string } | 'tenant';

export const budgetQuery = (of: BudgetOf) =>
  of === 'tenant'
    ? queryOptions({
        queryKey: readKey('/api/v1/tenants/current/budget'),
        queryFn: ({ signal }) => answer(http.GET('/api/v1/tenants/current/budget', { signal })),
      })
    : queryOptions({
        queryKey: readKey('/api/v1/agents/{id}/budget', { path: { id: of.agent } }),
        queryFn: ({ signal }) =>
          answer(
            http.GET('/api/v1/agents/{id}/budget', { params: { path: { id: of.agent } }, signal }),
          ),
      });

export function useSetBudget(of: BudgetOf) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (limit_usd: string | null) =>
      answer(
        of === 'tenant'
          ? http.PUT('/api/v1/tenants/current/budget', { body: { limit_usd } })
          : http.PUT('/api/v1/agents/{id}/budget', {
              params: { path: { id: of.agent } },
              body: { limit_usd },
            }),
      ),
    onSuccess: () =>
      of === 'tenant'
        ? Promise.all([
            invalidate(client, '/api/v1/tenants/current/budget'),
            invalidate(client, '/api/v1/tenants/current'),
          ])
        : Promise.all([
            invalidate(client, '/api/v1/agents/{id}/budget', { id: of.agent }),
            invalidate(client, '/api/v1/agents/{id}', { id: of.agent }),
          ]),
  });
}
