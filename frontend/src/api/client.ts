/** The HTTP clients, typed by the API's own description. */
import createClient from 'openapi-fetch';
import { session } from './browserSession';
import type { components, paths } from './generated';

export type Schemas = components['schemas'];

const baseUrl = globalThis.location.origin;

/** Speaks as the signed-in user. */
export const http = createClient<paths>({ baseUrl, fetch: (request) => session.fetch(request) });

/** Speaks as nobody: creating organisations, registering and signing in. */
export const anonymousHttp = createClient<paths>({
  baseUrl,
  fetch: (request) => globalThis.fetch(request),
});
