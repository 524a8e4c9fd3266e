import { screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { seededMember } from '@/testing/fake/seed';
import { open } from '@/testing/render';
import { fake } from '@/testing/server';

test('schedules show their times, what they led to and what was left out', async () => {
  await open('/schedules');
  const row = (await screen.findByText('Morning report')).closest('tr');
  if (row === null) throw new Error('the list is a table');
  expect(within(row).getByText('30 8 * * MON-FRI')).toBeVisible();
  expect(within(row).getByRole('link', { name: 'Scout' })).toBeVisible();
  expect(within(row).getByText('2 left out: the task before was not over')).toBeVisible();
  expect(screen.getByText('Paused')).toBeVisible();
});

test('a schedule is made with the times that were shown before', async () => {
  const { user } = await open('/schedules');
  await user.click(await screen.findByRole('button', { name: 'New schedule' }));
  const form = screen.getByRole('dialog', { name: 'New schedule' });
  await user.click(within(form).getByLabelText(/^Name/));
  await user.paste('Evening report');
  await user.click(within(form).getByLabelText(/^Agent/));
  await user.click(await screen.findByRole('option', { name: 'Echo' }));
  await user.clear(within(form).getByLabelText(/^Times/));
  await user.paste('0 12 * * *');
  await user.clear(within(form).getByLabelText(/^Time zone/));
  await user.paste('UTC');
  const next = within(form).getByRole('region', { name: 'Next runs' });
  await waitFor(() => expect(within(next).getAllByRole('listitem')).toHaveLength(5));
  await user.click(within(form).getByLabelText(/^Input/));
  await user.paste('What came in today?');
  await user.click(within(form).getByRole('button', { name: 'More options' }));
  await user.click(await within(form).findByLabelText('If the task before is not over'));
  await user.click(await screen.findByRole('option', { name: 'Queue another task' }));
  await user.click(within(form).getByRole('button', { name: 'Create schedule' }));
  expect(await screen.findByText('Evening report')).toBeVisible();
  expect(fake.db.schedules[0]).toMatchObject({
    cron: '0 12 * * *',
    time_zone: 'UTC',
    input_data: { prompt: 'What came in today?' },
    overlap: 'queue',
    enabled: true,
  });
});

test('times that never come are told at their field', async () => {
  const { user } = await open('/schedules');
  await user.click(await screen.findByRole('button', { name: 'Edit Morning report' }));
  const form = screen.getByRole('dialog', { name: 'Edit Morning report' });
  await user.clear(within(form).getByLabelText(/^Times/));
  await user.paste('every day');
  expect(await within(form).findByText('This is no time that comes.')).toBeVisible();
  await user.click(within(form).getByRole('button', { name: 'Save schedule' }));
  expect(await within(form).findByText(/must be a cron expression/i)).toBeVisible();
});

test('a schedule is paused, goes on, and is deleted after a question', async () => {
  const { user } = await open('/schedules');
  await user.click(await screen.findByRole('button', { name: 'Pause Morning report' }));
  await user.click(await screen.findByRole('button', { name: 'Resume Morning report' }));
  await screen.findByRole('button', { name: 'Pause Morning report' });
  await user.click(screen.getByRole('button', { name: 'Delete Morning report' }));
  await user.click(
    within(screen.getByRole('dialog')).getByRole('button', { name: 'Delete schedule' }),
  );
  await waitFor(() => expect(screen.queryByText('Morning report')).toBeNull());
});

test('a member cannot touch the schedules of others', async () => {
  await open('/schedules', seededMember);
  const pause = await screen.findByRole('button', { name: 'Pause Morning report' });
  expect(pause).toHaveAttribute('aria-disabled', 'true');
});
