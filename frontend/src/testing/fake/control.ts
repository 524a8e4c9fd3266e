/** Stops and approvals of the fake API. */
import { actorOf, type FakeDb, record, type Schemas, touch } from './db.ts';
import { type Call, json, notFound, page, refuse, single, text } from './http.ts';
import { caller, requirePermission, tenantOf } from './identity.ts';

/** A question that a task waits with, for the seed and for tests. */
export function addApproval(
  db: FakeDb,
  task: Schemas['Task'],
  asked: { tool: string; arguments: Record<string, unknown> },
): Schemas['Approval'] {
  const agent = db.agents.find(({ id }) => id === task.agent_id);
  const approval: Schemas['Approval'] = {
    id: db.nextId(),
    task_id: task.id,
    task_name: task.name,
    agent_id: task.agent_id,
    agent_name: agent?.name ?? null,
    step: 2,
    tool: asked.tool,
    shown: asked,
    shown_text: JSON.stringify(asked),
    shown_hash: db.nextId().replaceAll('-', '').repeat(2),
    asked_at: db.now(),
    expires_at: new Date(Date.parse(db.now()) + 86_400_000).toISOString(),
  };
  db.approvals.push(approval);
  const { id, step, tool, shown_hash, expires_at } = approval;
  touch(db, task, {
    status: 'waiting_approval',
    approval: { id, step, tool, shown_hash, expires_at },
  });
  return approval;
}

export function listApprovals(call: Call): Response {
  const { tenant_id } = caller(call);
  const own = new Set(
    call.db.tasks.filter((task) => task.tenant_id === tenant_id).map(({ id }) => id),
  );
  return page(
    call,
    call.db.approvals.filter(({ task_id }) => own.has(task_id)),
  );
}

export function decideApproval(call: Call, taskId: string): Response {
  const { db } = call;
  const by = caller(call);
  requirePermission(by, 'approve_tasks');
  const task = db.tasks.find(({ id, tenant_id }) => id === taskId && tenant_id === by.tenant_id);
  if (task === undefined) return notFound();
  const asked = db.approvals.find(({ id }) => id === text(call, 'approval_id'));
  if (asked === undefined || asked.task_id !== taskId) {
    return refuse(409, 'approval.not_open', 'No such question is open.');
  }
  if (asked.shown_hash !== text(call, 'shown_hash')) {
    return refuse(409, 'approval.shown_other', 'What was shown is not what is asked.');
  }
  db.approvals.splice(db.approvals.indexOf(asked), 1);
  touch(db, task, { status: 'pending', queued_at: db.now(), approval: null });
  const verdict = text(call, 'decision') === 'approve' ? 'approved' : 'denied';
  const answer = { step: asked.step, verdict, reason: text(call, 'reason') ?? '' };
  const about = { type: 'task', id: task.id } as const;
  record(db, by.tenant_id, actorOf(by), about, 'task.approval_decided', { answer });
  return json(202, task);
}

export function stopAll(call: Call): Response {
  const { db } = call;
  const by = caller(call);
  requirePermission(by, 'stop_work');
  const tenant = tenantOf(db, by);
  if (tenant.work_stopped_at !== null) {
    refuse(409, 'tenant.work_stopped', 'All work is stopped already.');
  }
  touch(db, tenant, { work_stopped_at: db.now() });
  const reason = text(call, 'reason') ?? '';
  const about = { type: 'tenant', id: tenant.id } as const;
  record(db, tenant.id, actorOf(by), about, 'tenant.work_stopped', { reason });
  const running = db.tasks.filter(
    ({ tenant_id, status }) => tenant_id === tenant.id && status === 'running',
  );
  return json(200, {
    position: db.events.length,
    stopped_at: db.now(),
    running: running.map((task) => ({
      task_id: task.id,
      task_name: task.name,
      agent_id: task.agent_id,
      agent_name: db.agents.find(({ id }) => id === task.agent_id)?.name ?? null,
      attempt_id: db.nextId(),
      started_at: task.started_at ?? db.now(),
      last_position:
        db.events.findLast(({ aggregate_id }) => aggregate_id === task.id)?.position ?? 0,
    })),
  } satisfies Schemas['StoppedWork']);
}

export function reopen(call: Call): Response {
  const { db } = call;
  const by = caller(call);
  requirePermission(by, 'stop_work');
  const tenant = tenantOf(db, by);
  if (tenant.work_stopped_at === null) {
    refuse(409, 'tenant.work_not_stopped', 'Work is not stopped.');
  }
  touch(db, tenant, { work_stopped_at: null });
  record(db, tenant.id, actorOf(by), { type: 'tenant', id: tenant.id }, 'tenant.work_reopened');
  return single(200, tenant);
}
