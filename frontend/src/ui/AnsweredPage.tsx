import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Answered } from './Answered';
import { Page } from './Page';
import { Panel } from './Panel';

interface AnsweredPageProps<T> {
  query: UseQueryResult<T>;
  /** What the page is called as long as its thing has no name. */
  title: string;
  /** The page itself. */
  children: (data: T) => ReactNode;
}

/** The page of one thing; until it is there, a page that says why. */
export function AnsweredPage<T>({ query, title, children }: AnsweredPageProps<T>) {
  if (query.data !== undefined) return children(query.data);
  return (
    <Page title={title}>
      <Panel>
        <Answered query={query}>{children}</Answered>
      </Panel>
    </Page>
  );
}
