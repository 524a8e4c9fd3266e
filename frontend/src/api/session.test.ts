import { expect, test, vi } from 'vitest';
import { createSession, type SessionMeans, type Siblings, sessionOfJwt } from './session';

/** A server that knows one access token and one cookie at a time, and browser means to reach it. */
function world(siblings: Siblings | null = null) {
  const server = {
    valid: 'access-1',
    session: 'session',
    refreshes: [] as string[],
    refreshAnswers: [] as Response[],
    calls: [] as string[],
  };
  const means: SessionMeans = {
    fetch: async (request) => {
      if (request.url.endsWith('/refresh')) {
        const text = await request.text();
        server.refreshes.push(text === '' ? 'cookie' : JSON.parse(text).refresh_token);
        const prepared = server.refreshAnswers.shift();
        if (prepared !== undefined) return prepared;
        const count = server.refreshes.length + 1;
        server.valid = `access-${count}`;
        const refresh_token = text === '' ? null : `refresh-${count}`;
        return Response.json({ access_token: server.valid, refresh_token, expires_in: 900 });
      }
      const token = request.headers.get('authorization')?.replace('Bearer ', '') ?? '';
      server.calls.push(`${request.method} ${token} ${await request.text()}`.trim());
      return new Response('', { status: token === server.valid ? 200 : 401 });
    },
    now: () => Date.now(),
    pause: async () => undefined,
    sessionOf: () => server.session,
    exclusively: (work) => work(),
    siblings,
    refreshUrl: () => 'http://dashboard.test/refresh',
    logoutUrl: () => 'http://dashboard.test/logout',
  };
  return { server, means };
}

const status = (code: number) => new Response('', { status: code });
const superseded = () => Response.json({ code: 'refresh_superseded' }, { status: 409 });
const tokens = { access_token: 'access-1', refresh_token: null, expires_in: 900 };
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
  expect(server.refreshes).toEqual(['cookie']);
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
  expect(server.refreshes).toEqual(['cookie']);
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
  const { server, means } = world();
  const session = createSession(means);
  const ended = vi.fn();
  session.onEnd(ended);
  session.begin(tokens);
  server.valid = 'none';
  server.refreshAnswers = [status(401)];
  expect((await session.fetch(ask())).status).toBe(401);
  expect(ended).toHaveBeenCalledExactlyOnceWith('expired');
});

test('a server in trouble does not end the session', async () => {
  const { server, means } = world();
  const session = createSession(means);
  session.begin(tokens);
  server.valid = 'changed on the server';
  server.refreshAnswers = [status(503)];
  await expect(session.fetch(ask())).rejects.toThrow('503');
  expect((await session.fetch(ask())).status).toBe(200);
});

test('a reload goes on with the cookie', async () => {
  const { server, means } = world();
  createSession(means).begin(tokens);
  expect(await createSession(means).resume()).toBe(true);
  expect(server.refreshes).toEqual(['cookie']);
});

test('where no cookie is kept the token stays in memory', async () => {
  const { server, means } = world();
  const session = createSession(means);
  session.begin({ ...tokens, refresh_token: 'refresh-1' });
  server.valid = 'changed on the server';
  await session.fetch(ask());
  server.valid = 'changed again';
  await session.fetch(ask());
  expect(server.refreshes).toEqual(['refresh-1', 'refresh-2']);
});

test('a cookie that another tab has just exchanged is presented again', async () => {
  const { server, means } = world();
  server.refreshAnswers = [superseded(), superseded()];
  expect(await createSession(means).resume()).toBe(true);
  expect(server.refreshes).toHaveLength(3);
});

test('a cookie of another session is not taken for this one', async () => {
  const { server, means } = world();
  const session = createSession({
    ...means,
    sessionOf: (access) => (access === 'access-1' ? 'session' : 'another'),
  });
  const ended = vi.fn();
  session.onEnd(ended);
  session.begin(tokens);
  server.valid = 'changed on the server';
  expect((await session.fetch(ask())).status).toBe(401);
  expect(server.calls).toEqual(['POST access-1 x']);
  expect(ended).toHaveBeenCalledExactlyOnceWith('signed_out');
});

test('a JWT names its session', () => {
  const claims = btoa(JSON.stringify({ sid: '0198' })).replaceAll('=', '');
  expect(sessionOfJwt(`x.${claims}.y`)).toBe('0198');
  expect(sessionOfJwt('access-1')).toBe('');
});

test('without a session nothing is resumed', async () => {
  const { server, means } = world();
  server.refreshAnswers = [status(401)];
  const session = createSession(means);
  const ended = vi.fn();
  session.onEnd(ended);
  expect(await session.resume()).toBe(false);
  expect(ended).not.toHaveBeenCalled();
});

test('signing out tells the server and forgets', async () => {
  const { server, means } = world();
  const session = createSession(means);
  const ended = vi.fn();
  session.onEnd(ended);
  session.begin(tokens);
  await session.signOut();
  expect(server.calls).toEqual(['POST access-1']);
  expect(ended).toHaveBeenCalledWith('signed_out');
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

test('signing in anew in one tab ends what the siblings held', async () => {
  const channel = tabs();
  const sessionOf = (access: string) => access;
  const first = createSession({ ...world(channel()).means, sessionOf });
  first.begin(tokens);
  const second = createSession({ ...world(channel()).means, sessionOf });
  await second.resume();
  const ended = vi.fn();
  second.onEnd(ended);
  first.begin({ ...tokens, access_token: 'access-of-another' });
  expect(ended).toHaveBeenCalledWith('signed_out');
});
