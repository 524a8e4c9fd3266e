/** The memory of the fake API: what the real one keeps in its log and its read models. */
import type { components } from '../../api/generated.ts';

export type Schemas = components['schemas'];
type Actor = Schemas['Actor'];

/** A user with the password, which the API never shows. */
export interface KnownUser {
  user: Schemas['User'];
  password: string;
}

/** Something pending of a user who has not registered yet. */
export interface KnownInvitation {
  token: string;
  user_id: string;
  invited_by: string;
  expires_at: string;
}

/** Where someone is signed in. */
export interface KnownSession {
  user_id: string;
  /** Every access token of it. */
  access: string[];
  /** The refresh token that works. */
  refresh: string;
  opened_at: string;
  used_at: string;
}

export interface FakeDb {
  tenants: Schemas['Tenant'][];
  setupTokens: Map<string, string>;
  users: KnownUser[];
  invitations: KnownInvitation[];
  agents: Schemas['Agent'][];
  tasks: Schemas['Task'][];
  schedules: Schemas['Schedule'][];
  approvals: Schemas['Approval'][];
  /** What may be spent, by the id of the organisation or the agent. */
  budgets: Map<string, string>;
  events: Schemas['AuditEvent'][];
  /** Access tokens and refresh tokens that work, with their users. */
  accessTokens: Map<string, string>;
  refreshTokens: Map<string, string>;
  sessions: Map<string, KnownSession>;
  /** Tokens of links to choose another password, with their users. */
  resets: Map<string, string>;
  apiKeys: Schemas['ApiKey'][];
  providerKeys: Schemas['ProviderKey'][];
  /** Whether the next change of keys asks for the password first. */
  asksForPassword: boolean;
  answered: Map<string, { content: string; status: number; body: unknown }>;
  listeners: Set<(event: Schemas['AuditEvent']) => void>;
  /** Makes ids and tokens: counted, so that runs look alike. */
  nextId: () => string;
  now: () => string;
}

export function createDb(now: () => number = Date.now): FakeDb {
  let count = 0;
  return {
    tenants: [],
    setupTokens: new Map(),
    users: [],
    invitations: [],
    agents: [],
    tasks: [],
    schedules: [],
    approvals: [],
    budgets: new Map(),
    events: [],
    accessTokens: new Map(),
    refreshTokens: new Map(),
    sessions: new Map(),
    resets: new Map(),
    apiKeys: [],
    providerKeys: [],
    asksForPassword: false,
    answered: new Map(),
    listeners: new Set(),
    nextId: () => {
      count += 1;
      return `0198c0de-0000-7000-8000-${count.toString(16).padStart(12, '0')}`;
    },
    now: () => new Date(now()).toISOString(),
  };
}

/** Appends an event to a tenant's log and tells those who follow it. */
export function record(
  db: FakeDb,
  tenantId: string,
  actor: Actor,
  about: { type: Schemas['AggregateType']; id: string },
  eventType: string,
  data: Record<string, unknown> = {},
): void {
  const log = db.events.filter(({ tenant_id }) => tenant_id === tenantId);
  const id = db.nextId();
  const isProgram = actor.type === 'system' || actor.type === 'agent';
  const event: Schemas['AuditEvent'] = {
    id,
    position: log.length + 1,
    recorded_at: db.now(),
    tenant_id: tenantId,
    aggregate_type: about.type,
    aggregate_id: about.id,
    sequence: log.filter(({ aggregate_id }) => aggregate_id === about.id).length + 1,
    event_type: eventType,
    event_version: 1,
    actor,
    worker: actor.type === 'agent' ? 'worker-7-1' : null,
    session_id: null,
    request_id: `req-${id.slice(-6)}`,
    correlation_id: `req-${id.slice(-6)}`,
    causation_id: null,
    trace_id: null,
    ip: isProgram ? null : '203.0.113.7',
    user_agent: isProgram ? null : 'Mozilla/5.0 (X11; Linux x86_64)',
    data,
    leaf_hash: id.replaceAll('-', '').repeat(2),
  };
  db.events.push(event);
  for (const listener of db.listeners) listener(event);
}

export function toCloudEvent(event: Schemas['AuditEvent']): Schemas['CloudEvent'] {
  return {
    specversion: '1.0',
    id: event.id,
    source: `/tenants/${event.tenant_id}`,
    type: event.event_type,
    subject: `${event.aggregate_type}/${event.aggregate_id}`,
    time: event.recorded_at,
    datacontenttype: 'application/json',
    data: event.data,
    tenantid: event.tenant_id,
    position: event.position,
    sequence: event.sequence,
    actor: event.actor,
  };
}

export function agentActor(db: FakeDb, id: string): Actor {
  return { type: 'agent', id, name: db.agents.find((agent) => agent.id === id)?.name ?? null };
}

export function actorOf(user: Schemas['User']): Actor {
  return { type: 'user', id: user.id, name: user.full_name };
}

/** Marks a resource as changed now. */
export function touch<T extends { version: number; updated_at: string }>(
  db: FakeDb,
  resource: T,
  change: Partial<T>,
): T {
  return Object.assign(resource, change, {
    version: resource.version + 1,
    updated_at: db.now(),
  });
}
