/** Answers and refusals of the fake API. */
import type { FakeDb, Schemas } from './db.ts';

/** A request with what every handler needs of it. */
export interface Call {
  db: FakeDb;
  request: Request;
  path: string;
  query: URLSearchParams;
  body: Record<string, unknown>;
}

/** Thrown by handlers; answered as problem+json. */
export class Refusal extends Error {
  constructor(readonly problem: Schemas['Problem']) {
    super(problem.title);
  }
}

export function refuse(
  status: number,
  code: string,
  detail: string,
  more: Partial<Schemas['Problem']> = {},
): never {
  throw new Refusal({
    type: `urn:agentcores:problem:${code}`,
    title: titleOf(code),
    status,
    code,
    detail,
    request_id: 'req-fake',
    ...more,
  });
}

/** `quota_exceeded` becomes `Quota exceeded`. */
function titleOf(code: string): string {
  const words = code.replaceAll(/[._]/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function notFound(): never {
  return refuse(404, 'not_found', 'There is no such thing, or it is not yours to see.');
}

export function json(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): Response {
  return Response.json(body, { status, headers });
}

export const noContent = (): Response => new Response(null, { status: 204 });

/** A single resource with its version tag. */
export function single(status: number, resource: { version: number }): Response {
  return json(status, resource, { etag: `"${resource.version}"` });
}

/** One page of a list; the cursor is the number of the next row. */
export function page<T>({ query }: Call, rows: readonly T[]): Response {
  const limit = Number(query.get('limit') ?? 50);
  const start = Number(query.get('cursor') ?? 0);
  const next = start + limit;
  return json(200, {
    items: rows.slice(start, next),
    next_cursor: next < rows.length ? String(next) : null,
    total: rows.length,
  });
}

/** A text member of the body. */
export function text(call: Call, name: string): string | undefined {
  const value = call.body[name];
  return typeof value === 'string' ? value : undefined;
}

/** An object member of the body. */
export function object(call: Call, name: string): Record<string, unknown> | undefined {
  const value = call.body[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? { ...value }
    : undefined;
}

/** Refuses with all faults at once; `faults` maps fields to what is wrong with them. */
export function validate(faults: Readonly<Record<string, string | false>>): void {
  const errors = Object.entries(faults).flatMap(([field, message]) =>
    message === false ? [] : [{ field, code: 'malformed', message }],
  );
  const [first] = errors;
  if (first === undefined) return;
  const detail =
    errors.length === 1
      ? `${titleOf(first.field.slice(1))} ${first.message}.`
      : `${errors.length} fields of the request do not fit.`;
  refuse(422, 'validation_failed', detail, { errors });
}

/** What is wrong with the text of a name. */
export function faultOfName(name: string): string | false {
  if (name.trim() === '') return 'must not be blank';
  return name.trim().length > 120 && 'must be at most 120 characters';
}

export function checkVersion({ request }: Call, resource: { version: number }): void {
  const wanted = request.headers.get('if-match');
  if (wanted !== null && wanted !== `"${resource.version}"`) {
    refuse(412, 'version_mismatch', `It is now in version ${resource.version}.`);
  }
}
