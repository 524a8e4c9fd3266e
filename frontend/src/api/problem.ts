/** Refusals of the API (RFC 9457) as errors, and their way to the form fields they speak of. */
import type { components } from './generated';

export type Problem = components['schemas']['Problem'];

/** The API refused, or could not be reached (`status` 0, code `unreachable`). */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
    this.name = 'ProblemError';
  }
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of a successful answer; throws `ProblemError` otherwise. */
export async function answer<T>(call: Promise<Answer<T>>): Promise<NonNullable<T>> {
  const { data, response } = await settle(call);
  if (data === undefined || data === null) throw new ProblemError(withoutBody(response.status));
  return data;
}

/** Waits for a success that has no body; throws `ProblemError` otherwise. */
export async function done(call: Promise<Answer<unknown>>): Promise<void> {
  await settle(call);
}

/** Like `answer`, with the resource's version tag for a later `If-Match`. */
export async function tagged<T>(
  call: Promise<Answer<T>>,
): Promise<{ body: NonNullable<T>; etag: string | null }> {
  const settled = call.catch(unreachable);
  const body = await answer(settled);
  return { body, etag: (await settled).response.headers.get('etag') };
}

async function settle<T>(call: Promise<Answer<T>>): Promise<Answer<T>> {
  const settled = await call.catch(unreachable);
  if (!settled.response.ok) {
    throw new ProblemError(readProblem(settled.error, settled.response.status));
  }
  return settled;
}

function unreachable(cause: unknown): never {
  if (cause instanceof ProblemError) throw cause;
  if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
  throw new ProblemError({
    type: 'about:blank',
    title: 'No connection',
    status: 0,
    code: 'unreachable',
    detail: 'The server did not answer. Check your connection and try again.',
  });
}

/** Reads an error body; a proxy's page or an empty body becomes a problem of the same status. */
export function readProblem(body: unknown, status: number): Problem {
  return isProblem(body) ? body : withoutBody(status);
}

function withoutBody(status: number): Problem {
  return {
    type: 'about:blank',
    title: 'Something went wrong',
    status,
    code: 'unexpected_answer',
    detail: `The server answered with status ${status} and no explanation.`,
  };
}

function isProblem(body: unknown): body is Problem {
  return (
    typeof body === 'object' &&
    body !== null &&
    'code' in body &&
    typeof body.code === 'string' &&
    'title' in body &&
    typeof body.title === 'string' &&
    'detail' in body &&
    typeof body.detail === 'string'
  );
}

/** The problem behind an error of any kind. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  return {
    type: 'about:blank',
    title: 'Something went wrong',
    status: 0,
    code: 'unexpected',
    detail: 'The page met an error of its own. Reload to try again.',
  };
}

/** A problem divided over a form. */
export interface FieldProblems {
  /** What to show at the field with this JSON pointer. */
  at: (pointer: string) => string | undefined;
  /** The problem itself when it is not told by the fields alone. */
  rest: Problem | null;
  /** Messages about fields that the form does not show. */
  elsewhere: string[];
}

/** The field that a refusal speaks of, with better words for it where the page knows some. */
type Refusal = string | readonly [pointer: string, message: string];

/**
 * Divides `error` over the fields named by `pointers`. An error about `/configuration/model` goes to
 * the field `/configuration`. `refusals` names the field that a refusal of a given code speaks of.
 */
export function fieldProblems(
  error: unknown,
  pointers: readonly string[],
  refusals: Readonly<Record<string, Refusal>> = {},
): FieldProblems {
  if (error === null || error === undefined) {
    return { at: () => undefined, rest: null, elsewhere: [] };
  }
  const problem = problemOf(error);
  const messages = new Map<string, string[]>();
  const elsewhere: string[] = [];
  const tell = (pointer: string, message: string) => {
    const field = pointers.find((known) => pointer === known || pointer.startsWith(`${known}/`));
    if (field === undefined) {
      elsewhere.push(pointer === '' ? sentence(message) : `${pointer.slice(1)}: ${message}`);
      return;
    }
    const place = pointer.slice(field.length + 1);
    messages.set(field, [
      ...(messages.get(field) ?? []),
      place === '' ? sentence(message) : `${place}: ${message}`,
    ]);
  };
  for (const { field, message } of problem.errors ?? []) {
    tell(field === '' || field.startsWith('/') ? field : `/${field}`, message);
  }
  const refused = refusals[problem.code];
  if (refused !== undefined && messages.size === 0) {
    const [pointer, message] = typeof refused === 'string' ? [refused, problem.detail] : refused;
    if (pointers.includes(pointer)) tell(pointer, message);
  }
  const told = messages.size > 0 && elsewhere.length === 0;
  return {
    at: (pointer) => messages.get(pointer)?.join(' '),
    rest: told ? null : problem,
    elsewhere,
  };
}

/** The API's clause about a field, "must be given", as a sentence of its own. */
function sentence(clause: string): string {
  const text = clause.charAt(0).toUpperCase() + clause.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
