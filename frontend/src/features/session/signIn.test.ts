import { expect, test } from 'vitest';
import { invitationLink, registrationFrom } from './registration';
import { safeNext } from './signIn';

test('signing in leads to pages of the dashboard only', () => {
  expect(safeNext('/tasks?status=failed')).toBe('/tasks?status=failed');
  for (const next of [
    null,
    '',
    'tasks',
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
  ]) {
    expect(safeNext(next), String(next)).toBe('/');
  }
});

test('an invitation link carries its token behind the hash and is read back', () => {
  const invitation = {
    tenant_subdomain: 'acme',
    email: 'a+b@acme.example',
    invitation_token: 'x/y=',
  };
  const link = new URL(invitationLink('http://dashboard.test', invitation));
  expect(link.search).toBe('');
  expect(registrationFrom({ state: null, search: link.search, hash: link.hash })).toEqual(
    invitation,
  );
});

test('what creating an organisation left is read, and nonsense is not', () => {
  const state = { setup_token: 's', email: 'a@b.example', full_name: 7, extra: 'x' };
  expect(registrationFrom({ state, search: '', hash: '' })).toEqual({
    setup_token: 's',
    email: 'a@b.example',
  });
});
