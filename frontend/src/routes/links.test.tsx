import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { seededInvitation, seededMember } from '@/testing/fake/seed';
import { openAnonymously } from '@/testing/render';
import { fake } from '@/testing/server';

test('the link of an invitation says what it offers, and lets in the invited', async () => {
  const { user, router } = openAnonymously(`/accept-invitation#token=${seededInvitation}`);
  expect(await screen.findByRole('heading', { name: 'Join Northwind Research' })).toBeVisible();
  expect(screen.getByText(/You are invited as an admin/)).toBeVisible();
  expect(screen.getByLabelText(/Email/)).toHaveValue('noor@northwind.example');
  expect(screen.getByLabelText(/Email/)).toHaveAttribute('readonly');
  expect(screen.getByLabelText(/Your name/)).toHaveValue('Noor Haddad');
  await user.type(screen.getByLabelText(/^Password/), 'eleven lamps by the sea');
  await user.click(screen.getByRole('button', { name: 'Register' }));
  expect(await screen.findByText('You are registered. Sign in to continue.')).toBeVisible();
  expect(router.state.location.pathname).toBe('/login');
});

test('an invitation that is no longer open says so', async () => {
  openAnonymously('/accept-invitation#token=another');
  expect(await screen.findByText('This invitation is no longer open')).toBeVisible();
});

test('a forgotten password is replaced by a link', async () => {
  const { user, router } = openAnonymously('/login');
  await user.click(await screen.findByRole('link', { name: 'Forgot your password?' }));
  await screen.findByRole('heading', { name: 'Forgot your password?' });
  await user.type(screen.getByLabelText(/Email/), seededMember);
  await user.click(screen.getByRole('button', { name: 'Send the link' }));
  expect(await screen.findByText('Look into your mail')).toBeVisible();
  const [token] = [...fake.db.resets.keys()];

  await router.navigate(`/reset-password#token=${token}`);
  await user.type(await screen.findByLabelText(/New password/), 'nine cellos in a barn');
  await user.click(screen.getByRole('button', { name: 'Save the password' }));
  expect(await screen.findByText('Your new password is in force. Sign in with it.')).toBeVisible();
  const grace = fake.db.users.find(({ user }) => user.email === seededMember);
  expect(grace?.password).toBe('nine cellos in a barn');
});

test('asking for a link tells nobody who is there', async () => {
  const { user } = openAnonymously('/forgot-password');
  await user.type(await screen.findByLabelText(/Email/), 'nobody@nowhere.example');
  await user.click(screen.getByRole('button', { name: 'Send the link' }));
  expect(await screen.findByText('Look into your mail')).toBeVisible();
});

test('a used link to reset a password is told', async () => {
  const { user } = openAnonymously('/reset-password#token=used');
  await user.type(await screen.findByLabelText(/New password/), 'nine cellos in a barn');
  await user.click(screen.getByRole('button', { name: 'Save the password' }));
  expect(await screen.findByText(/used, replaced or expired/)).toBeVisible();
});
