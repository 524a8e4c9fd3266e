import { screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { seededInvitation, seededMember } from '@/testing/fake/seed';
import { open } from '@/testing/render';
import { fake } from '@/testing/server';

test('an invitation shows its link once', async () => {
  const { user } = await open('/team');
  await user.click(await screen.findByRole('button', { name: 'Invite' }));
  const dialog = screen.getByRole('dialog');
  await user.type(within(dialog).getByLabelText(/Email/), 'lin@northwind.example');
  await user.click(within(dialog).getByRole('button', { name: 'Invite' }));
  const link = await screen.findByLabelText('Invitation link');
  expect(link).toHaveDisplayValue(/\/accept-invitation#token=invite-/);
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

test('an invitation is sent anew with another link, then taken back', async () => {
  const { user } = await open('/team?tab=invitations');
  const again = { name: 'Send anew the invitation of Noor Haddad' };
  await user.click(await screen.findByRole('button', again));
  expect(await screen.findByLabelText('Invitation link')).toHaveDisplayValue(
    `http://dashboard.test/accept-invitation#token=${fake.db.invitations[0]?.token}`,
  );
  expect(fake.db.invitations[0]?.token).not.toBe(seededInvitation);
  await user.click(screen.getByRole('button', { name: 'Done' }));
  await user.click(
    await screen.findByRole('button', { name: 'Take back the invitation of Noor Haddad' }),
  );
  await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Take back' }));
  expect(await screen.findByText('No one is invited')).toBeVisible();
});

test('a member does not see who is invited, and sees what each role allows', async () => {
  const { user } = await open('/team?tab=invitations', seededMember);
  expect(
    await screen.findByText(/Only an admin, an auditor or the owner can see this/),
  ).toBeVisible();
  await user.click(screen.getByRole('link', { name: 'Roles' }));
  const table = await screen.findByRole('table', { name: 'Permissions by role' });
  const row = within(table).getByRole('row', { name: /read_audit/ });
  expect(within(row).getAllByTitle('Yes')).toHaveLength(3);
});

test('someone’s access is looked after without a password', async () => {
  const { user } = await open('/team');
  await user.click(await screen.findByRole('button', { name: 'Edit Grace Okafor' }));
  await user.click(screen.getByRole('button', { name: 'Send a link to reset the password' }));
  expect(
    await screen.findByText('A link to choose a new password goes to Grace Okafor'),
  ).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'End all sessions' }));
  expect(await screen.findByText('Grace Okafor is signed out everywhere')).toBeVisible();
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
