/** The whole policy, as the server has it: who may do what, and what each permission means. */
import { queryOptions } from '@tanstack/react-query';
import { anonymousHttp } from './client';
import { answer } from './problem';
import { readKey } from './query';

export const rolesQuery = queryOptions({
  queryKey: readKey('/api/v1/roles'),
  queryFn: ({ signal }) => answer(anonymousHttp.GET('/api/v1/roles', { signal })),
  // It changes with the server only.
  staleTime: Number.POSITIVE_INFINITY,
});
