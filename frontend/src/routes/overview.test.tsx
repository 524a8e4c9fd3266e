import { screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { seededMember } from '@/testing/fake/seed';
import { open } from '@/testing/render';
import { fake } from '@/testing/server';

test('all work is stopped with a reason, and the answer lists what was cut off', async () => {
  const { user } = await open('/');
  await user.click(await screen.findByRole('button', { name: 'Stop all work' }));
  const dialog = screen.getByRole('dialog', { name: 'Stop all work?' });
  expect(await within(dialog).findByText('Running right now: 1')).toBeVisible();
  await user.type(within(dialog).getByLabelText(/Why/), 'Wrong customers');
  await user.click(within(dialog).getByRole('button', { name: 'Stop all work' }));
  const stopped = await screen.findByRole('dialog', { name: 'All work is stopped' });
  const cutOff = within(stopped).getByRole('region', { name: 'Cut off: 1' });
  expect(within(cutOff).getByRole('link', { name: 'Weekly digest' })).toBeVisible();
  await user.click(within(stopped).getByRole('button', { name: 'Close' }));
  const told = fake.db.events.findLast(({ event_type }) => event_type === 'tenant.work_stopped');
  expect(told?.data).toEqual({ reason: 'Wrong customers' });

  expect(await screen.findByText(/All work is stopped since/)).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Let it go on' }));
  await waitFor(() => expect(screen.queryByText(/All work is stopped since/)).toBeNull());
  expect(fake.db.tenants[0]?.work_stopped_at).toBeNull();
});

test('who is no owner is offered no stop and learns why', async () => {
  await open('/', seededMember);
  expect(await screen.findByRole('button', { name: 'Stop all work' })).toHaveAttribute(
    'aria-disabled',
    'true',
  );
});
