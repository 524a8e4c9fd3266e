import { screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { seededMember } from '@/testing/fake/seed';
import { open } from '@/testing/render';
import { fake } from '@/testing/server';

test('what waits for a person shows exactly what would be called', async () => {
  await open('/approvals');
  const card = await screen.findByRole('region', { name: 'http_request' });
  expect(within(card).getByRole('link', { name: 'Answer the reviewer' })).toBeVisible();
  expect(within(card).getByRole('link', { name: 'Scout' })).toBeVisible();
  expect(within(card).getByLabelText('call of http_request')).toHaveTextContent(
    'https://mail.northwind.example/send',
  );
});

test('what would change by being read is shown as it was asked', async () => {
  const [asked] = fake.db.approvals;
  if (asked === undefined) throw new Error('the seed has an approval');
  asked.shown_text = '{"tool":"pay","arguments":{"to":"a","to":"b","amount":12345678901234567890}}';
  await open('/approvals');
  expect(await screen.findByLabelText('call of http_request')).toHaveTextContent(asked.shown_text);
});

test('an approval goes with the hash of what was shown and the reason', async () => {
  const { user } = await open('/approvals');
  await user.click(
    await screen.findByRole('button', { name: 'Approve http_request for Answer the reviewer' }),
  );
  const dialog = screen.getByRole('dialog', { name: 'Approve http_request?' });
  await user.type(within(dialog).getByLabelText(/Why/), 'The words are mine.');
  await user.click(within(dialog).getByRole('button', { name: 'Approve' }));
  expect(await screen.findByText('Nothing waits for you')).toBeVisible();
  const decided = fake.db.events.findLast(({ event_type }) => event_type.endsWith('_decided'));
  expect(decided?.data).toMatchObject({
    answer: { verdict: 'approved', reason: 'The words are mine.' },
  });
});

test('a denial needs a reason', async () => {
  const { user } = await open('/approvals');
  await user.click(await screen.findByRole('button', { name: /^Deny http_request/ }));
  const dialog = screen.getByRole('dialog');
  expect(within(dialog).getByLabelText(/Why/)).toBeRequired();
  await user.type(within(dialog).getByLabelText(/Why/), 'Not like this.');
  await user.click(within(dialog).getByRole('button', { name: 'Deny' }));
  await waitFor(() => expect(fake.db.approvals).toEqual([]));
});

test('who answers something else than is asked by now is told so', async () => {
  const { user } = await open('/approvals');
  await user.click(await screen.findByRole('button', { name: /^Approve http_request/ }));
  const [asked] = fake.db.approvals;
  if (asked === undefined) throw new Error('the seed has an approval');
  asked.shown_hash = '0'.repeat(64);
  const dialog = screen.getByRole('dialog');
  await user.click(within(dialog).getByRole('button', { name: 'Approve' }));
  expect(await within(dialog).findByText('What was shown is not what is asked.')).toBeVisible();
});

test('a member sees what waits and cannot answer', async () => {
  await open('/approvals', seededMember);
  const button = await screen.findByRole('button', { name: /^Approve http_request/ });
  expect(button).toHaveAttribute('aria-disabled', 'true');
});
