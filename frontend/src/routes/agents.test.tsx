import { screen, within } from '@testing-library/react';
import { delay, HttpResponse, http } from 'msw';
import { expect, test } from 'vitest';
import { seededMember } from '@/testing/fake/seed';
import { open } from '@/testing/render';
import { fake, server } from '@/testing/server';

test('agents are listed with what can be asked of them', async () => {
  const { user } = await open('/agents');
  const row = (await screen.findByRole('link', { name: 'Scout' })).closest('tr');
  if (row === null) throw new Error('agents stand in rows');
  expect(within(row).getByText('Running')).toBeVisible();
  await user.click(within(row).getByRole('button', { name: 'Pause Scout' }));
  expect(await within(row).findByText('Paused')).toBeVisible();
  expect(within(row).getByRole('button', { name: 'Resume Scout' })).toBeVisible();
});

test('the filters stand in the address', async () => {
  const { user, router } = await open('/agents?status=paused');
  expect(await screen.findByRole('link', { name: 'Invoice reader' })).toBeVisible();
  expect(screen.queryByRole('link', { name: 'Scout' })).not.toBeInTheDocument();
  await user.click(screen.getByRole('button', { name: 'Clear filters' }));
  expect(await screen.findByRole('link', { name: 'Scout' })).toBeVisible();
  expect(router.state.location.search).toBe('');
});

test('an agent is created and opened', async () => {
  const { user } = await open('/agents');
  await user.click(await screen.findByRole('button', { name: 'New agent' }));
  const dialog = screen.getByRole('dialog', { name: 'New agent' });
  await user.type(within(dialog).getByLabelText(/Name/), 'Parrot');
  await user.click(within(dialog).getByRole('button', { name: 'Create agent' }));
  expect(await screen.findByRole('heading', { name: 'Parrot' })).toBeVisible();
  expect(fake.db.agents[0]).toMatchObject({ name: 'Parrot', agent_type: 'echo' });
});

test('invalid fields are told where they are', async () => {
  const { user } = await open('/agents');
  await user.click(await screen.findByRole('button', { name: 'New agent' }));
  const dialog = screen.getByRole('dialog');
  await user.type(within(dialog).getByLabelText(/Name/), ' ');
  await user.clear(within(dialog).getByRole('combobox', { name: /Type/ }));
  await user.type(within(dialog).getByRole('combobox', { name: /Type/ }), 'parrot');
  await user.click(within(dialog).getByRole('button', { name: 'Create agent' }));
  expect(await within(dialog).findByText('Must not be blank.')).toBeVisible();
  expect(within(dialog).getByText(/^Must be gpt-4, claude/)).toBeVisible();
  expect(within(dialog).getByLabelText(/Name/)).toHaveFocus();
});

test('text that is no JSON keeps the form from sending', async () => {
  const { user } = await open('/agents');
  await user.click(await screen.findByRole('button', { name: 'New agent' }));
  const field = within(screen.getByRole('dialog')).getByLabelText(/Configuration/);
  await user.click(field);
  await user.paste('[1, 2');
  expect(field).toBeInvalid();
  expect(screen.getByText(/Not JSON yet/)).toBeVisible();
});

test('a reached limit is shown with its numbers and leads to the plans', async () => {
  const [first] = fake.db.agents;
  if (first === undefined) throw new Error('the seed has agents');
  fake.db.agents.push({ ...first, id: 'fifth', name: 'Fifth' });
  const { user } = await open('/agents');
  await user.click(await screen.findByRole('button', { name: 'New agent' }));
  const dialog = screen.getByRole('dialog');
  await user.type(within(dialog).getByLabelText(/Name/), 'Sixth');
  await user.click(within(dialog).getByRole('button', { name: 'Create agent' }));
  const alert = await within(dialog).findByRole('alert');
  expect(alert).toHaveTextContent('5 of 5 agents are in use.');
  await user.click(within(alert).getByRole('link', { name: 'See plans' }));
  expect(await screen.findByRole('list', { name: 'Plans' })).toBeVisible();
});

test('a change in between is refused instead of lost', async () => {
  const scout = fake.db.agents.find(({ name }) => name === 'Scout');
  if (scout === undefined) throw new Error('the seed has Scout');
  const { user } = await open(`/agents/${scout.id}`);
  await user.click(await screen.findByRole('button', { name: 'Edit' }));
  scout.version += 1;
  await user.click(screen.getByRole('button', { name: 'Save' }));
  expect(await screen.findByText(/Someone changed this while you were editing/)).toBeVisible();
});

test('an agent is paused and what it runs cancelled, after a question', async () => {
  const { scout, running } = atWork();
  const { user } = await open(`/agents/${scout.id}`);
  await user.click(await screen.findByRole('button', { name: 'Pause and cancel' }));
  const dialog = screen.getByRole('dialog', { name: 'Pause Scout and cancel its tasks?' });
  await user.click(within(dialog).getByRole('button', { name: 'Keep it' }));
  expect(scout.status).toBe('running');
  await user.click(screen.getByRole('button', { name: 'Pause and cancel' }));
  await user.click(
    within(screen.getByRole('dialog')).getByRole('button', { name: 'Pause and cancel' }),
  );
  expect(await screen.findByRole('button', { name: 'Resume Scout' })).toBeVisible();
  expect(screen.queryByRole('button', { name: 'Pause and cancel' })).not.toBeInTheDocument();
  expect(running.status).toBe('cancelled');
});

test('an agent that is only paused brings what it runs to its end', async () => {
  const { scout, running } = atWork();
  const { user } = await open(`/agents/${scout.id}`);
  await user.click(await screen.findByRole('button', { name: 'Pause Scout' }));
  expect(await screen.findByRole('button', { name: 'Resume Scout' })).toBeVisible();
  expect(running.status).toBe('running');
  expect(screen.getByRole('link', { name: 'Talk' })).toHaveAttribute(
    'href',
    `/agents/${scout.id}/conversations`,
  );
});

function atWork() {
  const scout = fake.db.agents.find(({ name }) => name === 'Scout');
  const running = fake.db.tasks.find(
    ({ agent_id, status }) => agent_id === scout?.id && status === 'running',
  );
  if (scout === undefined || running === undefined) throw new Error('Scout is at work in the seed');
  return { scout, running };
}

test('a member cannot delete the agent of another and learns why', async () => {
  const scout = fake.db.agents.find(({ name }) => name === 'Scout');
  const { user } = await open(`/agents/${scout?.id}`, seededMember);
  const button = await screen.findByRole('button', { name: 'Delete' });
  expect(button).toHaveAttribute('aria-disabled', 'true');
  await user.click(button);
  expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
  expect(await screen.findByRole('tooltip')).toHaveTextContent(
    'Only its creator, an admin or the owner can do this.',
  );
});

test('an empty organisation is invited to begin', async () => {
  fake.db.agents.length = 0;
  await open('/agents');
  expect(await screen.findByText('Your first agent starts here')).toBeVisible();
});

test('a list that does not load says so and tries again', async () => {
  server.use(
    http.get('*/api/v1/agents', () =>
      HttpResponse.json(
        { type: 'about:blank', title: 'Forbidden', status: 403, code: 'forbidden', detail: 'No.' },
        { status: 403 },
      ),
    ),
  );
  await open('/agents');
  expect(await screen.findByText('Your role does not include this')).toBeVisible();
});

test('while the list loads, it says so', async () => {
  server.use(
    http.get('*/api/v1/agents', async () => {
      await delay('infinite');
      return HttpResponse.json({});
    }),
  );
  await open('/agents');
  expect(await screen.findByRole('status', { name: 'Loading' })).toBeVisible();
});
