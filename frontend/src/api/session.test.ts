import { expect, test, vi } from 'vitest';
import { createSession, type SessionMeans, type Siblings } from './session';

/** A server that knows one access token at a time, and browser means to reach it. */
function world(siblings: Siblings | null = null) {
  const stored = new Map<string, string>();
  const server = {
    valid: 'access-1',
    refreshes: [] as string[],
    refreshStatus: 200,
    calls: [] as string[],
  };
  const means: SessionMeans = {
    fetch: async (request) => {
      if (request.url.endsWith('/refresh')) {
        const { refresh_token } = await request.json();
        server.refreshes.push(refresh_token);
        if (server.refreshStatus !== 200) return new Response('', { status: server.refreshStatus });
        const count = server.refreshes.length + 1;
        server.valid = `access-${count}`;
        return Response.json({
          access_token: server.valid,
          refresh_token: `refresh-${count}`,
          expires_in: 900,
        });
      }
      const token = request.headers.get('authorization')?.replace('Bearer ', '') ?? '';
      server.calls.push(`${request.method} ${token} ${await request.text()}`.trim());
      return new Response('', { status: token === server.valid ? 200 : 401 });
    },
    storage: {
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, value) => stored.set(key, value),
      removeItem: (key) => stored.delete(key),
    },
    now: () => Date.now(),
    newFamily: () => 'family',
    exclusively: (work) => work(),
    siblings,
    refreshUrl: () => 'http://dashboard.test/refresh',
    logoutUrl: () => 'http://dashboard.test/logout',
  };
  return { server, means, stored };
}

const tokens = { access_token: 'access-1', refresh_token: 'refresh-1', expires_in: 900 };
const ask = () => new Request('http://dashboard.test/agents', { method: 'POST', body: 'x' });

test('requests carry the access token', async () => {
  const { server, means } = world();
  const session = createSession(means);
  session.begin(tokens);
  expect((await session.fetch(ask())).status).toBe(200);
  expect(server.calls).toEqual(['POST access-1 x']);
});

test('a refused token is renewed once and the request repeated with its body', async () => {
  const { server, means } = world();
  const session = createSession(means);
  session.begin(tokens);
  server.valid = 'changed on the server';
  expect((await session.fetch(ask())).status).toBe(200);
  expect(server.calls).toEqual(['POST access-1 x', 'POST access-2 x']);
  expect(server.refreshes).toEqual(['refresh-1']);
});

test('many refused requests share one renewal', async () => {
  const { server, means } = world();
  const session = createSession(means);
  session.begin(tokens);
  server.valid = 'changed on the server';
  const answers = await Promise.all(
    [ask(), ask(), ask(), ask()].map((each) => session.fetch(each)),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(server.refreshes).toEqual(['refresh-1']);
});

test('a request that stays refused is not repeated for ever', async () => {
  const { server, means } = world();
  const session = createSession({
    ...means,
    fetch: async (request) =>
      request.url.endsWith('/refresh') ? means.fetch(request) : new Response('', { status: 401 }),
  });
  session.begin(tokens);
  expect((await session.fetch(ask())).status).toBe(401);
  expect(server.refreshes).toHaveLength(1);
});

test('a token about to expire is renewed before it is used', async () => {
  const { server, means } = world();
  const session = createSession(means);
  session.begin({ ...tokens, expires_in: 5 });
  await session.fetch(ask());
  expect(server.calls).toEqual(['POST access-2 x']);
});

test('a refused renewal ends the session', async () => {
  const { server, means, stored } = world();
  const session = createSession(means);
  const ended = vi.fn();
  session.onEnd(ended);
  session.begin(tokens);
  server.valid = 'none';
  server.refreshStatus = 401;
  expect((await session.fetch(ask())).status).toBe(401);
  expect(ended).toHaveBeenCalledExactlyOnceWith('expired');
  expect(stored.size).toBe(0);
});

test('a server in trouble does not end the session', async () => {
  const { server, means } = world();
  const session = createSession(means);
  session.begin(tokens);
  server.valid = 'changed on the server';
  server.refreshStatus = 503;
  await expect(session.fetch(ask())).rejects.toThrow('503');
  server.refreshStatus = 200;
  expect((await session.fetch(ask())).status).toBe(200);
});

test('a reload goes on with the stored refresh token; access tokens are not stored', async () => {
  const { server, means, stored } = world();
  createSession(means).begin(tokens);
  expect([...stored.values()].join()).not.toContain('access-1');
  expect(await createSession(means).resume()).toBe(true);
  expect(server.refreshes).toEqual(['refresh-1']);
});

test('without a session nothing is resumed', async () => {
  const { server, means } = world();
  expect(await createSession(means).resume()).toBe(false);
  expect(server.refreshes).toEqual([]);
});

test('signing out tells the server and forgets', async () => {
  const { server, means, stored } = world();
  const session = createSession(means);
  const ended = vi.fn();
  session.onEnd(ended);
  session.begin(tokens);
  await session.signOut();
  expect(server.calls).toEqual(['POST access-1']);
  expect(ended).toHaveBeenCalledWith('signed_out');
  expect(stored.size).toBe(0);
});

/** Tabs that hear each other. */
function tabs() {
  const listeners: { from: object; listener: (event: { data: unknown }) => void }[] = [];
  return (): Siblings => {
    const from = {};
    return {
      postMessage: (data) => {
        for (const each of listeners) if (each.from !== from) each.listener({ data });
      },
      addEventListener: (_, listener) => listeners.push({ from, listener }),
    };
  };
}

test('a tab takes over the session of a sibling instead of using the refresh token again', async () => {
  const channel = tabs();
  const first = world(channel());
  createSession(first.means).begin(tokens);
  const second = world(channel());
  const session = createSession(second.means);
  expect(await session.resume()).toBe(true);
  expect(second.server.refreshes).toEqual([]);
  await session.fetch(ask());
  expect(second.server.calls).toEqual(['POST access-1 x']);
});

test('signing out in one tab signs the siblings out', async () => {
  const channel = tabs();
  const first = createSession(world(channel()).means);
  first.begin(tokens);
  const second = createSession(world(channel()).means);
  await second.resume();
  const ended = vi.fn();
  second.onEnd(ended);
  await first.signOut();
  expect(ended).toHaveBeenCalledWith('signed_out');
});
