/** The fake API's policy and plans, with the words of the real ones. */
import type { Schemas } from './db.ts';

type Role = Schemas['Role'];
type Permission = Schemas['Permission'];

const meanings = {
  read_tenant: 'See the organisation, its settings, usage and health.',
  change_tenant: 'Change name and contact.',
  change_settings: 'Change settings.',
  change_subscription: 'Change the subscription tier.',
  stop_work: 'Stop all work of the organisation’s agents at once, and let it go on.',
  read_users: 'See users.',
  read_invitations: 'See open invitations.',
  manage_users: 'Invite, change and deactivate users, and end their sessions.',
  read_keys: 'See API keys and which provider keys are set, never the keys themselves.',
  manage_api_keys: 'Create and revoke API keys.',
  manage_provider_keys: 'Set and remove the organisation’s own keys of model providers.',
  read_agents: 'See agents.',
  create_agents: 'Create agents, and change or terminate one’s own.',
  run_agents: 'Start, stop, pause and resume agents.',
  manage_agents: 'Change or terminate anybody’s agents.',
  read_tasks: 'See tasks.',
  create_tasks: 'Create and execute tasks, and change or withdraw one’s own.',
  manage_tasks: 'Change, cancel or withdraw anybody’s tasks.',
  approve_tasks: 'Approve or deny calls of agents that wait for a person.',
  manage_budgets: 'Set what may be spent on model calls.',
  read_events: 'Follow the stream of events.',
  read_audit: 'Read the audit log, with addresses and programs.',
} satisfies Record<Permission, string>;

const includes: Partial<Record<Permission, Permission[]>> = {
  change_tenant: ['read_tenant'],
  manage_users: ['read_users', 'read_invitations'],
  manage_api_keys: ['read_keys'],
  manage_provider_keys: ['read_keys'],
  create_agents: ['read_agents'],
  create_tasks: ['read_tasks'],
};

const ofSingleAgents: readonly Permission[] = [
  'read_agents',
  'run_agents',
  'manage_agents',
  'read_tasks',
  'create_tasks',
  'manage_tasks',
  'approve_tasks',
];

const READER: readonly Permission[] = [
  'read_tenant',
  'read_users',
  'read_agents',
  'read_tasks',
  'read_events',
];
const OVERSEER: readonly Permission[] = ['read_invitations', 'read_keys', 'read_audit'];
const MEMBER: readonly Permission[] = [...READER, 'create_agents', 'run_agents', 'create_tasks'];
const ADMIN: readonly Permission[] = [
  ...MEMBER,
  ...OVERSEER,
  'change_settings',
  'manage_users',
  'manage_api_keys',
  'manage_provider_keys',
  'manage_agents',
  'manage_tasks',
  'approve_tasks',
  'manage_budgets',
];

export const permissions: Record<Role, readonly Permission[]> = {
  auditor: [...READER, ...OVERSEER],
  member: MEMBER,
  admin: ADMIN,
  owner: [...ADMIN, 'change_tenant', 'change_subscription', 'stop_work'],
};

export const policy: Schemas['Roles'] = {
  items: (
    [
      ['auditor', 'Reads everything of the organisation, the log included, and changes nothing.'],
      ['member', 'Uses agents and creates tasks.'],
      ['admin', 'Manages users and everybody’s agents and tasks, reads the log.'],
      ['owner', 'Controls the organisation itself.'],
    ] as const
  ).map(([role, meaning]) => ({ role, meaning, permissions: [...permissions[role]] })),
  permissions: permissions.owner.map((permission) => ({
    permission,
    meaning: meanings[permission],
    includes: includes[permission] ?? [],
    is_of_single_agents: ofSingleAgents.includes(permission),
  })),
};

export const plans: readonly Schemas['Plan'][] = [
  {
    tier: 'free',
    price_usd_per_month: 0,
    limits: { agents: 5, tasks_per_month: 1000, users: 3 },
    features: ['Basic support', 'Community access'],
  },
  {
    tier: 'basic',
    price_usd_per_month: 29,
    limits: { agents: 25, tasks_per_month: 10_000, users: 5 },
    features: ['Email support', 'Team collaboration'],
  },
  {
    tier: 'professional',
    price_usd_per_month: 99,
    limits: { agents: 100, tasks_per_month: 100_000, users: 25 },
    features: ['Priority support', 'Advanced analytics', 'Team collaboration'],
  },
  {
    tier: 'enterprise',
    price_usd_per_month: null,
    limits: { agents: null, tasks_per_month: null, users: null },
    features: ['24/7 support', 'Custom integrations', 'SLA guarantees'],
  },
];

export function limitsOf(tier: Schemas['SubscriptionTier']): Schemas['Limits'] {
  const plan = plans.find((each) => each.tier === tier);
  if (plan === undefined) throw new Error(`no plan for ${tier}`);
  return plan.limits;
}
