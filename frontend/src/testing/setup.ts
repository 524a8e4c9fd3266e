import '@testing-library/jest-dom/vitest';
import { cleanup, configure } from '@testing-library/react';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { session } from '@/api/browserSession';
import { queryClient } from '@/api/query';
import { fake, server } from './server';

// jsdom lays nothing out, so there is nothing to scroll.
window.scrollTo = () => undefined;
Element.prototype.scrollIntoView = () => undefined;

// The first test of a file also loads the code of its route.
configure({ asyncUtilTimeout: 8000 });

beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterEach(async () => {
  cleanup();
  await session.signOut();
  queryClient.clear();
  server.resetHandlers();
  fake.reset();
});
afterAll(() => server.close());
