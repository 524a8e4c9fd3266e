import { screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { seededMember } from '@/testing/fake/seed';
import { open } from '@/testing/render';
import { fake } from '@/testing/server';

test('usage is told by day, agent and model, and the choice stands in the address', async () => {
  const { user, router } = await open('/usage');
  expect(await screen.findByRole('list', { name: 'Cost by day' })).toBeVisible();
  await user.click(screen.getByRole('link', { name: 'By agent' }));
  const agents = await screen.findByRole('table', { name: 'Usage by agent' });
  expect(within(agents).getByRole('link', { name: 'Scout' })).toBeVisible();
  expect(within(agents).getByText('$0.01736')).toBeVisible();
  await user.click(screen.getByRole('link', { name: 'By model' }));
  expect(await screen.findByRole('table', { name: 'Usage by model' })).toHaveTextContent('claude');
  expect(router.state.location.search).toBe('?by=model&days=30');
});

test('where nothing was consumed it says so', async () => {
  fake.db.tasks.length = 0;
  await open('/usage');
  expect(await screen.findByText('Nothing was consumed')).toBeVisible();
});

test('a budget is set, shown with what is spent, and taken away', async () => {
  const { user } = await open('/usage');
  await user.click(await screen.findByRole('button', { name: 'Set budget' }));
  const dialog = screen.getByRole('dialog', { name: 'Set budget' });
  await user.type(within(dialog).getByLabelText(/US dollars/), '2,5');
  await user.click(within(dialog).getByRole('button', { name: 'Save' }));
  expect(await within(dialog).findByText(/Must be an amount/)).toBeVisible();
  await user.clear(within(dialog).getByLabelText(/US dollars/));
  await user.type(within(dialog).getByLabelText(/US dollars/), '2.50');
  await user.click(within(dialog).getByRole('button', { name: 'Save' }));
  const meter = await screen.findByRole('meter', { name: 'Budget' });
  expect(meter).toHaveAttribute('aria-valuetext', '$0.01736 of $2.50');
  await user.click(screen.getByRole('button', { name: 'Set budget' }));
  const again = screen.getByRole('dialog');
  expect(within(again).getByLabelText(/US dollars/)).toHaveValue('2.50');
  await user.clear(within(again).getByLabelText(/US dollars/));
  await user.click(within(again).getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(screen.queryByRole('meter', { name: 'Budget' })).toBeNull());
  expect(fake.db.budgets.size).toBe(0);
});

test('an agent has a budget of its own, which a member only sees', async () => {
  const scout = fake.db.agents.find(({ name }) => name === 'Scout');
  if (scout === undefined) throw new Error('the seed has Scout');
  fake.db.budgets.set(scout.id, '1.000000');
  await open(`/agents/${scout.id}`, seededMember);
  const panel = await screen.findByRole('region', { name: 'Budget' });
  expect(await within(panel).findByText('of $1.00')).toBeVisible();
  expect(within(panel).getByRole('button', { name: 'Set budget' })).toHaveAttribute(
    'aria-disabled',
    'true',
  );
});
