/**
 * Who is signed in, in this browser. The access token lives in memory only. The refresh token lives
 * in a cookie that no script can read, which the tabs of a browser share; where a browser keeps no
 * such cookie (plain HTTP from elsewhere) it lives in memory, and a reload signs out.
 *
 * A refresh token works once. So only one refresh runs at a time, within the tab (single flight) and
 * across tabs (a lock), and a tab that is about to refresh first asks its siblings whether one of
 * them already holds a newer access token.
 */
import type { components } from './generated';

/** What signing in and refreshing hand out. */
export type Tokens = Pick<
  components['schemas']['LoginAnswer'],
  'access_token' | 'refresh_token' | 'expires_in'
>;

/** Why a session ended. */
export type SessionEnd = 'signed_out' | 'expired';

/** The part of `BroadcastChannel` that a session uses. */
export interface Siblings {
  postMessage(message: unknown): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
}

/** The browser, as far as a session needs it. */
export interface SessionMeans {
  fetch: (request: Request) => Promise<Response>;
  now: () => number;
  pause: (ms: number) => Promise<void>;
  /** The id of the session that an access token belongs to. */
  sessionOf: (access: string) => string;
  /** Runs the work while no other tab runs its own. */
  exclusively: <T>(work: () => Promise<T>) => Promise<T>;
  siblings: Siblings | null;
  refreshUrl: () => string;
  logoutUrl: () => string;
}

interface Held {
  access: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

type Message = { kind: 'ask' } | { kind: 'held'; held: Held } | { kind: 'ended'; session: string };

/** How long siblings in other tabs have to answer; they only read memory. */
const SIBLING_ANSWER_MS = 60;
/** A token this close to its end is renewed before it is used. */
const EXPIRY_MARGIN_MS = 10_000;
/** A cookie that another tab has just exchanged is answered so for three seconds: ask again. */
const SUPERSEDED = 'refresh_superseded';
const PAUSES_MS = [200, 600, 1200, 1500];

export type Session = ReturnType<typeof createSession>;

/** Builds a session on the given means. The application uses one, see `browserSession.ts`. */
export function createSession(means: SessionMeans) {
  let held: Held | null = null;
  /** Of this tab alone, where the browser keeps no cookie. */
  let ownRefresh: string | null = null;
  let refreshing: Promise<string | null> | null = null;
  const endListeners = new Set<(reason: SessionEnd) => void>();

  function hold(tokens: Tokens): Held {
    const next = {
      access: tokens.access_token,
      expiresAt: means.now() + tokens.expires_in * 1000,
    };
    held = next;
    ownRefresh = tokens.refresh_token;
    means.siblings?.postMessage({ kind: 'held', held: next } satisfies Message);
    return next;
  }

  function forget(reason: SessionEnd): void {
    held = null;
    ownRefresh = null;
    for (const listener of endListeners) listener(reason);
  }

  function isFresh(candidate: Held | null): candidate is Held {
    return candidate !== null && candidate.expiresAt - EXPIRY_MARGIN_MS > means.now();
  }

  means.siblings?.addEventListener('message', ({ data }) => {
    const message = readMessage(data);
    if (message === null) return;
    switch (message.kind) {
      case 'ask':
        if (isFresh(held)) means.siblings?.postMessage({ kind: 'held', held } satisfies Message);
        return;
      case 'held':
        if (held === null) return;
        if (isSame(held, message.held)) held = message.held;
        // Someone signed in anew in another tab, and the shared cookie is theirs now.
        else forget('signed_out');
        return;
      case 'ended':
        if (held !== null && means.sessionOf(held.access) === message.session) forget('signed_out');
        return;
      default:
        return message satisfies never;
    }
  });

  function isSame(one: Held, other: Held): boolean {
    return means.sessionOf(one.access) === means.sessionOf(other.access);
  }

  /** Waits a moment for a sibling's token. A tab without a session takes the first it is offered. */
  async function askSiblings(): Promise<void> {
    const { siblings } = means;
    if (siblings === null) return;
    let listening = true;
    if (held === null) {
      siblings.addEventListener('message', ({ data }) => {
        const message = readMessage(data);
        if (listening && held === null && message?.kind === 'held') held = message.held;
      });
    }
    siblings.postMessage({ kind: 'ask' } satisfies Message);
    await means.pause(SIBLING_ANSWER_MS);
    listening = false;
  }

  /** Presents the refresh token: this tab's own one, or the cookie's. */
  function present(): Promise<Response> {
    const body = ownRefresh === null ? {} : { body: JSON.stringify({ refresh_token: ownRefresh }) };
    return means.fetch(
      new Request(means.refreshUrl(), {
        method: 'POST',
        headers: ownRefresh === null ? {} : { 'content-type': 'application/json' },
        ...body,
      }),
    );
  }

  async function presentUntilJudged(): Promise<Response> {
    for (const pause of PAUSES_MS) {
      const response = await present();
      if (response.status !== 409 || !(await isSuperseded(response))) return response;
      await means.pause(pause);
    }
    return present();
  }

  /** A working access token that is not `refused`, or null when there is no session. */
  async function refresh(refused: string | null): Promise<string | null> {
    await askSiblings();
    if (isFresh(held) && held.access !== refused) return held.access;
    const before = held;
    const response = await presentUntilJudged();
    if (response.ok) {
      const tokens: Tokens = await response.json();
      const next = hold(tokens);
      if (before === null || isSame(before, next)) return next.access;
      // The cookie is another session's by now, maybe another person's.
      forget('signed_out');
      return null;
    }
    // The server judged the token; anything else (a 5xx, a 429) says nothing about the session.
    if (response.status >= 500 || response.status === 429) {
      throw new TypeError(`the session could not be renewed (${response.status})`);
    }
    if (before !== null) forget('expired');
    return null;
  }

  function renew(refused: string | null): Promise<string | null> {
    if (isFresh(held) && held.access !== refused) return Promise.resolve(held.access);
    refreshing ??= means
      .exclusively(() => refresh(refused))
      .finally(() => {
        refreshing = null;
      });
    return refreshing;
  }

  return {
    /** Starts a session with what the sign-in answered. */
    begin(tokens: Tokens): void {
      hold(tokens);
    },

    /** Whether there is a usable session; takes it over from a sibling tab or renews it, if need be. */
    async resume(): Promise<boolean> {
      return (await renew(null)) !== null;
    },

    /** Sends the request with the access token. A 401 renews the token and repeats it, once. */
    async fetch(request: Request): Promise<Response> {
      const token = held === null ? null : await renew(null);
      const repeat = request.clone();
      const response = await means.fetch(withToken(request, token));
      if (response.status !== 401 || token === null) return response;
      const renewed = await renew(token);
      return renewed === null ? response : means.fetch(withToken(repeat, renewed));
    },

    /** Ends the session here, in the sibling tabs and on the server. */
    async signOut(): Promise<void> {
      const ending = held;
      if (ending === null) return;
      const request = new Request(means.logoutUrl(), { method: 'POST' });
      // Signing out must work offline too: the local end does not wait for the server's answer.
      const told = means.fetch(withToken(request, ending.access)).catch(() => undefined);
      const ended = { kind: 'ended', session: means.sessionOf(ending.access) } satisfies Message;
      means.siblings?.postMessage(ended);
      forget('signed_out');
      await told;
    },

    /** Calls back when the session ends; returns the unsubscribe function. */
    onEnd(listener: (reason: SessionEnd) => void): () => void {
      endListeners.add(listener);
      return () => endListeners.delete(listener);
    },
  };
}

function withToken(request: Request, token: string | null): Request {
  if (token !== null) request.headers.set('authorization', `Bearer ${token}`);
  return request;
}

async function isSuperseded(response: Response): Promise<boolean> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => null);
  return isRecord(body) && body.code === SUPERSEDED;
}

/** The session that an access token names; none where it is no JWT. */
export function sessionOfJwt(access: string): string {
  const [, claims = ''] = access.split('.');
  try {
    const read: unknown = JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/')));
    return isRecord(read) && typeof read.sid === 'string' ? read.sid : '';
  } catch {
    return '';
  }
}

function readMessage(data: unknown): Message | null {
  if (!isRecord(data)) return null;
  if (data.kind === 'ask') return { kind: 'ask' };
  if (data.kind === 'ended' && typeof data.session === 'string') {
    return { kind: 'ended', session: data.session };
  }
  if (data.kind !== 'held' || !isRecord(data.held)) return null;
  const { access, expiresAt } = data.held;
  return typeof access === 'string' && typeof expiresAt === 'number'
    ? { kind: 'held', held: { access, expiresAt } }
    : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
