/** The signed-in user, their organisation and what they may do. */
import { queryOptions, useSuspenseQuery } from '@tanstack/react-query';
import { type Action, can, type Owned, type Verdict } from '@/lib/can';
import { http, type Schemas } from './client';
import { answer } from './problem';
import { readKey } from './query';

export type Me = Schemas['Me'];

export const meQuery = queryOptions({
  queryKey: readKey('/api/v1/auth/me'),
  queryFn: ({ signal }) => answer(http.GET('/api/v1/auth/me', { signal })),
});

/** The signed-in user; only below the signed-in shell, which loads it first. */
export function useMe(): Me {
  return useSuspenseQuery(meQuery).data;
}

/** Asks whether the signed-in user may do something, for offering it or explaining why not. */
export function useCan(): (action: Action, thing?: Owned) => Verdict {
  const me = useMe();
  return (action, thing) => can(me, action, thing);
}
