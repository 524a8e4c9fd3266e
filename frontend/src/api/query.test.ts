import { QueryObserver } from '@tanstack/react-query';
import { expect, test, vi } from 'vitest';
import { createQueryClient, invalidate, keepAnswer, readKey } from './query';

const path = '/api/v1/tasks/{id}';
const list = '/api/v1/tasks';
const queryKey = readKey(path, { path: { id: '7' } });

test('an answer that comes after the event of what followed it is shown and read again', async () => {
  const client = createQueryClient();
  await keepAnswer(client, { path, list }, { id: '7', status: 'pending' });
  // The task is executed, and has ended before the answer to executing it arrives.
  await invalidate(client, path, { id: '7' });
  await keepAnswer(client, { path, list }, { id: '7', status: 'queued' });

  const queryFn = vi.fn(async () => ({ id: '7', status: 'completed' }));
  const page = new QueryObserver(client, { queryKey, queryFn });
  const end = page.subscribe(() => {});
  expect(page.getCurrentResult().data?.status).toBe('queued');
  await vi.waitFor(() => expect(page.getCurrentResult().data?.status).toBe('completed'));
  expect(queryFn).toHaveBeenCalledOnce();
  end();
});
