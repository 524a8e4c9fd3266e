/** Organisations, users and sessions of the fake API. */
import { actorOf, type FakeDb, type KnownUser, record, type Schemas, touch } from './db.ts';
import {
  type Call,
  checkVersion,
  faultOfName,
  json,
  noContent,
  notFound,
  object,
  page,
  refuse,
  single,
  text,
  validate,
} from './http.ts';
import { limitsOf, permissions } from './policy.ts';

type Tier = Schemas['SubscriptionTier'];
type Role = Schemas['Role'];
type Permission = Schemas['Permission'];

const tiers: readonly Tier[] = ['free', 'basic', 'professional', 'enterprise'];
const roles: readonly Role[] = ['owner', 'admin', 'member', 'auditor'];
const SHORTEST_PASSWORD = 15;

/** The user whose access token the request carries. */
export function caller({ db, request }: Call): Schemas['User'] {
  const token = request.headers.get('authorization')?.replace('Bearer ', '');
  if (token === undefined) return refuse(401, 'unauthenticated', 'An access token is needed.');
  const id = db.accessTokens.get(token);
  const known = db.users.find(({ user }) => user.id === id);
  return (
    known?.user ?? refuse(401, 'invalid_token', 'The access token is not valid: sign in again.')
  );
}

export function requirePermission(user: Schemas['User'], permission: Permission): void {
  if (!permissions[user.role].includes(permission)) {
    refuse(403, 'forbidden', `The role does not grant ${permission}.`);
  }
}

export function tenantOf(db: FakeDb, user: Schemas['User']): Schemas['Tenant'] {
  return db.tenants.find(({ id }) => id === user.tenant_id) ?? notFound();
}

export function createTenant(call: Call): Response {
  const { db } = call;
  const name = text(call, 'name') ?? '';
  const subdomain = (text(call, 'subdomain') ?? '').toLowerCase();
  validate({
    '/name': faultOfName(name),
    '/subdomain':
      !/^[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9]$/.test(subdomain) &&
      'must consist of letters a-z, digits and dashes',
  });
  if (db.tenants.some((tenant) => tenant.subdomain === subdomain)) {
    refuse(409, 'subdomain_taken', 'The subdomain is taken.');
  }
  const tenant = addTenant(db, {
    name,
    subdomain,
    contact_email: text(call, 'contact_email') ?? null,
    contact_name: text(call, 'contact_name') ?? null,
    tier: tiers.find((tier) => tier === call.body.subscription_tier) ?? 'free',
  });
  const setup_token = `setup-${db.nextId()}`;
  db.setupTokens.set(tenant.id, setup_token);
  const actor = { type: 'anonymous', id: null, name: null } as const;
  record(db, tenant.id, actor, { type: 'tenant', id: tenant.id }, 'tenant.created', { name });
  return json(201, { ...tenant, setup_token });
}

export function addTenant(
  db: FakeDb,
  given: Pick<Schemas['Tenant'], 'name' | 'subdomain' | 'contact_email' | 'contact_name'> & {
    tier: Tier;
  },
): Schemas['Tenant'] {
  const { tier, ...details } = given;
  const tenant: Schemas['Tenant'] = {
    ...details,
    id: db.nextId(),
    subscription_tier: tier,
    settings: {},
    status: 'active',
    work_stopped_at: null,
    limits: limitsOf(tier),
    version: 1,
    created_at: db.now(),
    updated_at: db.now(),
  };
  db.tenants.push(tenant);
  return tenant;
}

export function addUser(
  db: FakeDb,
  given: Pick<Schemas['User'], 'tenant_id' | 'email' | 'full_name' | 'role' | 'status'>,
  password: string,
): Schemas['User'] {
  const user: Schemas['User'] = {
    ...given,
    id: db.nextId(),
    is_active: given.status === 'active',
    preferences: {},
    last_login: null,
    version: 1,
    created_at: db.now(),
    updated_at: db.now(),
  };
  db.users.push({ user, password });
  return user;
}

export function register(call: Call): Response {
  const { db } = call;
  const password = text(call, 'password') ?? '';
  const email = text(call, 'email') ?? '';
  const full_name = text(call, 'full_name') ?? '';
  validate({
    '/password': password.length < SHORTEST_PASSWORD && 'must be at least 15 characters',
    '/email': !email.includes('@') && 'must be an e-mail address',
    '/full_name': faultOfName(full_name),
  });
  const tenant = db.tenants.find(({ subdomain }) => subdomain === text(call, 'tenant_subdomain'));
  if (tenant === undefined) return notFound();
  const invitation = db.invitations.find(({ token }) => token === text(call, 'invitation_token'));
  if (invitation !== undefined) {
    const known = db.users.find(({ user }) => user.id === invitation.user_id);
    if (known === undefined) return notFound();
    known.password = password;
    db.invitations.splice(db.invitations.indexOf(invitation), 1);
    touch(db, known.user, { full_name, status: 'active', is_active: true });
    return json(201, recordUser(db, known.user, 'user.invitation_accepted'));
  }
  if (text(call, 'invitation_token') !== undefined) {
    const reason = 'The invitation is unknown, used, withdrawn or expired.';
    return refuse(403, 'invitation_invalid', reason);
  }
  const isExpected =
    text(call, 'setup_token') === db.setupTokens.get(tenant.id) || email === tenant.contact_email;
  if (!isExpected) {
    const reason = 'An invitation is needed, or the organisation’s contact address or setup token.';
    return refuse(403, 'registration_not_allowed', reason);
  }
  if (db.users.some(({ user }) => user.tenant_id === tenant.id)) {
    const reason = 'The organisation has an owner already: ask for an invitation.';
    return refuse(403, 'invitation_required', reason);
  }
  const user = addUser(
    db,
    { tenant_id: tenant.id, email, full_name, role: 'owner', status: 'active' },
    password,
  );
  return json(201, recordUser(db, user, 'user.registered'));
}

function recordUser(db: FakeDb, user: Schemas['User'], type: string): Schemas['User'] {
  record(db, user.tenant_id, actorOf(user), { type: 'user', id: user.id }, type);
  return user;
}

const COOKIE = '__Host-agentcores-refresh';
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict';

/** Opens a session or goes on with one; the refresh token goes where it was asked to. */
function issue(
  db: FakeDb,
  user: Schemas['User'],
  to: 'body' | 'cookie',
  more: object = {},
  session: string = db.nextId(),
): Response {
  const access_token = `access-${db.nextId()}`;
  const refresh_token = `refresh-${db.nextId()}`;
  db.accessTokens.set(access_token, user.id);
  db.refreshTokens.set(refresh_token, user.id);
  const known = db.sessions.get(session);
  db.sessions.set(session, {
    user_id: user.id,
    access: [...(known?.access ?? []), access_token],
    opened_at: known?.opened_at ?? db.now(),
    used_at: db.now(),
    refresh: refresh_token,
  });
  const kept = to === 'cookie';
  const tokens = { access_token, refresh_token: kept ? null : refresh_token };
  return json(
    200,
    { ...tokens, token_type: 'Bearer', expires_in: 900, ...more },
    kept ? { 'set-cookie': `${COOKIE}=${refresh_token}; ${ATTRIBUTES}` } : {},
  );
}

export function logIn(call: Call): Response {
  const { db } = call;
  const subdomain = text(call, 'tenant_subdomain');
  const isMatch = ({ user, password }: KnownUser) =>
    user.email === text(call, 'email') &&
    password === text(call, 'password') &&
    user.is_active &&
    (subdomain === undefined || tenantOf(db, user).subdomain === subdomain);
  const matches = db.users.filter(isMatch);
  const [match] = matches;
  if (match === undefined) {
    return refuse(401, 'invalid_credentials', 'The credentials are not right.');
  }
  if (matches.length > 1) {
    return refuse(409, 'tenant_required', 'The credentials fit in several organisations.', {
      tenants: matches
        .map(({ user }) => tenantOf(db, user))
        .map(({ name, subdomain }) => ({ name, subdomain })),
    });
  }
  const { user } = match;
  user.last_login = db.now();
  recordUser(db, user, 'user.signed_in');
  const to = call.body.refresh_token_in === 'cookie' ? 'cookie' : 'body';
  return issue(db, user, to, { user, tenant: tenantOf(db, user) });
}

export function refresh(call: Call): Response {
  const { db, request } = call;
  const given = text(call, 'refresh_token');
  const cookie = new RegExp(`${COOKIE}=([^;]+)`).exec(request.headers.get('cookie') ?? '')?.[1];
  const token = given ?? cookie ?? '';
  const id = db.refreshTokens.get(token);
  db.refreshTokens.delete(token);
  const known = db.users.find(({ user }) => user.id === id);
  const session = [...db.sessions].find(([, { refresh }]) => refresh === token)?.[0];
  if (known === undefined || session === undefined)
    return refuse(401, 'invalid_credentials', 'The credentials are not right.');
  return issue(db, known.user, given === undefined ? 'cookie' : 'body', {}, session);
}

export function logOut(call: Call): Response {
  const user = caller(call);
  recordUser(call.db, user, 'user.signed_out');
  endSession(call.db, sessionOf(call));
  return noContent();
}

/** The session of the access token that the request carries. */
export function sessionOf({ db, request }: Call): string {
  const token = request.headers.get('authorization')?.replace('Bearer ', '') ?? '';
  return [...db.sessions].find(([, { access }]) => access.includes(token))?.[0] ?? '';
}

export function endSession(db: FakeDb, id: string): void {
  const ended = db.sessions.get(id);
  if (ended === undefined) return;
  for (const token of ended.access) db.accessTokens.delete(token);
  db.refreshTokens.delete(ended.refresh);
  db.sessions.delete(id);
}

export function me(call: Call): Response {
  const user = caller(call);
  return json(200, { user, tenant: tenantOf(call.db, user), permissions: permissions[user.role] });
}

export function changeProfile(call: Call): Response {
  const user = caller(call);
  touch(call.db, user, { full_name: text(call, 'full_name') ?? user.full_name });
  return single(200, recordUser(call.db, user, 'user.profile_changed'));
}

export function changeTenant(call: Call): Response {
  const user = caller(call);
  requirePermission(user, 'change_tenant');
  const tenant = tenantOf(call.db, user);
  checkVersion(call, tenant);
  const name = text(call, 'name') ?? tenant.name;
  validate({ '/name': faultOfName(name) });
  touch(call.db, tenant, {
    name,
    contact_name: text(call, 'contact_name') ?? tenant.contact_name,
    contact_email: text(call, 'contact_email') ?? tenant.contact_email,
  });
  recordTenant(call.db, user, 'tenant.details_changed');
  return single(200, tenant);
}

function recordTenant(db: FakeDb, user: Schemas['User'], type: string): void {
  record(db, user.tenant_id, actorOf(user), { type: 'tenant', id: user.tenant_id }, type);
}

export function settings(call: Call): Response {
  const tenant = tenantOf(call.db, caller(call));
  return json(200, { settings: tenant.settings }, { etag: `"${tenant.version}"` });
}

export function changeSettings(call: Call): Response {
  const user = caller(call);
  requirePermission(user, 'change_settings');
  const tenant = tenantOf(call.db, user);
  checkVersion(call, tenant);
  touch(call.db, tenant, { settings: object(call, 'settings') ?? {} });
  recordTenant(call.db, user, 'tenant.settings_changed');
  return settings(call);
}

export function changeSubscription(call: Call): Response {
  const user = caller(call);
  requirePermission(user, 'change_subscription');
  const tenant = tenantOf(call.db, user);
  const tier = tiers.find((each) => each === call.body.subscription_tier) ?? 'free';
  const limit = limitsOf(tier).agents;
  const used = call.db.agents.filter(({ tenant_id }) => tenant_id === tenant.id).length;
  if (limit !== null && used > limit) {
    const detail = `The tier allows ${limit} agents, and ${used} are in use.`;
    refuse(409, 'tier_too_small', detail, { resource: 'agents', limit, used });
  }
  touch(call.db, tenant, { subscription_tier: tier, limits: limitsOf(tier) });
  recordTenant(call.db, user, 'tenant.subscription_changed');
  return single(200, tenant);
}

export function listUsers(call: Call): Response {
  const { tenant_id } = caller(call);
  const { query } = call;
  const q = (query.get('q') ?? '').toLowerCase();
  const rows = call.db.users
    .map(({ user }) => user)
    .filter((user) => user.tenant_id === tenant_id)
    .filter(({ role }) => !query.has('role') || role === query.get('role'))
    .filter(({ status }) => !query.has('status') || status === query.get('status'))
    .filter(({ full_name, email }) => `${full_name} ${email}`.toLowerCase().includes(q));
  return page(call, rows);
}

export function inviteUser(call: Call): Response {
  const by = caller(call);
  requirePermission(by, 'manage_users');
  const { db } = call;
  const email = text(call, 'email') ?? '';
  if (db.users.some(({ user }) => user.tenant_id === by.tenant_id && user.email === email)) {
    refuse(409, 'email_taken', 'The e-mail address is taken.');
  }
  const role = roles.find((each) => each === call.body.role) ?? 'member';
  const user = addUser(
    db,
    {
      tenant_id: by.tenant_id,
      email,
      full_name: text(call, 'full_name') ?? null,
      role,
      status: 'invited',
    },
    '',
  );
  const token = `invite-${db.nextId()}`;
  record(db, by.tenant_id, actorOf(by), { type: 'user', id: user.id }, 'user.invited', {
    email,
    role,
  });
  const expires_at = inAWeek(db);
  db.invitations.push({ token, user_id: user.id, invited_by: by.id, expires_at });
  return json(201, { user, invitation_token: token, expires_at });
}

const inAWeek = (db: FakeDb) => new Date(Date.parse(db.now()) + 7 * 86_400_000).toISOString();

export function listInvitations(call: Call): Response {
  const by = caller(call);
  requirePermission(by, 'read_invitations');
  const { db, query } = call;
  const q = (query.get('q') ?? '').toLowerCase();
  const rows = db.invitations
    .map((invitation) => {
      const user = db.users.find((known) => known.user.id === invitation.user_id)?.user;
      return user === undefined ? null : invitationOf(db, user, invitation);
    })
    .filter((row) => row !== null)
    .filter((row) => row.tenant_id === by.tenant_id)
    .filter(({ status }) => !query.has('status') || status === query.get('status'))
    .filter(({ full_name, email }) => `${full_name} ${email}`.toLowerCase().includes(q));
  return page(call, rows);
}

function invitationOf(
  db: FakeDb,
  user: Schemas['User'],
  { invited_by, expires_at }: { invited_by: string; expires_at: string },
): Schemas['Invitation'] {
  const { id, tenant_id, email, full_name, role, version, created_at, updated_at } = user;
  const status = expires_at > db.now() ? 'open' : 'expired';
  const invitation = { id, tenant_id, email, full_name, role, version, created_at, updated_at };
  return { ...invitation, status, invited_by, expires_at };
}

export function oneInvitation(call: Call, id: string, move: string): Response {
  const by = caller(call);
  requirePermission(by, 'manage_users');
  const { db } = call;
  const invitation = db.invitations.find(({ user_id }) => user_id === id);
  const user = db.users.find((known) => known.user.id === id)?.user;
  if (invitation === undefined || user === undefined) return notFound();
  if (move === 'resend') {
    Object.assign(invitation, { token: `invite-${db.nextId()}`, expires_at: inAWeek(db) });
    touch(db, user, {});
    record(db, by.tenant_id, actorOf(by), { type: 'user', id }, 'user.invitation_resent');
    const { token: invitation_token, expires_at } = invitation;
    return json(200, { user, invitation_token, expires_at });
  }
  db.invitations.splice(db.invitations.indexOf(invitation), 1);
  db.users.splice(
    db.users.findIndex((known) => known.user.id === id),
    1,
  );
  record(db, by.tenant_id, actorOf(by), { type: 'user', id }, 'user.invitation_revoked');
  return noContent();
}

export function inspectInvitation(call: Call): Response {
  const { db } = call;
  const invitation = db.invitations.find(({ token }) => token === text(call, 'invitation_token'));
  const user = db.users.find((known) => known.user.id === invitation?.user_id)?.user;
  if (invitation === undefined || user === undefined || invitation.expires_at <= db.now()) {
    const reason = 'The invitation is unknown, used, withdrawn or expired.';
    return refuse(403, 'invitation_invalid', reason);
  }
  const { name, subdomain } = tenantOf(db, user);
  const { email, full_name, role } = user;
  const { expires_at } = invitation;
  return json(200, { email, full_name, role, expires_at, tenant: { name, subdomain } });
}

export function oneUser(call: Call, id: string): Response {
  const by = caller(call);
  const { db } = call;
  const user = db.users.find((known) => known.user.id === id)?.user;
  if (user === undefined || user.tenant_id !== by.tenant_id) {
    return notFound();
  }
  if (call.request.method === 'GET') return single(200, user);
  requirePermission(by, 'manage_users');
  const about = { type: 'user', id } as const;
  if (call.request.method === 'DELETE') {
    if (user.status === 'invited') {
      db.users.splice(
        db.users.findIndex((known) => known.user.id === id),
        1,
      );
      record(db, by.tenant_id, actorOf(by), about, 'user.invitation_revoked');
      return noContent();
    }
    touch(db, user, { status: 'inactive', is_active: false });
    record(db, by.tenant_id, actorOf(by), about, 'user.deactivated');
    return noContent();
  }
  if (!user.is_active && call.body.is_active !== true) {
    return refuse(409, 'user.not_active', 'The user is not active.');
  }
  const role = roles.find((each) => each === call.body.role) ?? user.role;
  const owners = db.users.filter((known) => known.user.role === 'owner');
  if (user.role === 'owner' && role !== 'owner' && owners.length === 1) {
    refuse(409, 'last_owner', 'The last owner can be neither removed nor lowered.');
  }
  const isActive = call.body.is_active === true || user.is_active;
  touch(db, user, {
    role,
    full_name: text(call, 'full_name') ?? user.full_name,
    is_active: isActive,
    status: isActive ? 'active' : user.status,
  });
  record(db, by.tenant_id, actorOf(by), about, 'user.role_changed', { role });
  return single(200, user);
}
