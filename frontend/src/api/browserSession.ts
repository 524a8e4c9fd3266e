import { createSession, sessionOfJwt } from './session';

/** Whether this browser keeps the refresh token's cookie: on secure origins and this machine's own. */
export const keepsCookie = globalThis.isSecureContext === true;

/** The session of this browser tab. */
export const session = createSession({
  fetch: (request) => globalThis.fetch(request),
  now: () => Date.now(),
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  sessionOf: sessionOfJwt,
  exclusively: async (work) =>
    // Lock and channel exist on secure origins and current browsers; elsewhere tabs stay strangers.
    navigator.locks === undefined ? work() : navigator.locks.request('agentcores.session', work),
  siblings:
    globalThis.BroadcastChannel === undefined ? null : new BroadcastChannel('agentcores.session'),
  refreshUrl: () => new URL('/api/v1/auth/refresh', location.origin).href,
  logoutUrl: () => new URL('/api/v1/auth/logout', location.origin).href,
});
