/** What the sign-in page is told by the page that leads to it. */
export interface SignInStart {
  email: string;
  tenant_subdomain: string;
  registered: boolean;
  /** A new password was just chosen. */
  reset: boolean;
  ended: string | null;
}

/** Reads navigation state, which outlives releases and so is not trusted to have today's shape. */
export function signInStartFrom(state: unknown): SignInStart {
  const given: Record<string, unknown> =
    typeof state === 'object' && state !== null ? { ...state } : {};
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return {
    email: text(given.email),
    tenant_subdomain: text(given.tenant_subdomain),
    registered: given.registered === true,
    reset: given.reset === true,
    ended: text(given.ended) || null,
  };
}

/** Where to go after signing in: a page of this dashboard and nothing else. */
export function safeNext(next: string | null): string {
  if (next === null) return '/';
  const target = new URL(next, 'http://dashboard.invalid');
  const isOurs = next.startsWith('/') && target.host === 'dashboard.invalid';
  return isOurs ? target.pathname + target.search : '/';
}
