/** Serves the fake API next to the dashboard: `npm run dev:fake`, and under the page tests. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import type { Connect, Plugin } from 'vite';
import { createFakeApi } from './fake/index.ts';
import { seed } from './fake/seed.ts';

/** As strict as the dashboard can live with, so that the page tests notice what would need more. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** A Vite plugin; each server start begins with the seeded organisation. */
export function fakeBackend(): Plugin {
  const clock = { now: Date.now() };
  const api = createFakeApi({ claim: 700, work: 1800 }, () => clock.now);
  seed(api, clock);
  const serve: Connect.NextHandleFunction = (incoming, outgoing, next) => {
    if (incoming.url === undefined || !incoming.url.startsWith('/api/')) return next();
    clock.now = Date.now();
    const leaving = new AbortController();
    outgoing.on('close', () => leaving.abort());
    readRequest(incoming)
      .then((request) => api.handle(request))
      .then((response) => send(response, outgoing, leaving.signal))
      .catch(next);
  };
  return {
    name: 'fake-backend',
    configureServer: ({ middlewares }) => void middlewares.use(serve),
    configurePreviewServer({ middlewares }) {
      middlewares.use((_, outgoing, next) => {
        outgoing.setHeader('content-security-policy', policy);
        next();
      });
      middlewares.use(serve);
    },
  };
}

async function readRequest(incoming: IncomingMessage): Promise<Request> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, String(value));
  }
  const hasBody = chunks.length > 0;
  return new Request(`http://fake${incoming.url}`, {
    method: incoming.method ?? 'GET',
    headers,
    ...(hasBody ? { body: Buffer.concat(chunks) } : {}),
  });
}

function send(response: Response, outgoing: ServerResponse, leaving: AbortSignal): void {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  if (response.body === null) {
    outgoing.end();
    return;
  }
  // The DOM's and Node's names for the same stream type.
  const body = Readable.fromWeb(response.body as NodeReadableStream);
  leaving.addEventListener('abort', () => body.destroy());
  body.on('error', () => outgoing.end());
  body.pipe(outgoing);
}
