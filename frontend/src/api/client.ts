/** The HTTP clients, typed by the API's own description. */
import createClient from 'openapi-fetch';
import { session } from './browserSession';
import type { components, paths } from './generated';
import { withPasswordAgain } from './passwordAgain';

export type Schemas = components['schemas'];

const baseUrl = globalThis.location.origin;

/** Speaks as the signed-in user. */
export const http = createClient<paths>({
  baseUrl,
  fetch: (request) => withPasswordAgain((each) => session.fetch(each), request),
});

/** Speaks as nobody: founding organisations, registering, signing in, resetting a password. */
export const anonymousHttp = createClient<paths>({
  baseUrl,
  fetch: (request) => globalThis.fetch(request),
});
