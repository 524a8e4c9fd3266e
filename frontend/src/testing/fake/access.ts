/** Keys, sessions and passwords of the fake API. */
import { actorOf, type FakeDb, record, type Schemas } from './db.ts';
import { type Call, json, noContent, notFound, page, refuse, text, validate } from './http.ts';
import { caller, endSession, requirePermission, sessionOf } from './identity.ts';

const DAY_MS = 86_400_000;
const SHORTEST_PASSWORD = 15;

/** Refuses what asks for the password again, once for each time that a test says so. */
function requireRecent({ db }: Call): void {
  if (!db.asksForPassword) return;
  refuse(403, 'reauthentication_required', 'That asks for a password given a moment ago.');
}

export function reauthenticate(call: Call): Response {
  const user = caller(call);
  if (text(call, 'password') !== passwordOf(call.db, user)) {
    refuse(403, 'wrong_password', 'That is not the password.');
  }
  call.db.asksForPassword = false;
  return noContent();
}

function passwordOf(db: FakeDb, { id }: Schemas['User']): string | undefined {
  return db.users.find(({ user }) => user.id === id)?.password;
}

function setPassword(db: FakeDb, id: string, password: string): void {
  const known = db.users.find(({ user }) => user.id === id);
  if (known !== undefined) known.password = password;
}

function checkPassword(field: string, password: string): void {
  validate({ [field]: password.length < SHORTEST_PASSWORD && 'must be at least 15 characters' });
}

export function changePassword(call: Call): Response {
  const user = caller(call);
  const { db } = call;
  const next = text(call, 'new_password') ?? '';
  checkPassword('/new_password', next);
  if (text(call, 'current_password') !== passwordOf(db, user)) {
    refuse(403, 'wrong_password', 'That is not the password.');
  }
  setPassword(db, user.id, next);
  if (call.body.keep_other_sessions !== true) endOthers(call);
  recordUser(db, user, 'user.password_changed');
  return noContent();
}

function recordUser(db: FakeDb, user: Schemas['User'], type: string): void {
  record(db, user.tenant_id, actorOf(user), { type: 'user', id: user.id }, type);
}

export function requestReset(call: Call): Response {
  const known = call.db.users.find(({ user }) => user.email === text(call, 'email'));
  if (known !== undefined) call.db.resets.set(`reset-${call.db.nextId()}`, known.user.id);
  return json(202, {});
}

export function confirmReset(call: Call): Response {
  const next = text(call, 'new_password') ?? '';
  checkPassword('/new_password', next);
  const token = text(call, 'token') ?? '';
  const id = call.db.resets.get(token);
  if (id === undefined) {
    return refuse(403, 'reset_invalid', 'The link is unknown, used, replaced or expired.');
  }
  call.db.resets.delete(token);
  setPassword(call.db, id, next);
  return noContent();
}

export function listSessions(call: Call): Response {
  const user = caller(call);
  const current = sessionOf(call);
  const rows = [...call.db.sessions]
    .filter(([, { user_id }]) => user_id === user.id)
    .map(([id, { opened_at, used_at }]) => ({
      id,
      created_at: opened_at,
      last_used_at: used_at,
      expires_at: new Date(Date.parse(opened_at) + 7 * DAY_MS).toISOString(),
      ip: '203.0.113.7',
      user_agent: id === current ? 'Mozilla/5.0 (X11; Linux) Chrome/139.0' : 'curl/8.14.1',
      current: id === current,
    }))
    .reverse();
  return page(call, rows);
}

function endOthers(call: Call): void {
  const user = caller(call);
  const current = sessionOf(call);
  for (const [id, { user_id }] of [...call.db.sessions]) {
    if (user_id === user.id && id !== current) endSession(call.db, id);
  }
}

export function endSessions(call: Call, id: string): Response {
  const user = caller(call);
  if (id === '') endOthers(call);
  else endSession(call.db, id);
  recordUser(call.db, user, 'user.session_revoked');
  return noContent();
}

export function addApiKey(
  db: FakeDb,
  by: Schemas['User'],
  given: Pick<Schemas['ApiKey'], 'name' | 'scopes'> & {
    agent_ids?: string[] | null;
    days: number;
  },
): Schemas['ApiKey'] {
  const now = db.now();
  const key: Schemas['ApiKey'] = {
    id: db.nextId(),
    tenant_id: by.tenant_id,
    name: given.name,
    scopes: given.scopes,
    agent_ids: given.agent_ids ?? null,
    prefix: 'ac_live_7Kd2',
    last4: 'q9Zt',
    created_by: by.id,
    created_at: now,
    updated_at: now,
    expires_at: new Date(Date.parse(now) + given.days * DAY_MS).toISOString(),
    last_used_at: null,
    revoked_at: null,
    status: 'active',
    version: 1,
  };
  db.apiKeys.unshift(key);
  return key;
}

const secretOf = (key: Schemas['ApiKey']) => ({ ...key, secret: `ac_live_${'7Kd2'.repeat(9)}` });

export function apiKeys(call: Call): Response {
  const by = caller(call);
  const { db, query } = call;
  if (call.request.method === 'GET') {
    requirePermission(by, 'read_keys');
    const q = (query.get('q') ?? '').toLowerCase();
    const rows = db.apiKeys
      .filter(({ tenant_id }) => tenant_id === by.tenant_id)
      .filter(({ status }) => !query.has('status') || status === query.get('status'))
      .filter(({ name }) => name.toLowerCase().includes(q));
    return page(call, rows);
  }
  requirePermission(by, 'manage_api_keys');
  requireRecent(call);
  const scopes = Array.isArray(call.body.scopes) ? call.body.scopes : [];
  validate({ '/scopes': scopes.length === 0 && 'must hold at least one' });
  const days = Number(call.body.expires_in_days ?? 90);
  const agent_ids = Array.isArray(call.body.agent_ids) ? call.body.agent_ids : null;
  for (const [place, id] of (agent_ids ?? []).entries()) {
    const isKnown = db.agents.some((agent) => agent.id === id);
    validate({ [`/agent_ids/${place}`]: !isKnown && 'no agent has this id' });
  }
  const key = addApiKey(db, by, { name: text(call, 'name') ?? '', scopes, agent_ids, days });
  recordTenant(db, by, 'tenant.api_key_created');
  return json(201, secretOf(key));
}

function recordTenant(db: FakeDb, by: Schemas['User'], type: string): void {
  record(db, by.tenant_id, actorOf(by), { type: 'tenant', id: by.tenant_id }, type);
}

export function oneApiKey(call: Call, id: string, move: string): Response {
  const by = caller(call);
  requirePermission(by, 'manage_api_keys');
  const { db } = call;
  const key = db.apiKeys.find((each) => each.id === id);
  if (key === undefined) return notFound();
  if (move === 'rotate') {
    requireRecent(call);
    const next = addApiKey(db, by, { ...key, days: Number(call.body.expires_in_days ?? 90) });
    recordTenant(db, by, 'tenant.api_key_rotated');
    return json(201, secretOf(next));
  }
  Object.assign(key, { status: 'revoked', revoked_at: db.now(), version: key.version + 1 });
  recordTenant(db, by, 'tenant.api_key_revoked');
  return noContent();
}

export function addProviderKey(
  db: FakeDb,
  by: Schemas['User'],
  provider: string,
  key: string,
): Schemas['ProviderKey'] {
  const now = db.now();
  const kept = {
    tenant_id: by.tenant_id,
    provider,
    last4: key.slice(-4),
    set_by: by.id,
    created_at: now,
    updated_at: now,
    version: 1,
  };
  db.providerKeys = [...db.providerKeys.filter((each) => each.provider !== provider), kept];
  return kept;
}

export function providerKeys(call: Call): Response {
  const by = caller(call);
  if (call.request.method === 'GET') {
    requirePermission(by, 'read_keys');
    return page(call, call.db.providerKeys);
  }
  requirePermission(by, 'manage_provider_keys');
  requireRecent(call);
  const provider = text(call, 'provider') ?? '';
  const key = text(call, 'key') ?? '';
  validate({
    '/provider': !/^[a-z0-9-]+$/.test(provider) && 'must consist of a-z, 0-9 and dashes',
    '/key': key.length < 8 && 'must be at least 8 characters',
  });
  recordTenant(call.db, by, 'tenant.provider_key_set');
  return json(201, addProviderKey(call.db, by, provider, key));
}

export function removeProviderKey(call: Call, provider: string): Response {
  const by = caller(call);
  requirePermission(by, 'manage_provider_keys');
  call.db.providerKeys = call.db.providerKeys.filter((each) => each.provider !== provider);
  recordTenant(call.db, by, 'tenant.provider_key_removed');
  return noContent();
}
