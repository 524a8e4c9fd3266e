import { queryOptions } from '@tanstack/react-query';
import { http } from './client';
import { answer } from './problem';
import { readKey } from './query';

const query = { limit: 200, sort: 'name' } as const;

/** The agents that can be chosen for something, at most 200 by name, and whose names lists show. */
export const agentChoicesQuery = queryOptions({
  queryKey: readKey('/api/v1/agents', { query }),
  queryFn: ({ signal }) => answer(http.GET('/api/v1/agents', { params: { query }, signal })),
});
