import { screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { seededMember, seededPassword } from '@/testing/fake/seed';
import { open } from '@/testing/render';
import { fake } from '@/testing/server';

/** The form of a new key of that name, for tasks. */
async function beginKey(user: Awaited<ReturnType<typeof open>>['user'], name: string) {
  await user.click(await screen.findByRole('button', { name: 'New API key' }));
  const form = screen.getByRole('dialog', { name: 'New API key' });
  await user.click(within(form).getByLabelText(/^Name/));
  await user.paste(name);
  await user.click(await within(form).findByLabelText(/create_tasks/));
  return form;
}

test('a key is made for what is ticked, after the password, and shown once', async () => {
  const { user } = await open('/keys');
  fake.db.asksForPassword = true;
  const form = await beginKey(user, 'Deploy robot');
  // What it brings along is marked, and not for choosing.
  expect(within(form).getByLabelText(/read_tasks/)).toBeChecked();
  expect(within(form).getByLabelText(/read_tasks/)).toBeDisabled();
  await user.click(within(form).getByRole('button', { name: 'Create key' }));

  const again = await screen.findByRole('dialog', { name: 'Your password, please' });
  const password = within(again).getByLabelText(/^Password/);
  await user.click(password);
  await user.paste('not my password at all');
  await user.click(within(again).getByText('Continue'));
  expect(await within(again).findByText('That is not your password.')).toBeVisible();
  await user.clear(password);
  await user.paste(seededPassword);
  await user.click(within(again).getByText('Continue'));

  expect(await screen.findByLabelText('API key')).toHaveDisplayValue(/^ac_live_/);
  await user.click(screen.getByText('I have copied it'));
  expect(await screen.findByText('Deploy robot')).toBeVisible();
  expect(fake.db.apiKeys[0]?.scopes).toEqual(['create_tasks']);
});

test('a key is bound to agents, and then is for what is about single ones alone', async () => {
  const { user } = await open('/keys');
  const form = await beginKey(user, 'Help desk');
  await user.click(within(form).getByLabelText(/read_events/));
  await user.click(within(form).getByLabelText(/Only some agents/));
  expect(within(form).queryByLabelText(/read_events/)).toBeNull();
  expect(within(form).queryByLabelText(/create_agents/)).toBeNull();
  const agents = within(form).getByRole('combobox', { name: /Agents/ });
  expect(agents).toBeRequired();
  const [first, second] = fake.db.agents.map(({ name }) => name);
  await user.click(agents);
  for (const name of [first, second]) {
    await user.click(await screen.findByRole('option', { name: name ?? '' }));
  }
  await user.keyboard('{Escape}');
  await user.click(within(form).getByRole('button', { name: 'Create key' }));
  await user.click(await screen.findByText('I have copied it'));
  const row = (await screen.findByText('Help desk')).closest('tr');
  expect(row).toHaveTextContent(`${first}, ${second}`);
  expect(fake.db.apiKeys[0]?.scopes).toEqual(['create_tasks']);
  expect(fake.db.apiKeys[0]?.agent_ids).toEqual(fake.db.agents.slice(0, 2).map(({ id }) => id));
});

test('an agent that is gone since is named by the form', async () => {
  const { user } = await open('/keys');
  const form = await beginKey(user, 'Help desk');
  await user.click(within(form).getByLabelText(/Only some agents/));
  await user.click(within(form).getByRole('combobox', { name: /Agents/ }));
  const [gone] = fake.db.agents.splice(0, 1);
  await user.click(await screen.findByRole('option', { name: gone?.name ?? '' }));
  await user.click(within(form).getByRole('button', { name: 'Create key' }));
  expect(await within(form).findByText(`${gone?.name}: No agent has this id.`)).toBeVisible();
});

test('who does not give the password changes nothing', async () => {
  const { user } = await open('/keys');
  fake.db.asksForPassword = true;
  await user.click(await screen.findByRole('button', { name: 'Rotate Nightly import' }));
  await user.click(screen.getByRole('button', { name: 'Make the new key' }));
  const again = await screen.findByRole('dialog', { name: 'Your password, please' });
  await user.click(within(again).getByRole('button', { name: 'Cancel' }));
  const form = await screen.findByRole('dialog', { name: 'Rotate Nightly import' });
  expect(await within(form).findByText(/asks for a password given a moment ago/)).toBeVisible();
  expect(fake.db.apiKeys).toHaveLength(2);
});

test('a key is revoked after a question', async () => {
  const { user } = await open('/keys');
  await user.click(await screen.findByRole('button', { name: 'Revoke Nightly import' }));
  await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Revoke' }));
  await waitFor(() => expect(screen.getAllByText('Revoked')).toHaveLength(2));
  expect(screen.queryByRole('button', { name: 'Revoke Nightly import' })).toBeNull();
});

test('a provider’s key is set, shown by its end, and removed', async () => {
  const { user } = await open('/keys?tab=providers');
  await user.click(await screen.findByRole('button', { name: 'Set a provider’s key' }));
  const form = screen.getByRole('dialog');
  await user.click(within(form).getByLabelText(/Provider/));
  await user.paste('anthropic');
  await user.click(within(form).getByLabelText(/^Key/));
  await user.paste('sk-ant-5e6f');
  await user.click(within(form).getByRole('button', { name: 'Save key' }));
  expect(await screen.findByText('…5e6f')).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Remove the key of anthropic' }));
  await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Remove' }));
  expect(await screen.findByText('…3c4d')).toBeVisible();
  expect(screen.queryByText('…5e6f')).toBeNull();
});

test('a member sees no keys', async () => {
  await open('/keys', seededMember);
  expect(
    await screen.findByText(/Only an admin, an auditor or the owner can see this/),
  ).toBeVisible();
  expect(screen.getByRole('button', { name: 'New API key' })).toHaveAttribute(
    'aria-disabled',
    'true',
  );
});
