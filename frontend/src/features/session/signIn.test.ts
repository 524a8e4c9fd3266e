import { expect, test } from 'vitest';
import { invitationLink, registrationFrom, tokenFrom } from './registration';
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
  const link = new URL(invitationLink('http://dashboard.test', 'x/y=+z'));
  expect([link.pathname, link.search]).toEqual(['/accept-invitation', '']);
  expect(tokenFrom(link)).toBe('x/y=+z');
  expect(tokenFrom({ hash: '' })).toBe('');
});

test('what creating an organisation left is read, and nonsense is not', () => {
  const state = { setup_token: 's', email: 'a@b.example', full_name: 7, extra: 'x' };
  expect(registrationFrom({ state, search: '', hash: '' })).toEqual({
    setup_token: 's',
    email: 'a@b.example',
  });
});
