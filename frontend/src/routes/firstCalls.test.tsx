import { act } from '@testing-library/react';
import { matchRoutes, type RouteObject } from 'react-router';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { queryClient } from '@/api/query';
import { open } from '@/testing/render';
import { fake, server } from '@/testing/server';
import { routes } from '.';
import listedCalls from './firstCalls.json';

/** By the page's path; the service's own tests read the list too. */
const firstCalls: Record<string, string[]> = listedCalls;

/** The paths of every route that is a page, as the router has them. */
function pagesOf(all: RouteObject[], above = ''): string[] {
  return all.flatMap((route) => {
    const path = `${above}/${route.path ?? ''}`.replaceAll(/\/+/g, '/');
    if (route.children !== undefined) return pagesOf(route.children, path);
    return [path === '/' ? path : path.replace(/\/$/, '')];
  });
}

const pages = pagesOf(routes);

/** An address of the page, with the ids of things that are there. */
function addressOf(page: string): string {
  const turn = fake.db.tasks.find(({ conversation_id }) => conversation_id !== null);
  const running = fake.db.tasks.find(({ status }) => status === 'running');
  if (turn === undefined || running === undefined) throw new Error('the seed has both');
  const id = page.startsWith('/tasks/') ? running.id : turn.agent_id;
  return page
    .replace(':id', id)
    .replace(':conversation?', turn.conversation_id ?? '')
    .replace('*', 'no-such-page');
}

const made = new Set<string>();

function note({ request }: { request: Request }) {
  if (request.method !== 'GET') return;
  const path = new URL(request.url).pathname.replace('/api/v1', '');
  made.add(path.replaceAll(/\/[\da-f]{8}-[\da-f-]{27}/g, '/{id}'));
}

beforeEach(() => {
  made.clear();
  server.events.on('request:start', note);
});
afterEach(() => server.events.removeListener('request:start', note));

/** Returns once nothing is asked any more, and nothing that was shown then asked anew. */
async function settled() {
  let before = -1;
  while (before !== made.size) {
    before = made.size;
    await vi.waitFor(() => expect(queryClient.isFetching()).toBe(0), { timeout: 8000 });
    await act(() => new Promise<void>((resolve) => setTimeout(resolve)));
  }
}

test('every page stands in the list, and nothing else does', () => {
  expect(Object.keys(firstCalls).toSorted()).toEqual(pages.toSorted());
});

test.each(Object.entries(firstCalls))('%s asks first what the list says', async (path, listed) => {
  const address = addressOf(path);
  const page = matchRoutes(routes, address) ?? [];
  expect(page.at(-1)?.pathname).toBe(address);
  // Loading a page's code for the first time takes its time on a busy machine.
  for (const { route } of page) {
    if (typeof route.lazy === 'function') await route.lazy();
  }
  await open(address);
  await vi.waitFor(() => expect([...made].toSorted()).toEqual(listed.toSorted()), {
    timeout: 8000,
  });
  await settled();
  expect([...made].toSorted()).toEqual(listed.toSorted());
  // The others wait for it, and find the session known.
  if (listed.includes('/auth/me')) expect([...made][0]).toBe(listed[0]);
});
