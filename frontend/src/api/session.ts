/**
 * Who is signed in, in this browser tab. The access token lives in memory only; the refresh token
 * lives in the tab's session storage so that a reload does not sign the user out.
 *
 * A refresh token works once, and using it again ends the whole session. So only one refresh runs at
 * a time, within the tab (single flight) and across tabs (a lock), and a tab that is about to
 * refresh first asks its siblings whether one of them already holds a newer pair.
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
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  now: () => number;
  newFamily: () => string;
  /** Runs the work while no other tab runs its own. */
  exclusively: <T>(work: () => Promise<T>) => Promise<T>;
  siblings: Siblings | null;
  refreshUrl: () => string;
  logoutUrl: () => string;
}

interface Held {
  /** Shared by the tabs that hold the same session, made anew at each sign-in. */
  family: string;
  refresh: string;
  access: string | null;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

type Message = { kind: 'ask' } | { kind: 'held'; held: Held } | { kind: 'ended'; family: string };

const STORAGE_KEY = 'agentcores.session';
/** How long siblings in other tabs have to answer; they only read memory. */
const SIBLING_ANSWER_MS = 60;
/** A token this close to its end is renewed before it is used. */
const EXPIRY_MARGIN_MS = 10_000;

export type Session = ReturnType<typeof createSession>;

/** Builds a session on the given means. The application uses one, see `browserSession.ts`. */
export function createSession(means: SessionMeans) {
  let held: Held | null = readStored(means.storage);
  let refreshing: Promise<string | null> | null = null;
  const endListeners = new Set<(reason: SessionEnd) => void>();

  function keep(next: Held): void {
    held = next;
    const { family, refresh } = next;
    means.storage.setItem(STORAGE_KEY, JSON.stringify({ family, refresh }));
  }

  function hold(family: string, tokens: Tokens): Held {
    const next = {
      family,
      refresh: tokens.refresh_token,
      access: tokens.access_token,
      expiresAt: means.now() + tokens.expires_in * 1000,
    };
    keep(next);
    means.siblings?.postMessage({ kind: 'held', held: next } satisfies Message);
    return next;
  }

  function forget(reason: SessionEnd): void {
    held = null;
    means.storage.removeItem(STORAGE_KEY);
    for (const listener of endListeners) listener(reason);
  }

  function isFresh(candidate: Held | null): candidate is Held & { access: string } {
    return (
      candidate !== null &&
      candidate.access !== null &&
      candidate.expiresAt - EXPIRY_MARGIN_MS > means.now()
    );
  }

  means.siblings?.addEventListener('message', ({ data }) => {
    const message = readMessage(data);
    if (message === null) return;
    switch (message.kind) {
      case 'ask':
        if (isFresh(held)) means.siblings?.postMessage({ kind: 'held', held } satisfies Message);
        return;
      case 'held':
        if (held !== null && held.family === message.held.family) keep(message.held);
        return;
      case 'ended':
        if (held !== null && held.family === message.family) forget('signed_out');
        return;
      default:
        return message satisfies never;
    }
  });

  /** Waits a moment for a sibling's pair. A tab without a session takes the first it is offered. */
  async function askSiblings(): Promise<void> {
    const { siblings } = means;
    if (siblings === null) return;
    let listening = true;
    if (held === null) {
      siblings.addEventListener('message', ({ data }) => {
        const message = readMessage(data);
        if (listening && held === null && message?.kind === 'held') keep(message.held);
      });
    }
    siblings.postMessage({ kind: 'ask' } satisfies Message);
    await new Promise((resolve) => setTimeout(resolve, SIBLING_ANSWER_MS));
    listening = false;
  }

  /** A working access token that is not `refused`, or null when the session is over. */
  async function refresh(refused: string | null): Promise<string | null> {
    await askSiblings();
    if (isFresh(held) && held.access !== refused) return held.access;
    if (held === null) return null;
    const { family, refresh } = held;
    const response = await means.fetch(
      new Request(means.refreshUrl(), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ refresh_token: refresh }),
      }),
    );
    if (response.ok) {
      const tokens: Tokens = await response.json();
      return hold(family, tokens).access;
    }
    // The server judged the token; anything else (a 5xx, a 429) says nothing about the session.
    if (response.status < 500 && response.status !== 429) {
      forget('expired');
      return null;
    }
    throw new TypeError(`the session could not be renewed (${response.status})`);
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
      hold(means.newFamily(), tokens);
    },

    /** Whether there is a usable session; renews it, or takes it over from a sibling tab, if need be. */
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
      means.siblings?.postMessage({ kind: 'ended', family: ending.family } satisfies Message);
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

function readStored(storage: Pick<Storage, 'getItem'>): Held | null {
  const text = storage.getItem(STORAGE_KEY);
  if (text === null) return null;
  try {
    const stored: unknown = JSON.parse(text);
    if (!isRecord(stored)) return null;
    const { family, refresh } = stored;
    return typeof family === 'string' && typeof refresh === 'string'
      ? { family, refresh, access: null, expiresAt: 0 }
      : null;
  } catch {
    return null;
  }
}

function readMessage(data: unknown): Message | null {
  if (!isRecord(data)) return null;
  if (data.kind === 'ask') return { kind: 'ask' };
  if (data.kind === 'ended' && typeof data.family === 'string') {
    return { kind: 'ended', family: data.family };
  }
  if (data.kind !== 'held' || !isRecord(data.held)) return null;
  const { family, refresh, access, expiresAt } = data.held;
  return typeof family === 'string' &&
    typeof refresh === 'string' &&
    typeof access === 'string' &&
    typeof expiresAt === 'number'
    ? { kind: 'held', held: { family, refresh, access, expiresAt } }
    : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
