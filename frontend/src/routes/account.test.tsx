import { screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { seededOwner, seededPassword } from '@/testing/fake/seed';
import { open, signIn } from '@/testing/render';
import { fake } from '@/testing/server';

test('sessions are listed and ended, one and all others', async () => {
  for (let count = 0; count < 3; count += 1) await signIn(seededOwner);
  const { user } = await open('/account');
  const table = await screen.findByRole('table', { name: 'Sessions' });
  expect(within(table).getAllByRole('row')).toHaveLength(5);
  expect(within(table).getByText('Chrome on Linux')).toBeVisible();
  const [first] = screen.getAllByRole('button', { name: 'End the session of curl' });
  if (first === undefined) throw new Error('there are others');
  await user.click(first);
  expect(await screen.findByText('The session is ended')).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'End all others' }));
  await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'End them' }));
  expect(await screen.findByText('You are signed in here alone')).toBeVisible();
  expect(fake.db.sessions.size).toBe(1);
});

test('a password is changed in exchange for the present one', async () => {
  const { user } = await open('/account?tab=password');
  const form = await screen.findByRole('form', { name: 'Change your password' });
  const present = within(form).getByLabelText(/Present password/);
  const next = within(form).getByLabelText(/New password/);
  const send = () => user.click(within(form).getByRole('button', { name: 'Change password' }));
  await user.type(present, 'not my password at all');
  await user.type(next, 'short');
  await send();
  expect(await within(form).findByText('Must be at least 15 characters.')).toBeVisible();
  await user.clear(next);
  await user.type(next, 'seven violins on a pier');
  await send();
  expect(await within(form).findByText('That is not your password.')).toBeVisible();
  await user.clear(present);
  await user.type(present, seededPassword);
  await send();
  expect(await screen.findByText('Your new password is in force')).toBeVisible();
  expect(next).toHaveValue('');
  const ada = fake.db.users.find((known) => known.user.email === seededOwner);
  expect(ada?.password).toBe('seven violins on a pier');
});

test('one’s own name is changed', async () => {
  const { user } = await open('/account?tab=profile');
  const name = await screen.findByLabelText(/Your name/);
  await user.clear(name);
  await user.type(name, 'Ada M. Moreau');
  await user.click(screen.getByRole('button', { name: 'Save profile' }));
  expect(await screen.findByText('Profile saved')).toBeVisible();
});
