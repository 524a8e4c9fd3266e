/** The fake API in front of the tests' requests. A request that it does not have fails the test. */
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { createFakeApi, type FakeApi } from './fake';
import { seed } from './fake/seed';

let api: FakeApi = seeded();

function seeded(): FakeApi {
  const clock = { now: Date.now() };
  const fresh = createFakeApi({ claim: 5, work: 10 }, () => clock.now);
  seed(fresh, clock);
  return fresh;
}

/** The API that answers, with Northwind Research in it; new for each test. */
export const fake = {
  get db() {
    return api.db;
  },
  reset() {
    api = seeded();
  },
};

export const server = setupServer(
  http.all('*/api/v1/*', async ({ request }) => {
    const response = await api.handle(request);
    if (response.status === 501) throw new Error(`not faked: ${request.method} ${request.url}`);
    return new HttpResponse(response.body, response);
  }),
);
