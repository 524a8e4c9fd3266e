/** Budgets and usage of the fake API. */
import { actorOf, record, type Schemas } from './db.ts';
import { type Call, json, notFound, validate } from './http.ts';
import { caller, requirePermission, tenantOf } from './identity.ts';

type Task = Schemas['Task'];

export function tenantBudget(call: Call): Response {
  const by = caller(call);
  const tenant = tenantOf(call.db, by);
  if (call.request.method === 'PUT') set(call, 'tenant', tenant.id);
  const own = call.db.tasks.filter(({ tenant_id }) => tenant_id === tenant.id);
  return json(200, budget(call, tenant.id, own), { etag: `"${tenant.version}"` });
}

export function agentBudget(call: Call, id: string): Response {
  const { tenant_id } = caller(call);
  const agent = call.db.agents.find((each) => each.id === id && each.tenant_id === tenant_id);
  if (agent === undefined) return notFound();
  if (call.request.method === 'PUT') set(call, 'agent', id);
  const own = call.db.tasks.filter(({ agent_id }) => agent_id === id);
  return json(200, budget(call, id, own), { etag: `"${agent.version}"` });
}

function set(call: Call, type: 'tenant' | 'agent', id: string): void {
  const by = caller(call);
  requirePermission(by, 'manage_budgets');
  const limit = call.body.limit_usd;
  const isAmount = limit === null || /^\d+(\.\d{1,6})?$/.test(String(limit));
  validate({ '/limit_usd': !isAmount && 'must be an amount such as 25.00' });
  if (limit === null) call.db.budgets.delete(id);
  else call.db.budgets.set(id, Number(limit).toFixed(6));
  record(call.db, by.tenant_id, actorOf(by), { type, id }, `${type}.budget_set`);
}

function budget(call: Call, id: string, tasks: readonly Task[]): Schemas['Budget'] {
  const limit_usd = call.db.budgets.get(id) ?? null;
  const spent = sum(tasks, ({ usage }) => Number(usage.cost_usd));
  const now = new Date(call.db.now());
  const month = (offset: number) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, 1)).toISOString();
  return {
    limit_usd,
    spent_usd: spent.toFixed(6),
    reserved_usd: '0.000000',
    left_usd: limit_usd === null ? null : Math.max(Number(limit_usd) - spent, 0).toFixed(6),
    period_start: month(0),
    period_end: month(1),
  };
}

export function reportUsage(call: Call): Response {
  const { tenant_id } = caller(call);
  const { query, db } = call;
  const to = db.now();
  const from = query.get('from') ?? new Date(Date.parse(to) - 30 * 86_400_000).toISOString();
  const group_by = (['agent', 'model'] as const).find((each) => each === query.get('group_by'));
  const ended = db.tasks.filter(
    (task) => task.tenant_id === tenant_id && task.finished_at !== null && task.finished_at >= from,
  );
  const used = ended.filter(({ usage }) => usage.input_tokens > 0);
  const keyOf = (task: Task): string => {
    if (group_by === 'agent') return task.agent_id;
    if (group_by === undefined) return (task.finished_at ?? '').slice(0, 10);
    return db.agents.find(({ id }) => id === task.agent_id)?.agent_type ?? '';
  };
  const groups = new Map<string, Task[]>();
  for (const task of used) groups.set(keyOf(task), [...(groups.get(keyOf(task)) ?? []), task]);
  return json(200, {
    from,
    to,
    group_by: group_by ?? 'day',
    items: [...groups].map(([key, tasks]) => ({
      day: group_by === undefined ? key : null,
      agent_id: group_by === 'agent' ? key : null,
      agent_name:
        group_by === 'agent' ? (db.agents.find(({ id }) => id === key)?.name ?? null) : null,
      provider: group_by === 'model' ? 'anthropic' : null,
      model: group_by === 'model' ? key : null,
      ...consumed(tasks),
    })),
    total: consumed(used),
  } satisfies Schemas['UsageReport']);
}

function consumed(tasks: readonly Task[]): Schemas['ConsumedUsage'] {
  return {
    calls: tasks.length,
    input_tokens: sum(tasks, ({ usage }) => usage.input_tokens),
    output_tokens: sum(tasks, ({ usage }) => usage.output_tokens),
    cost_usd: sum(tasks, ({ usage }) => Number(usage.cost_usd)).toFixed(6),
  };
}

const sum = (tasks: readonly Task[], of: (task: Task) => number): number =>
  tasks.reduce((total, task) => total + of(task), 0);
