import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Failed, LoadingLines } from './States';

interface AnsweredProps<T> {
  query: UseQueryResult<T>;
  /** Shown instead of grey lines while the first answer is on its way. */
  loading?: ReactNode;
  children: (data: T) => ReactNode;
}

/** Shows a query's data, or that it is loading, failed or refused. */
export function Answered<T>({ query, loading, children }: AnsweredProps<T>) {
  if (query.data !== undefined) return children(query.data);
  if (query.isError) return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  return loading ?? <LoadingLines />;
}
