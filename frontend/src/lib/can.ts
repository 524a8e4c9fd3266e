/** What is offered to whom. The server decides; this only spares the user a refusal. */
import type { components } from '@/api/generated';

type Me = components['schemas']['Me'];
type Permission = components['schemas']['Permission'];

/** Something that remembers who made it. */
export interface Owned {
  created_by: string | null;
}

/** Offered, or not offered with the reason in the user's words. */
export type Verdict = { allowed: true } | { allowed: false; reason: string };

interface Requirement {
  permission: Permission;
  /** Enough for things that the user made themselves. */
  own?: Permission;
  reason: string;
}

const ADMIN = 'Only an admin or the owner can do this.';
const OWNER = 'Only the owner can do this.';
const OVERSEER = 'Only an admin, an auditor or the owner can see this.';
const OWN_OR_ADMIN = 'Only its creator, an admin or the owner can do this.';
const MEMBER = 'Your role does not include this.';

/** The one table from what the dashboard offers to the permissions that `GET /auth/me` reports. */
const requirements = {
  change_tenant: { permission: 'change_tenant', reason: OWNER },
  change_subscription: { permission: 'change_subscription', reason: OWNER },
  change_settings: { permission: 'change_settings', reason: ADMIN },
  stop_work: { permission: 'stop_work', reason: OWNER },
  manage_users: { permission: 'manage_users', reason: ADMIN },
  read_invitations: { permission: 'read_invitations', reason: OVERSEER },
  read_keys: { permission: 'read_keys', reason: OVERSEER },
  manage_api_keys: { permission: 'manage_api_keys', reason: ADMIN },
  manage_provider_keys: { permission: 'manage_provider_keys', reason: ADMIN },
  read_audit: { permission: 'read_audit', reason: OVERSEER },
  create_agent: { permission: 'create_agents', reason: MEMBER },
  run_agent: { permission: 'run_agents', reason: MEMBER },
  change_agent: { permission: 'manage_agents', own: 'create_agents', reason: OWN_OR_ADMIN },
  create_task: { permission: 'create_tasks', reason: MEMBER },
  run_task: { permission: 'create_tasks', reason: MEMBER },
  manage_budgets: { permission: 'manage_budgets', reason: ADMIN },
  approve_task: { permission: 'approve_tasks', reason: ADMIN },
  change_task: { permission: 'manage_tasks', own: 'create_tasks', reason: OWN_OR_ADMIN },
} satisfies Record<string, Requirement>;

export type Action = keyof typeof requirements;

/** Whether `me` is offered `action`, on `thing` where the action concerns one. */
export function can(me: Pick<Me, 'permissions' | 'user'>, action: Action, thing?: Owned): Verdict {
  const { permission, own, reason }: Requirement = requirements[action];
  if (me.permissions.includes(permission)) return { allowed: true };
  const isOwn = thing !== undefined && thing.created_by === me.user.id;
  if (own !== undefined && isOwn && me.permissions.includes(own)) return { allowed: true };
  return { allowed: false, reason };
}

/** The first verdict that refuses, else permission. */
export function all(...verdicts: readonly Verdict[]): Verdict {
  return verdicts.find((verdict) => !verdict.allowed) ?? { allowed: true };
}

/** Permission under a condition of state, with the reason when it does not hold. */
export function when(holds: boolean, reason: string): Verdict {
  return holds ? { allowed: true } : { allowed: false, reason };
}
