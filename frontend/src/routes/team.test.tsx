import { screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { seededMember } from '@/testing/fake/seed';
import { open } from '@/testing/render';

test('an invitation shows its link once', async () => {
  const { user } = await open('/team');
  await user.click(await screen.findByRole('button', { name: 'Invite' }));
  const dialog = screen.getByRole('dialog');
  await user.type(within(dialog).getByLabelText(/Email/), 'lin@northwind.example');
  await user.click(within(dialog).getByRole('button', { name: 'Invite' }));
  const link = await screen.findByLabelText('Invitation link');
  expect(link).toHaveDisplayValue(/\/register#.*email=lin%40northwind\.example&invitation_token=/);
  await user.click(screen.getByRole('button', { name: 'Done' }));
  expect(await screen.findByText('lin@northwind.example')).toBeVisible();
});

test('someone who is in the team already is told at the field', async () => {
  const { user } = await open('/team');
  await user.click(await screen.findByRole('button', { name: 'Invite' }));
  const dialog = screen.getByRole('dialog');
  await user.type(within(dialog).getByLabelText(/Email/), seededMember);
  await user.click(within(dialog).getByRole('button', { name: 'Invite' }));
  expect(
    await within(dialog).findByText('This email belongs to someone in your organisation already.'),
  ).toBeVisible();
});

test('the last owner stays the owner', async () => {
  const { user } = await open('/team');
  await user.click(await screen.findByRole('button', { name: 'Edit Ada Moreau' }));
  const dialog = screen.getByRole('dialog');
  await user.click(within(dialog).getByRole('combobox', { name: 'Role' }));
  await user.click(screen.getByRole('option', { name: 'Member' }));
  await user.click(within(dialog).getByRole('button', { name: 'Save' }));
  expect(
    await within(dialog).findByText('The last owner can be neither removed nor lowered.'),
  ).toBeVisible();
});

test('a member sees the log refused with the reason', async () => {
  await open('/audit', seededMember);
  expect(await screen.findByText('Your role does not include this')).toBeVisible();
});

test('an event of the log opens its payload', async () => {
  const { user } = await open('/audit?event_type=agent.created');
  const [event] = await screen.findAllByRole('button', { name: /created agent “Press monitor”/ });
  if (event === undefined) throw new Error('the seed has this event');
  await user.click(event);
  expect(screen.getByText(/"agent_type": "openai\/gpt-4o"/)).toBeVisible();
  expect(event).toHaveAttribute('aria-expanded', 'true');
});
