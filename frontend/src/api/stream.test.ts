import { expect, test } from 'vitest';
import {
  backoff,
  type CloudEvent,
  followEvents,
  type StreamMeans,
  type StreamState,
} from './stream';

function frame(position: number, type = 'agent.created'): string {
  const data = JSON.stringify({ type, subject: 'agent/1', position });
  return `id: ${position}\nevent: ${type}\ndata: ${data}\n\n`;
}

/** Follows a stream whose connections answer one after the other, until they run out. */
async function follow(answers: (() => Response)[], start = 3) {
  const ending = new AbortController();
  const requests: Request[] = [];
  const seen: CloudEvent[] = [];
  const states: StreamState[] = [];
  const pauses: number[] = [];
  const asides: string[] = [];
  const means: StreamMeans = {
    fetch: async (request) => {
      requests.push(request);
      const answer = answers.shift();
      if (answers.length === 0) setTimeout(() => ending.abort());
      return answer === undefined ? Promise.reject(new TypeError('offline')) : answer();
    },
    url: (after) => `http://dashboard.test/stream?after=${after}`,
    start: async () => start,
    onEvent: (event) => seen.push(event),
    onAside: ({ event }) => asides.push(event),
    onState: (state) => states.push(state),
    pause: async (ms) => {
      pauses.push(ms);
      await new Promise((resolve) => setTimeout(resolve));
    },
    random: () => 1,
  };
  await followEvents(means, ending.signal);
  return { requests, positions: seen.map(({ position }) => position), states, pauses, asides };
}

test('the stream starts after the given position and goes on after the last event', async () => {
  const { requests, positions } = await follow([
    () => new Response(frame(4) + frame(5)),
    () => new Response(frame(6)),
  ]);
  expect(positions).toEqual([4, 5, 6]);
  expect(requests.map(({ headers }) => headers.get('last-event-id'))).toEqual(['3', '5']);
  expect(requests[1]?.url).toContain('after=5');
});

test('an event that comes again is not told again', async () => {
  const { positions } = await follow([
    () => new Response(frame(4) + frame(4) + frame(2) + frame(5)),
  ]);
  expect(positions).toEqual([4, 5]);
});

test('failures are waited out, longer each time, and told', async () => {
  const { states, pauses, positions } = await follow([
    () => new Response('', { status: 503 }),
    () => new Response('', { status: 503 }),
    () => new Response(frame(4)),
  ]);
  expect(positions).toEqual([4]);
  expect(pauses.slice(0, 2)).toEqual([500, 1000]);
  expect(states.slice(0, 4)).toEqual(['connecting', 'reconnecting', 'reconnecting', 'live']);
});

test('what is no event is passed over', async () => {
  const { positions } = await follow([() => new Response(`data: not json\n\n${frame(4)}`)]);
  expect(positions).toEqual([4]);
});

test('what has no position is told beside the events, and a stream that is over ends', async () => {
  const delta = 'event: delta\ndata: {"step":1,"call_id":"c","text":"Once"}\n\n';
  const { asides, positions, requests } = await follow([
    () => new Response(frame(4) + delta),
    () => new Response(null, { status: 204 }),
    () => new Response(frame(5)),
  ]);
  expect(asides).toEqual(['delta']);
  expect(positions).toEqual([4]);
  expect(requests).toHaveLength(2);
});

test('the wait doubles up to half a minute and is spread', () => {
  const longest = [1, 2, 3, 20].map((failures) => backoff(failures, () => 1));
  expect(longest).toEqual([500, 1000, 2000, 30_000]);
  expect(backoff(20, () => 0)).toBe(15_000);
});
