import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { seededOwner, seededPassword } from '@/testing/fake/seed';
import { openAnonymously } from '@/testing/render';
import { fake } from '@/testing/server';

test('an organisation is created, its owner registers and signs in', async () => {
  const { user } = openAnonymously('/create-tenant');
  await user.type(await screen.findByLabelText(/Organisation name/), 'Zoë & Sons');
  expect(screen.getByLabelText(/Subdomain/)).toHaveValue('zoe-sons');
  await user.type(screen.getByLabelText(/Your name/), 'Zoë Lind');
  await user.type(screen.getByLabelText(/Your email/), 'zoe@sons.example');
  await user.click(screen.getByRole('button', { name: 'Continue' }));

  await screen.findByRole('heading', { name: 'Register as the owner' });
  expect(screen.getByLabelText(/Email/)).toHaveValue('zoe@sons.example');
  await user.type(screen.getByLabelText(/Password/), 'short');
  await user.click(screen.getByRole('button', { name: 'Register' }));
  expect(await screen.findByText('Must be at least 15 characters.')).toBeVisible();
  const password = screen.getByLabelText(/Password/);
  expect(password).toBeInvalid();
  expect(password).toHaveFocus();
  await user.type(password, ' no longer');
  await user.click(screen.getByRole('button', { name: 'Register' }));

  expect(await screen.findByText(/You are registered/)).toBeVisible();
  await user.type(screen.getByLabelText(/Password/), 'short no longer');
  await user.click(screen.getByRole('button', { name: 'Sign in' }));
  expect(await screen.findByRole('heading', { name: 'Overview' })).toBeVisible();
});

test('a taken subdomain is told at its field', async () => {
  const { user } = openAnonymously('/create-tenant');
  await user.type(await screen.findByLabelText(/Organisation name/), 'Northwind');
  await user.type(screen.getByLabelText(/Your name/), 'N');
  await user.type(screen.getByLabelText(/Your email/), 'n@n.example');
  await user.click(screen.getByRole('button', { name: 'Continue' }));
  expect(await screen.findByText('The subdomain is taken.')).toBeVisible();
  expect(screen.getByLabelText(/Subdomain/)).toBeInvalid();
  expect(screen.queryByRole('alert')).not.toBeInTheDocument();
});

test('an email of several organisations asks which one', async () => {
  const { db } = fake;
  const [tenant] = db.tenants;
  const [known] = db.users;
  if (tenant === undefined || known === undefined) throw new Error('the seed has both');
  db.tenants.push({ ...tenant, id: 'other', subdomain: 'southwind', name: 'Southwind' });
  db.users.push({ ...known, user: { ...known.user, id: 'other-ada', tenant_id: 'other' } });
  const { user } = openAnonymously('/login?next=/agents');
  await user.type(await screen.findByLabelText(/Email/), seededOwner);
  await user.type(screen.getByLabelText(/Password/), seededPassword);
  await user.click(screen.getByRole('button', { name: 'Sign in' }));
  await user.click(await screen.findByRole('combobox', { name: 'Organisation' }));
  await user.click(screen.getByRole('option', { name: 'Northwind Research' }));
  await user.click(screen.getByRole('button', { name: 'Sign in' }));
  expect(await screen.findByRole('heading', { name: 'Agents' })).toBeVisible();
});

test('a wrong password is told', async () => {
  const { user } = openAnonymously('/login');
  await user.type(await screen.findByLabelText(/Email/), seededOwner);
  await user.type(screen.getByLabelText(/Password/), 'wrong');
  await user.click(screen.getByRole('button', { name: 'Sign in' }));
  expect(await screen.findByRole('alert')).toHaveTextContent('The credentials are not right.');
});

test('who is not signed in is brought to the sign-in page and back', async () => {
  const { router } = openAnonymously('/tasks?status=failed');
  expect(await screen.findByRole('heading', { name: 'Sign in' })).toBeVisible();
  expect(router.state.location.search).toBe('?next=%2Ftasks%3Fstatus%3Dfailed');
});
