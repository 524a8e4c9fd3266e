import { screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { agentActor, record, touch } from '@/testing/fake/db';
import { addTask } from '@/testing/fake/work';
import { open } from '@/testing/render';
import { fake } from '@/testing/server';

test('the result of an executed task appears by the live stream', async () => {
  const { user } = await open('/tasks');
  await user.click(await screen.findByRole('button', { name: 'New task' }));
  const dialog = screen.getByRole('dialog', { name: 'New task' });
  await user.type(within(dialog).getByLabelText(/^Name/), 'Say it back');
  await user.click(within(dialog).getByRole('combobox', { name: /Agent/ }));
  await user.click(await screen.findByRole('option', { name: 'Echo' }));
  await user.type(within(dialog).getByLabelText('Input'), 'The tide is turning');
  await user.click(within(dialog).getByRole('button', { name: 'Create and execute' }));

  expect(await screen.findByRole('heading', { name: 'Say it back' })).toBeVisible();
  const result = await screen.findByRole('region', { name: 'Result' });
  expect(
    await within(result).findByText(/The tide is turning/, {}, { timeout: 4000 }),
  ).toBeVisible();
  expect(screen.getByText('Completed')).toBeVisible();
  expect(fake.db.tasks.filter(({ name }) => name === 'Say it back')).toHaveLength(1);
});

test('the answer of a running task grows on its page', async () => {
  const agent = fake.db.agents.find(({ name }) => name === 'Echo');
  const [owner] = fake.db.users;
  if (agent === undefined || owner === undefined) throw new Error('seeded');
  const given = {
    name: 'Tell a story',
    agent_id: agent.id,
    input_data: { prompt: 'Once upon a time' },
  };
  const task = addTask(fake.db, owner.user, given);
  touch(fake.db, task, { status: 'running', started_at: fake.db.now(), attempts: 1 });
  const about = { type: 'task', id: task.id } as const;
  const actor = agentActor(fake.db, agent.id);
  record(fake.db, task.tenant_id, actor, about, 'task.attempt_started', { number: 1 });
  await open(`/tasks/${task.id}`);
  const answer = await screen.findByRole('group', { name: 'Answer so far' });
  expect(answer).toHaveTextContent(/^Once upo$/);
  expect(answer).toHaveAttribute('aria-busy', 'true');
});

test('a task whose agent does not run says what to do first', async () => {
  const { user } = await open('/tasks');
  const button = await screen.findByRole('button', { name: 'Execute October invoices' });
  await user.hover(button);
  expect(await screen.findByRole('tooltip')).toHaveTextContent('Start Invoice reader first.');
});

test('a failed task shows why and can be retried', async () => {
  const failed = fake.db.tasks.find(({ status }) => status === 'failed');
  await open(`/tasks/${failed?.id}`);
  const result = await screen.findByRole('region', { name: 'Result' });
  expect(within(result).getByText('The provider refused the key (401).')).toBeVisible();
  expect(screen.getByRole('button', { name: 'Retry Press of the week' })).toBeVisible();
});

test('each call that a task made is listed with what it took', async () => {
  const task = fake.db.tasks.find(({ name }) => name === 'Compare two retrieval papers');
  await open(`/tasks/${task?.id}`);
  const steps = await screen.findByRole('table', { name: 'Steps' });
  expect(steps).toHaveTextContent('1. claude');
  expect(steps).toHaveTextContent('1,834 in, 212 out');
  expect(steps).toHaveTextContent('$0.00868');
});
