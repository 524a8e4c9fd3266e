/** The log of the fake API: audit, pull, stream, and what is counted from it. */
import { type Schemas, toCloudEvent } from './db.ts';
import { type Call, json, noContent, page } from './http.ts';
import { caller, requirePermission, tenantOf } from './identity.ts';
import { agentsInUse } from './work.ts';

function eventsOf(call: Call): Schemas['AuditEvent'][] {
  const { tenant_id } = caller(call);
  return call.db.events.filter((event) => event.tenant_id === tenant_id);
}

export function listAuditEvents(call: Call): Response {
  requirePermission(caller(call), 'read_audit');
  const { query } = call;
  const is = (name: string, value: string | null) => !query.has(name) || query.get(name) === value;
  const rows = eventsOf(call).filter(
    (event) =>
      is('aggregate_type', event.aggregate_type) &&
      is('aggregate_id', event.aggregate_id) &&
      is('event_type', event.event_type) &&
      is('actor_id', event.actor.id) &&
      is('request_id', event.request_id) &&
      event.recorded_at >= (query.get('from') ?? '') &&
      event.recorded_at <= (query.get('to') ?? '9'),
  );
  return page(call, query.get('order') === 'asc' ? rows : rows.toReversed());
}

export function listEvents(call: Call): Response {
  const after = Number(call.query.get('after') ?? 0);
  const limit = Number(call.query.get('limit') ?? 50);
  const items = eventsOf(call)
    .filter(({ position }) => position > after)
    .slice(0, limit)
    .map(toCloudEvent);
  return json(200, { items, next_after: items.at(-1)?.position ?? after });
}

export function streamEvents(call: Call): Response {
  const { tenant_id } = caller(call);
  return stream(call, (event) => event.tenant_id === tenant_id);
}

const ends = ['task.completed', 'task.failed', 'task.cancelled', 'task.withdrawn'];

/** The events of a task; its model says half of what it is asked as soon as the attempt begins. */
export function streamTask(call: Call, task: Schemas['Task']): Response {
  const ofTask = (event: Schemas['AuditEvent']) => event.aggregate_id === task.id;
  const last = call.db.events.findLast(ofTask);
  if (last !== undefined && ends.includes(last.event_type) && last.position <= after(call)) {
    return noContent();
  }
  const asked = String(task.input_data.prompt ?? '');
  const text = asked.slice(0, Math.ceil(asked.length / 2));
  const draft = JSON.stringify({ step: 1, call_id: task.id, text });
  return stream(call, ofTask, ({ event_type }) =>
    event_type === 'task.attempt_started' ? `event: draft\ndata: ${draft}\n\n` : '',
  );
}

const after = ({ request, query }: Call) =>
  Number(request.headers.get('last-event-id') ?? query.get('after') ?? 0);

function stream(
  call: Call,
  isTold: (event: Schemas['AuditEvent']) => boolean,
  aside: (event: Schemas['AuditEvent']) => string = () => '',
): Response {
  const { db } = call;
  const start = after(call);
  const encoder = new TextEncoder();
  let stop = () => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (event: Schemas['AuditEvent']) => {
        if (!isTold(event) || event.position <= start) return;
        const data = JSON.stringify(toCloudEvent(event));
        const frame = `id: ${event.position}\nevent: ${event.event_type}\ndata: ${data}\n\n`;
        controller.enqueue(encoder.encode(frame + aside(event)));
      };
      controller.enqueue(encoder.encode('retry: 3000\n\n'));
      for (const event of db.events) send(event);
      db.listeners.add(send);
      stop = () => db.listeners.delete(send);
    },
    cancel: () => stop(),
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}

export function health(call: Call): Response {
  const events = eventsOf(call);
  const last = events.at(-1);
  const { tenant_id } = caller(call);
  const tasks = call.db.tasks.filter((task) => task.tenant_id === tenant_id);
  return json(200, {
    status: 'ok',
    event_position: last?.position ?? 0,
    last_event_at: last?.recorded_at ?? null,
    queued_tasks: tasks.filter((task) => task.status === 'pending' && task.queued_at).length,
    running_tasks: tasks.filter((task) => task.status === 'running').length,
    projections: [{ name: 'agents', position: last?.position ?? 0, lag: 0 }],
  } satisfies Schemas['TenantHealth']);
}

export function usage(call: Call): Response {
  const user = caller(call);
  const { db } = call;
  const { limits } = tenantOf(db, user);
  const now = new Date(db.now());
  const month = (offset: number) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, 1)).toISOString();
  const tasks = db.events.filter(
    ({ tenant_id, event_type }) => tenant_id === user.tenant_id && event_type === 'task.created',
  ).length;
  const users = db.users.filter(
    (known) => known.user.tenant_id === user.tenant_id && known.user.is_active,
  ).length;
  return json(200, {
    period_start: month(0),
    period_end: month(1),
    resources: [
      {
        resource: 'agents',
        used: agentsInUse(db, user.tenant_id),
        limit: limits.agents,
        resets_at: null,
      },
      { resource: 'users', used: users, limit: limits.users, resets_at: null },
      {
        resource: 'tasks_per_month',
        used: tasks,
        limit: limits.tasks_per_month,
        resets_at: month(1),
      },
    ],
  } satisfies Schemas['Usage']);
}
