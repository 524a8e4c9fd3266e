import type { StatusTone } from '@/ui/StatusMark';
import type { Role, User, UserStatus } from './queries';

/** Roles from the strongest to the weakest. */
export const roles = ['owner', 'admin', 'member'] as const satisfies readonly Role[];

export const roleNames = {
  owner: 'Owner',
  admin: 'Admin',
  member: 'Member',
} satisfies Record<Role, string>;

export const roleHelp = {
  owner: 'Everything, with the plan and the organisation itself.',
  admin: 'Users, everyone’s agents and tasks, settings and the audit log.',
  member: 'Creates and runs agents and tasks.',
} satisfies Record<Role, string>;

/** Roles that someone may hand out: none above their own. */
export function rolesUpTo(own: Role): readonly Role[] {
  return roles.slice(roles.indexOf(own));
}

export const userStatus = {
  invited: { tone: 'waiting', label: 'Invited' },
  active: { tone: 'good', label: 'Active' },
  inactive: { tone: 'gone', label: 'Inactive' },
} satisfies Record<UserStatus, { tone: StatusTone; label: string }>;

/** What to call someone. */
export function nameOf(user: Pick<User, 'full_name' | 'email'>): string {
  return user.full_name ?? user.email ?? 'Removed user';
}
