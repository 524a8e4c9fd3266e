/** Names of cached reads. They are the API's own GET paths, so a path that is gone does not compile. */
import { QueryClient } from '@tanstack/react-query';
import type { paths } from './generated';
import { ProblemError } from './problem';

/** Every path that can be read. */
export type GetPath = {
  [P in keyof paths]: paths[P] extends { get: object } ? P : never;
}[keyof paths];

/** What a read was asked for: its path parameters and its query. */
export interface ReadParams {
  path?: Readonly<Record<string, string>>;
  query?: object;
}

/** The cache key of a read. */
export function readKey(path: GetPath, params: ReadParams = {}) {
  return [path, params.path ?? {}, params.query ?? {}] as const;
}

/** Marks reads of `path` stale, all of them or those with the given path parameters. */
export function invalidate(
  client: QueryClient,
  path: GetPath,
  pathParams: Readonly<Record<string, string>> = {},
): Promise<void> {
  return client.invalidateQueries({ queryKey: [path, pathParams] });
}

/**
 * Shows what a command answered at once, and reads it and the lists that hold it again: the events of what came next
 * may have been heard before the answer, and nobody would say so a second time.
 */
export async function keepAnswer<T extends { id: string }>(
  client: QueryClient,
  { path, list }: { path: GetPath; list: GetPath },
  answered: T,
): Promise<void> {
  const key = { id: answered.id };
  client.setQueryData(readKey(path, { path: key }), answered);
  await Promise.all([invalidate(client, path, key), invalidate(client, list)]);
}

const RETRIES = 2;

/** The cache of server state. Live events mark it stale, so nothing is polled. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 60_000,
        retry: (failures, error) => failures < RETRIES && isPassing(error),
      },
    },
  });
}

/** Whether trying again may help: no connection, or the server is having trouble. */
function isPassing(error: unknown): boolean {
  return (
    error instanceof ProblemError && (error.problem.status === 0 || error.problem.status >= 500)
  );
}

/** The cache of the running application. */
export const queryClient = createQueryClient();
