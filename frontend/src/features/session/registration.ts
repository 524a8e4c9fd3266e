/** What the registration page knows before the user types anything. */
export interface RegistrationStart {
  tenant_name?: string;
  tenant_subdomain?: string;
  email?: string;
  full_name?: string;
  setup_token?: string;
  invitation_token?: string;
}

const names = [
  'tenant_name',
  'tenant_subdomain',
  'email',
  'full_name',
  'setup_token',
  'invitation_token',
] as const;

/**
 * Reads the navigation state left by creating an organisation, and the link of an invitation. A
 * link keeps its token behind the `#`, which browsers do not send to servers.
 */
export function registrationFrom(location: {
  state: unknown;
  search: string;
  hash: string;
}): RegistrationStart {
  const state: Record<string, unknown> =
    typeof location.state === 'object' && location.state !== null ? { ...location.state } : {};
  const search = new URLSearchParams(location.search);
  const hash = new URLSearchParams(location.hash.replace(/^#/, ''));
  const start: RegistrationStart = {};
  for (const name of names) {
    const value = state[name] ?? hash.get(name) ?? search.get(name);
    if (typeof value === 'string' && value !== '') start[name] = value;
  }
  return start;
}

/** The link that an invited person opens; the same that is sent by mail. */
export function invitationLink(origin: string, token: string): string {
  return `${origin}/accept-invitation#${new URLSearchParams({ token })}`;
}

/** The token of a link that was followed; behind the `#`, which browsers do not send to servers. */
export function tokenFrom({ hash }: { hash: string }): string {
  return new URLSearchParams(hash.replace(/^#/, '')).get('token') ?? '';
}
