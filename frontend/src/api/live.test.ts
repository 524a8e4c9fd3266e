import { QueryClient } from '@tanstack/react-query';
import { expect, test, vi } from 'vitest';
import { eventTypes } from '@/lib/eventTypes';
import { createRefetcher, readsChangedBy } from './live';
import { readKey } from './query';
import type { CloudEvent } from './stream';

test('every kind of event changes the log', () => {
  for (const type of [...eventTypes, 'agent.something_new']) {
    const paths = readsChangedBy({ type, subject: 'agent/7' }).map(({ path }) => path);
    expect(paths, type).toContain('/api/v1/audit/events');
  }
});

test('a completed task changes itself and the lists of tasks, and no agent', () => {
  const reads = readsChangedBy({ type: 'task.completed', subject: 'task/7' });
  expect(reads).toContainEqual({ path: '/api/v1/tasks' });
  expect(reads).toContainEqual({ path: '/api/v1/tasks/{id}', id: '7' });
  expect(reads.some(({ path }) => path.startsWith('/api/v1/agents'))).toBe(false);
});

test('a new agent counts against the plan', () => {
  const paths = readsChangedBy({ type: 'agent.created', subject: 'agent/7' }).map(
    ({ path }) => path,
  );
  expect(paths).toContain('/api/v1/tenants/current/usage');
});

test('a burst of events marks each read stale once, and other tasks stay fresh', () => {
  vi.useFakeTimers();
  const client = new QueryClient();
  const marked = vi.spyOn(client, 'invalidateQueries');
  const mine = readKey('/api/v1/tasks/{id}', { path: { id: '7' } });
  const other = readKey('/api/v1/tasks/{id}', { path: { id: '8' } });
  client.setQueryData(mine, {});
  client.setQueryData(other, {});
  const tell = createRefetcher(client);
  const event: CloudEvent = {
    specversion: '1.0',
    id: 'e',
    source: '/tenants/1',
    type: 'task.amended',
    subject: 'task/7',
    time: '2026-01-01T00:00:00Z',
    datacontenttype: 'application/json',
    data: {},
    tenantid: '1',
    position: 1,
    sequence: 1,
    actor: { type: 'system', id: null, name: null },
  };
  for (let count = 0; count < 50; count += 1) tell(event);
  expect(marked).not.toHaveBeenCalled();
  vi.advanceTimersByTime(100);
  expect(marked).toHaveBeenCalledTimes(readsChangedBy(event).length);
  expect(client.getQueryState(mine)?.isInvalidated).toBe(true);
  expect(client.getQueryState(other)?.isInvalidated).toBe(false);
  vi.useRealTimers();
});
