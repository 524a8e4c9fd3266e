import { newKey } from '@/lib/newKey';
import { createSession } from './session';

/** The session of this browser tab. */
export const session = createSession({
  fetch: (request) => globalThis.fetch(request),
  storage: globalThis.sessionStorage,
  now: () => Date.now(),
  newFamily: newKey,
  exclusively: async (work) =>
    // Lock and channel exist on secure origins and current browsers; elsewhere tabs stay strangers.
    navigator.locks === undefined ? work() : navigator.locks.request('agentcores.session', work),
  siblings:
    globalThis.BroadcastChannel === undefined ? null : new BroadcastChannel('agentcores.session'),
  refreshUrl: () => new URL('/api/v1/auth/refresh', location.origin).href,
  logoutUrl: () => new URL('/api/v1/auth/logout', location.origin).href,
});
