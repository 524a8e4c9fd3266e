import { expect, test } from 'vitest';
import type { components } from '@/api/generated';
import { all, can, when } from './can';

type Me = components['schemas']['Me'];

const user = {
  id: 'me',
  tenant_id: 't',
  email: null,
  full_name: null,
  role: 'member',
  status: 'active',
  is_active: true,
  preferences: {},
  last_login: null,
  version: 1,
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
} as const;
const member: Pick<Me, 'user' | 'permissions'> = {
  user,
  permissions: ['create_agents', 'run_agents', 'create_tasks'],
};

test('a permission allows', () => {
  expect(can(member, 'create_agent')).toEqual({ allowed: true });
});

test('a missing permission is refused with the reason', () => {
  expect(can(member, 'read_audit')).toEqual({
    allowed: false,
    reason: 'Only an admin, an auditor or the owner can see this.',
  });
});

test('whoever creates tasks may execute those of others', () => {
  expect(can(member, 'run_task', { created_by: 'someone' }).allowed).toBe(true);
  expect(can(member, 'change_task', { created_by: 'someone' }).allowed).toBe(false);
});

test('what a member made is theirs to change, and nothing else', () => {
  expect(can(member, 'change_agent', { created_by: 'me' }).allowed).toBe(true);
  expect(can(member, 'change_agent', { created_by: 'someone' }).allowed).toBe(false);
  expect(can(member, 'change_agent', { created_by: null }).allowed).toBe(false);
  expect(can(member, 'change_agent').allowed).toBe(false);
});

test('who manages agents may change those of others', () => {
  const admin: typeof member = { user, permissions: ['manage_agents'] };
  expect(can(admin, 'change_agent', { created_by: 'someone' }).allowed).toBe(true);
});

test('the first refusal is the one that is told', () => {
  const verdict = all({ allowed: true }, when(false, 'Start it first.'), when(false, 'Later.'));
  expect(verdict).toEqual({ allowed: false, reason: 'Start it first.' });
});
