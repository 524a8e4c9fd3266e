import { queryOptions } from '@tanstack/react-query';
import { http, type Schemas } from '@/api/client';
import { answer } from '@/api/problem';
import { readKey } from '@/api/query';

export type ResourceUsage = Schemas['ResourceUsage'];

export const usageQuery = queryOptions({
  queryKey: readKey('/api/v1/tenants/current/usage'),
  queryFn: ({ signal }) => answer(http.GET('/api/v1/tenants/current/usage', { signal })),
});

/** How many agents are in a status; of all statuses when none is given. */
export const agentCountQuery = (status?: Schemas['AgentStatus']) => {
  const query = status === undefined ? { limit: 1 } : { limit: 1, status };
  return queryOptions({
    queryKey: readKey('/api/v1/agents', { query }),
    queryFn: ({ signal }) => answer(http.GET('/api/v1/agents', { params: { query }, signal })),
    select: ({ total }) => total,
  });
};

/** How many tasks are in a status. */
export const taskCountQuery = (status: Schemas['TaskStatus']) => {
  const query = { limit: 1, status };
  return queryOptions({
    queryKey: readKey('/api/v1/tasks', { query }),
    queryFn: ({ signal }) => answer(http.GET('/api/v1/tasks', { params: { query }, signal })),
    select: ({ total }) => total,
  });
};
