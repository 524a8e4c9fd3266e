/** Schedules of the fake API. Their times are every day at noon, whatever their expression says. */
import { actorOf, type FakeDb, record, type Schemas, touch } from './db.ts';
import {
  type Call,
  json,
  noContent,
  notFound,
  object,
  page,
  single,
  text,
  validate,
} from './http.ts';
import { caller, requirePermission } from './identity.ts';

type Schedule = Schemas['Schedule'];

const DAY_MS = 86_400_000;

function nextRuns({ now }: FakeDb, count: number): string[] {
  const noon = Math.ceil(Date.parse(now()) / DAY_MS) * DAY_MS + DAY_MS / 2;
  return Array.from({ length: count }, (_, day) => new Date(noon + day * DAY_MS).toISOString());
}

function faultsOfTimes(cron: string, zone: string) {
  return {
    '/cron':
      cron.split(/\s+/).length !== 5 &&
      'must be a cron expression of five fields, such as 30 8 * * MON-FRI',
    '/time_zone':
      !/^(UTC|\w+\/\w+)$/.test(zone) &&
      'must be a time zone of the IANA database, such as Europe/Berlin',
  };
}

export function addSchedule(
  db: FakeDb,
  by: Schemas['User'],
  given: Pick<Schedule, 'name' | 'agent_id'> & Partial<Schedule>,
): Schedule {
  const schedule: Schedule = {
    cron: '0 9 * * MON-FRI',
    time_zone: 'UTC',
    task_type: 'prompt',
    input_data: {},
    priority: 3,
    timeout_seconds: 300,
    max_attempts: 3,
    queue_timeout_seconds: null,
    overlap: 'skip',
    catch_up: 'once',
    enabled: true,
    next_runs: given.enabled === false ? [] : nextRuns(db, 5),
    runs: 0,
    last_run_at: null,
    last_task_id: null,
    skipped_runs: 0,
    last_skipped_at: null,
    last_skip_reason: null,
    ...given,
    id: db.nextId(),
    tenant_id: by.tenant_id,
    created_by: by.id,
    version: 1,
    created_at: db.now(),
    updated_at: db.now(),
  };
  db.schedules.unshift(schedule);
  const about = { type: 'agent', id: schedule.agent_id } as const;
  record(db, by.tenant_id, actorOf(by), about, 'agent.schedule_created', { name: schedule.name });
  return schedule;
}

export function listSchedules(call: Call): Response {
  const { tenant_id } = caller(call);
  const { query } = call;
  const q = (query.get('q') ?? '').toLowerCase();
  const rows = call.db.schedules
    .filter((schedule) => schedule.tenant_id === tenant_id)
    .filter(({ agent_id }) => !query.has('agent_id') || agent_id === query.get('agent_id'))
    .filter(({ enabled }) => !query.has('enabled') || String(enabled) === query.get('enabled'))
    .filter(({ name }) => name.toLowerCase().includes(q));
  return page(call, rows);
}

export function createSchedule(call: Call): Response {
  const by = caller(call);
  requirePermission(by, 'create_tasks');
  const name = text(call, 'name') ?? '';
  const agent_id = text(call, 'agent_id') ?? '';
  const cron = text(call, 'cron') ?? '';
  const time_zone = text(call, 'time_zone') ?? 'UTC';
  validate({
    '/agent_id': !call.db.agents.some(({ id }) => id === agent_id) && 'no agent has this id',
    ...faultsOfTimes(cron, time_zone),
  });
  const input_data = object(call, 'input_data') ?? {};
  const given = { ...changesIn(call), name, agent_id, cron, time_zone, input_data };
  return single(201, addSchedule(call.db, by, given));
}

/** The members of the body that a schedule takes as they are. */
function changesIn(call: Call): Partial<Schedule> {
  const { overlap, catch_up, enabled, priority } = call.body;
  return {
    ...(overlap === 'queue' || overlap === 'skip' ? { overlap } : {}),
    ...(catch_up === 'once' || catch_up === 'skip' ? { catch_up } : {}),
    ...(typeof enabled === 'boolean' ? { enabled } : {}),
    ...(typeof priority === 'number' ? { priority } : {}),
  };
}

export function previewSchedule(call: Call): Response {
  caller(call);
  validate(faultsOfTimes(text(call, 'cron') ?? '', text(call, 'time_zone') ?? ''));
  return json(200, { next_runs: nextRuns(call.db, 10) });
}

export function oneSchedule(call: Call, id: string): Response {
  const by = caller(call);
  const { db, request } = call;
  const found = db.schedules.find((one) => one.id === id && one.tenant_id === by.tenant_id);
  const schedule = found ?? notFound();
  if (request.method === 'GET') return single(200, schedule);
  if (schedule.created_by !== by.id) requirePermission(by, 'manage_tasks');
  const about = { type: 'agent', id: schedule.agent_id } as const;
  if (request.method === 'DELETE') {
    db.schedules.splice(db.schedules.indexOf(schedule), 1);
    record(db, by.tenant_id, actorOf(by), about, 'agent.schedule_removed');
    return noContent();
  }
  const cron = text(call, 'cron') ?? schedule.cron;
  const time_zone = text(call, 'time_zone') ?? schedule.time_zone;
  validate(faultsOfTimes(cron, time_zone));
  const name = text(call, 'name') ?? schedule.name;
  const input_data = object(call, 'input_data') ?? schedule.input_data;
  const enabled = changesIn(call).enabled ?? schedule.enabled;
  const next_runs = enabled ? nextRuns(db, 5) : [];
  touch(db, schedule, { ...changesIn(call), name, cron, time_zone, input_data, next_runs });
  record(db, by.tenant_id, actorOf(by), about, 'agent.schedule_changed');
  return single(200, schedule);
}
