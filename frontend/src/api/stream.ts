/** Follows a stream of events, the organisation's or a task's, and keeps following it across disconnections. */
import type { components } from './generated';
import { createSseParser, type SseMessage } from './sse';

export type CloudEvent = components['schemas']['CloudEvent'];

/** How the stream is doing. */
export type StreamState = 'connecting' | 'live' | 'reconnecting';

/** What following a stream needs from outside. */
export interface StreamMeans {
  /** Sends a request as the signed-in user. */
  fetch: (request: Request) => Promise<Response>;
  url: (after: number) => string;
  /** The log's position to start after, asked for once. */
  start: () => Promise<number>;
  onEvent: (event: CloudEvent) => void;
  /** Hears what is no event and has no position: it is told anew after a disconnection. */
  onAside?: (message: SseMessage) => void;
  onState: (state: StreamState) => void;
  /** Resolves after the milliseconds, or at once when there is news of the network or an abort. */
  pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A number in 0..1 that spreads reconnections. */
  random: () => number;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** The server sends a comment every 15 s; after two missed ones the connection counts as dead. */
const SILENCE_MS = 40_000;
/** The status of a stream that has ended, and of which nothing came after the position. */
const NOTHING_MORE = 204;

/** Runs until `signal` aborts, or the server says that nothing more comes. Events arrive in log order, each once. */
export async function followEvents(means: StreamMeans, signal: AbortSignal): Promise<void> {
  let position: number | null = null;
  let failures = 0;
  let isOver = false;
  means.onState('connecting');
  while (!signal.aborted) {
    try {
      position ??= await means.start();
      for await (const message of messages(means, position, signal, ({ status }) => {
        failures = 0;
        isOver = status === NOTHING_MORE;
        means.onState('live');
      })) {
        const event = readEvent(message);
        if (event === null) {
          means.onAside?.(message);
          continue;
        }
        if (event.position <= position) continue;
        position = event.position;
        means.onEvent(event);
      }
    } catch {
      // Every failure, of the network or of the server, has one answer: wait, then go on from
      // `position`. The state tells the user.
      failures += 1;
    }
    if (signal.aborted || isOver) return;
    means.onState('reconnecting');
    await means.pause(backoff(failures, means.random), signal);
  }
}

/** Waits; coming back online is a reason to try at once. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = new AbortController();
    const finish = () => {
      clearTimeout(timer);
      over.abort();
      resolve();
    };
    const timer = setTimeout(finish, ms);
    window.addEventListener('online', finish, { signal: over.signal });
    signal.addEventListener('abort', finish, { signal: over.signal });
  });
}

/** Milliseconds to wait after so many failures in a row: doubling, capped, spread over half. */
export function backoff(failures: number, random: () => number): number {
  const full = Math.min(FIRST_PAUSE_MS * 2 ** Math.max(failures - 1, 0), LONGEST_PAUSE_MS);
  return Math.round(full * (0.5 + random() / 2));
}

async function* messages(
  means: StreamMeans,
  after: number,
  signal: AbortSignal,
  onOpen: (response: Response) => void,
): AsyncGenerator<SseMessage> {
  const silence = new AbortController();
  let watchdog = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const response = await means.fetch(
      new Request(means.url(after), {
        headers: { accept: 'text/event-stream', 'last-event-id': String(after) },
        signal: AbortSignal.any([signal, silence.signal]),
      }),
    );
    if (!response.ok) throw new Error(`the event stream answered ${response.status}`);
    onOpen(response);
    if (response.body === null) return;
    const parse = createSseParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(watchdog);
      watchdog = setTimeout(() => silence.abort(), SILENCE_MS);
      yield* parse(value);
    }
  } finally {
    clearTimeout(watchdog);
    silence.abort();
  }
}

function readEvent(message: SseMessage): CloudEvent | null {
  try {
    const event: unknown = JSON.parse(message.data);
    return isCloudEvent(event) ? event : null;
  } catch {
    return null;
  }
}

function isCloudEvent(event: unknown): event is CloudEvent {
  return (
    typeof event === 'object' &&
    event !== null &&
    'type' in event &&
    typeof event.type === 'string' &&
    'subject' in event &&
    typeof event.subject === 'string' &&
    'position' in event &&
    typeof event.position === 'number'
  );
}
