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

type Tier = Schemas['SubscriptionTier'];
type Role = Schemas['Role'];
type Permission = Schemas['Permission'];

const limits: Record<Tier, Schemas['Limits']> = {
  free: { agents: 5, tasks_per_month: 1000, users: 3 },
  basic: { agents: 25, tasks_per_month: 10_000, users: 5 },
  professional: { agents: 100, tasks_per_month: 100_000, users: 25 },
  enterprise: { agents: null, tasks_per_month: null, users: null },
};

const tiers: readonly Tier[] = ['free', 'basic', 'professional', 'enterprise'];
const roles: readonly Role[] = ['owner', 'admin', 'member'];
const SHORTEST_PASSWORD = 8;

const MEMBER: readonly Permission[] = [
  'read_tenant',
  'read_users',
  'read_agents',
  'create_agents',
  'run_agents',
  'read_tasks',
  'create_tasks',
  'read_events',
];
const ADMIN: readonly Permission[] = [
  ...MEMBER,
  'change_settings',
  'manage_users',
  'manage_agents',
  'manage_tasks',
  'read_audit',
];
const permissions: Record<Role, readonly Permission[]> = {
  member: MEMBER,
  admin: ADMIN,
  owner: [...ADMIN, 'change_tenant', 'change_subscription'],
};

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
    limits: limits[tier],
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
    '/password': password.length < SHORTEST_PASSWORD && 'must be at least 8 characters',
    '/email': !email.includes('@') && 'must be an e-mail address',
    '/full_name': faultOfName(full_name),
  });
  const tenant = db.tenants.find(({ subdomain }) => subdomain === text(call, 'tenant_subdomain'));
  if (tenant === undefined) {
    return notFound();
  }
  const invitation = db.invitations.find(({ token }) => token === text(call, 'invitation_token'));
  if (invitation !== undefined) {
    const known = db.users.find(({ user }) => user.id === invitation.user_id);
    if (known === undefined) return notFound();
    known.password = password;
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

function issue(db: FakeDb, user: Schemas['User']) {
  const access_token = `access-${db.nextId()}`;
  const refresh_token = `refresh-${db.nextId()}`;
  db.accessTokens.set(access_token, user.id);
  db.refreshTokens.set(refresh_token, user.id);
  return { access_token, refresh_token, token_type: 'Bearer', expires_in: 900 };
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
  return json(200, { ...issue(db, user), user, tenant: tenantOf(db, user) });
}

export function refresh(call: Call): Response {
  const { db } = call;
  const token = text(call, 'refresh_token') ?? '';
  const id = db.refreshTokens.get(token);
  db.refreshTokens.delete(token);
  const known = db.users.find(({ user }) => user.id === id);
  if (known === undefined)
    return refuse(401, 'invalid_credentials', 'The credentials are not right.');
  return json(200, issue(db, known.user));
}

export function logOut(call: Call): Response {
  const user = caller(call);
  recordUser(call.db, user, 'user.signed_out');
  for (const [token, id] of call.db.accessTokens) {
    if (id === user.id) call.db.accessTokens.delete(token);
  }
  return noContent();
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
  const limit = limits[tier].agents;
  const used = call.db.agents.filter(({ tenant_id }) => tenant_id === tenant.id).length;
  if (limit !== null && used > limit) {
    const detail = `The tier allows ${limit} agents, and ${used} are in use.`;
    refuse(409, 'tier_too_small', detail, { resource: 'agents', limit, used });
  }
  touch(call.db, tenant, { subscription_tier: tier, limits: limits[tier] });
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
  db.invitations.push({ token, user_id: user.id });
  record(db, by.tenant_id, actorOf(by), { type: 'user', id: user.id }, 'user.invited', {
    email,
    role,
  });
  const expires_at = new Date(Date.parse(db.now()) + 7 * 86_400_000).toISOString();
  return json(201, { user, invitation_token: token, expires_at });
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
