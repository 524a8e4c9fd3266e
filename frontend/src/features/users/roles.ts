import type { StatusTone } from '@/ui/StatusMark';
import type { InvitationStatus, Role, User, UserStatus } from './queries';

/** Roles from the strongest to the weakest. */
export const roles = ['owner', 'admin', 'member', 'auditor'] as const satisfies readonly Role[];

export const roleNames = {
  owner: 'Owner',
  admin: 'Admin',
  member: 'Member',
  auditor: 'Auditor',
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

export const invitationStatus = {
  open: { tone: 'waiting', label: 'Open' },
  expired: { tone: 'gone', label: 'Expired' },
} satisfies Record<InvitationStatus, { tone: StatusTone; label: string }>;

/** What to call someone. */
export function nameOf(user: Pick<User, 'full_name' | 'email'>): string {
  return user.full_name ?? user.email ?? 'Removed user';
}

/** "an admin", "a member". */
export function aRole(role: Role): string {
  return `${/^[ao]/.test(role) ? 'an' : 'a'} ${role}`;
}
