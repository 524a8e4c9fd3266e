/** Agents and tasks of the fake API, and a worker that echoes. */
import { actorOf, agentActor, type FakeDb, record, type Schemas, touch } from './db.ts';
import {
  type Call,
  checkVersion,
  faultOfName,
  json,
  noContent,
  notFound,
  object,
  page,
  refuse,
  single,
  text,
  validate,
} from './http.ts';
import { caller, requirePermission, tenantOf } from './identity.ts';

type Agent = Schemas['Agent'];
type Task = Schemas['Task'];

const taskTypes = ['prompt', 'text_processing', 'api_call', 'workflow'] as const;

/** How long the worker waits before each step, in milliseconds. */
export interface WorkerPace {
  claim: number;
  work: number;
}

export function addAgent(
  db: FakeDb,
  by: Schemas['User'],
  given: Pick<Agent, 'name' | 'description' | 'agent_type' | 'capabilities' | 'configuration'>,
): Agent {
  const agent: Agent = {
    ...given,
    id: db.nextId(),
    tenant_id: by.tenant_id,
    status: 'idle',
    error: null,
    created_by: by.id,
    version: 1,
    created_at: db.now(),
    updated_at: db.now(),
  };
  db.agents.unshift(agent);
  recordAgent(db, by, agent, 'agent.created', { name: agent.name, agent_type: agent.agent_type });
  return agent;
}

function recordAgent(
  db: FakeDb,
  by: Schemas['User'],
  { id }: Agent,
  type: string,
  data: Record<string, unknown> = {},
): void {
  record(db, by.tenant_id, actorOf(by), { type: 'agent', id }, type, data);
}

export function listAgents(call: Call): Response {
  const { tenant_id } = caller(call);
  const { query, db } = call;
  const q = (query.get('q') ?? '').toLowerCase();
  if (q === 'unreadable') refuse(500, 'internal', 'Something went wrong on our side.');
  const rows = db.agents
    .filter((agent) => agent.tenant_id === tenant_id && agent.status !== 'terminated')
    .filter(({ status }) => !query.has('status') || status === query.get('status'))
    .filter(({ agent_type }) => !query.has('agent_type') || agent_type === query.get('agent_type'))
    .filter(({ name }) => name.toLowerCase().includes(q));
  if (query.get('sort') === 'name') rows.sort((a, b) => a.name.localeCompare(b.name));
  return page(call, rows);
}

export function createAgent(call: Call): Response {
  const by = caller(call);
  requirePermission(by, 'create_agents');
  const { db } = call;
  const name = text(call, 'name') ?? '';
  const agent_type = text(call, 'agent_type') ?? '';
  validate({
    '/name': faultOfName(name),
    '/agent_type':
      !/^(?:gpt-4|claude|custom|echo|scripted|[\w.:-]+\/[\w./:-]+)$/.test(agent_type) &&
      'must be gpt-4, claude, custom, echo, scripted or provider/model',
  });
  const limit = tenantOf(db, by).limits.agents;
  const used = agentsInUse(db, by.tenant_id);
  if (limit !== null && used >= limit) {
    const detail = `The plan's limit of ${limit} agents is reached.`;
    refuse(403, 'quota_exceeded', detail, { resource: 'agents', limit, used });
  }
  const { capabilities } = call.body;
  const agent = addAgent(db, by, {
    name,
    description: text(call, 'description') ?? '',
    agent_type,
    capabilities: Array.isArray(capabilities) ? capabilities.map(String) : [],
    configuration: object(call, 'configuration') ?? {},
  });
  return single(201, agent);
}

export function agentsInUse(db: FakeDb, tenantId: string): number {
  return db.agents.filter(
    ({ tenant_id, status }) => tenant_id === tenantId && status !== 'terminated',
  ).length;
}

export function findAgent(call: Call, id: string): Agent {
  const { tenant_id } = caller(call);
  return (
    call.db.agents.find(
      (agent) => agent.id === id && agent.tenant_id === tenant_id && agent.status !== 'terminated',
    ) ?? notFound()
  );
}

export function oneAgent(call: Call, id: string): Response {
  const agent = findAgent(call, id);
  if (call.request.method === 'GET') return single(200, agent);
  const by = caller(call);
  if (agent.created_by !== by.id) requirePermission(by, 'manage_agents');
  if (call.request.method === 'DELETE') {
    touch(call.db, agent, { status: 'terminated' });
    recordAgent(call.db, by, agent, 'agent.terminated');
    return noContent();
  }
  checkVersion(call, agent);
  const name = text(call, 'name') ?? agent.name;
  validate({ '/name': faultOfName(name) });
  touch(call.db, agent, {
    name,
    description: text(call, 'description') ?? agent.description,
    agent_type: text(call, 'agent_type') ?? agent.agent_type,
    configuration: object(call, 'configuration') ?? agent.configuration,
  });
  recordAgent(call.db, by, agent, 'agent.changed', { name });
  return single(200, agent);
}

interface Move {
  from: readonly Agent['status'][];
  to: Agent['status'];
  event: string;
  refusal: string;
  reason: string;
}

const notRunning = { refusal: 'agent.not_running', reason: 'The agent is not running.' };
const agentMoves: Readonly<Record<string, Move>> = {
  start: {
    from: ['idle', 'error'],
    to: 'running',
    event: 'agent.started',
    refusal: 'agent.already_running',
    reason: 'The agent is already running.',
  },
  stop: {
    from: ['running', 'paused', 'error'],
    to: 'idle',
    event: 'agent.stopped',
    ...notRunning,
  },
  pause: { from: ['running'], to: 'paused', event: 'agent.paused', ...notRunning },
  resume: {
    from: ['paused'],
    to: 'running',
    event: 'agent.resumed',
    refusal: 'agent.not_paused',
    reason: 'The agent is not paused.',
  },
};

export function moveAgent(call: Call, id: string, move: string): Response {
  const agent = findAgent(call, id);
  const by = caller(call);
  requirePermission(by, 'run_agents');
  const found = agentMoves[move] ?? notFound();
  if (!found.from.includes(agent.status)) refuse(409, found.refusal, found.reason);
  touch(call.db, agent, { status: found.to, error: null });
  const mode = move === 'pause' ? (text(call, 'mode') ?? 'drain') : null;
  recordAgent(call.db, by, agent, found.event, mode === null ? {} : { mode });
  if (move === 'stop' || mode === 'cancel') cancelRunning(call.db, by, agent);
  return single(200, agent);
}

function cancelRunning(db: FakeDb, by: Schemas['User'], { id }: Agent): void {
  const isAtWork = (task: Task) => task.agent_id === id && task.status === 'running';
  for (const task of db.tasks.filter(isAtWork)) {
    touch(db, task, { status: 'cancelled', finished_at: db.now() });
    record(db, by.tenant_id, actorOf(by), { type: 'task', id: task.id }, 'task.cancelled');
  }
}

export function addTask(
  db: FakeDb,
  by: Schemas['User'],
  given: Pick<Task, 'name' | 'agent_id' | 'input_data'> & Partial<Task>,
): Task {
  const task: Task = {
    task_type: 'prompt',
    priority: 3,
    status: 'pending',
    timeout_seconds: 300,
    max_attempts: 3,
    scheduled_at: null,
    queued_at: null,
    started_at: null,
    finished_at: null,
    next_attempt_at: null,
    output_data: null,
    error: null,
    usage: { input_tokens: 0, output_tokens: 0, cost_usd: '0.000000' },
    attempts: 0,
    queue_timeout_seconds: null,
    conversation_id: null,
    forked_from: null,
    fork_at_step: null,
    configuration: null,
    approval: null,
    schedule_id: null,
    ...given,
    id: db.nextId(),
    tenant_id: by.tenant_id,
    created_by: by.id,
    version: 1,
    created_at: db.now(),
    updated_at: db.now(),
  };
  db.tasks.unshift(task);
  record(db, by.tenant_id, actorOf(by), { type: 'task', id: task.id }, 'task.created', {
    name: task.name,
    priority: task.priority,
  });
  return task;
}

export function listTasks(call: Call): Response {
  const { tenant_id } = caller(call);
  const { query } = call;
  const q = (query.get('q') ?? '').toLowerCase();
  const rows = call.db.tasks
    .filter((task) => task.tenant_id === tenant_id)
    .filter(({ status }) => !query.has('status') || status === query.get('status'))
    .filter(({ agent_id }) => !query.has('agent_id') || agent_id === query.get('agent_id'))
    .filter(({ priority }) => !query.has('priority') || priority === Number(query.get('priority')))
    .filter(({ name }) => name.toLowerCase().includes(q));
  return page(call, rows);
}

export function createTask(call: Call): Response {
  const by = caller(call);
  requirePermission(by, 'create_tasks');
  const name = text(call, 'name') ?? '';
  const agent_id = text(call, 'agent_id') ?? '';
  const { max_attempts, timeout_seconds, priority } = call.body;
  validate({
    '/name': faultOfName(name),
    '/agent_id': !call.db.agents.some(({ id }) => id === agent_id) && 'no agent has this id',
    '/max_attempts': typeof max_attempts === 'number' && max_attempts > 10 && 'must be 1 to 10',
  });
  const task = addTask(call.db, by, {
    name,
    agent_id,
    task_type: taskTypes.find((type) => type === call.body.task_type) ?? 'prompt',
    input_data: object(call, 'input_data') ?? {},
    ...(typeof priority === 'number' ? { priority } : {}),
    ...(typeof timeout_seconds === 'number' ? { timeout_seconds } : {}),
    ...(typeof max_attempts === 'number' ? { max_attempts } : {}),
    scheduled_at: text(call, 'scheduled_at') ?? null,
  });
  return single(201, task);
}

export function findTask(call: Call, id: string): Task {
  const { tenant_id } = caller(call);
  return call.db.tasks.find((task) => task.id === id && task.tenant_id === tenant_id) ?? notFound();
}

export function oneTask(call: Call, id: string): Response {
  const task = findTask(call, id);
  if (call.request.method === 'GET') return single(200, task);
  const by = caller(call);
  if (task.created_by !== by.id) requirePermission(by, 'manage_tasks');
  call.db.tasks.splice(call.db.tasks.indexOf(task), 1);
  record(call.db, by.tenant_id, actorOf(by), { type: 'task', id }, 'task.withdrawn');
  return noContent();
}

/** Each attempt of a fake task is one call of its agent's model. */
export function listSteps(call: Call, id: string): Response {
  const task = findTask(call, id);
  if (task.started_at === null) return page(call, []);
  const agent = call.db.agents.find((each) => each.id === task.agent_id);
  const hasFailed = task.status === 'failed';
  const isOver = task.finished_at !== null;
  const state = hasFailed ? 'failed' : isOver ? 'done' : 'running';
  return page(call, [
    {
      id: task.id,
      step: 1,
      kind: 'model',
      name: agent?.agent_type ?? 'echo',
      provider: '',
      state,
      attempt_id: task.id,
      attempt: task.attempts,
      request_hash: task.id,
      reply_hash: null,
      error: hasFailed ? task.error : null,
      has_side_effects: false,
      reserved_usd: '0.000000',
      usage: task.usage,
      price_table: null,
      latency_ms: isOver ? 1234 : null,
      started_at: task.started_at,
      ended_at: task.finished_at,
    } satisfies Schemas['Step'],
  ]);
}

export function moveTask(call: Call, id: string, move: string, pace: WorkerPace): Response {
  const { db } = call;
  const task = findTask(call, id);
  const by = caller(call);
  requirePermission(by, 'create_tasks');
  const about = { type: 'task', id } as const;
  if (move === 'cancel') {
    if (task.created_by !== by.id) requirePermission(by, 'manage_tasks');
    touch(db, task, { status: 'cancelled', finished_at: db.now() });
    record(db, by.tenant_id, actorOf(by), about, 'task.cancelled');
    return single(200, task);
  }
  const agent = db.agents.find((each) => each.id === task.agent_id);
  if (agent?.status !== 'running') {
    return refuse(409, 'agent.not_running', 'The agent is not running.');
  }
  enqueue(db, by, task, move === 'retry' ? 'task.retried' : 'task.queued', pace);
  return json(202, task);
}

/** Hands a task to the worker. */
export function enqueue(
  db: FakeDb,
  by: Schemas['User'],
  task: Task,
  event: 'task.queued' | 'task.retried',
  pace: WorkerPace,
): void {
  touch(db, task, { status: 'pending', queued_at: db.now(), error: null });
  record(db, by.tenant_id, actorOf(by), { type: 'task', id: task.id }, event);
  setTimeout(() => attempt(db, task, pace), pace.claim);
}

function attempt(db: FakeDb, task: Task, pace: WorkerPace): void {
  if (task.status !== 'pending') return;
  const about = { type: 'task', id: task.id } as const;
  touch(db, task, { status: 'running', started_at: db.now(), attempts: task.attempts + 1 });
  record(db, task.tenant_id, agentActor(db, task.agent_id), about, 'task.attempt_started', {
    number: task.attempts,
  });
  setTimeout(() => {
    if (task.status !== 'running') return;
    touch(db, task, {
      status: 'completed',
      finished_at: db.now(),
      output_data: { echo: task.input_data },
      usage: { input_tokens: 12, output_tokens: 12, cost_usd: '0.000000' },
    });
    record(db, task.tenant_id, agentActor(db, task.agent_id), about, 'task.completed', {
      output_data: task.output_data,
      usage: task.usage,
    });
  }, pace.work);
}
