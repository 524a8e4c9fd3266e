/** An organisation at work, to look at. */
import { addApiKey, addProviderKey } from './access.ts';
import { addApproval } from './control.ts';
import { addTurn } from './conversations.ts';
import { actorOf, agentActor, record, type Schemas, touch } from './db.ts';
import { addTenant, addUser } from './identity.ts';
import type { FakeApi } from './index.ts';
import { addSchedule } from './schedules.ts';
import { addAgent, addTask } from './work.ts';

/** Everyone in the seeded organisation signs in with this. */
export const seededPassword = 'correct horse battery';
export const seededOwner = 'ada@northwind.example';
export const seededInvitation = 'invite-noor';
export const seededMember = 'grace@northwind.example';

const MINUTE = 60_000;

/** Fills the API with some hours of work that end now. `clock` is what the API reads. */
export function seed({ db }: FakeApi, clock: { now: number }): void {
  const end = clock.now;
  clock.now = end - 9 * 60 * MINUTE;
  const later = (minutes: number) => {
    clock.now = Math.min(end, clock.now + minutes * MINUTE);
  };
  const tenant = addTenant(db, {
    name: 'Northwind Research',
    subdomain: 'northwind',
    contact_name: 'Ada Moreau',
    contact_email: seededOwner,
    tier: 'free',
  });
  tenant.settings = { locale: 'en-GB', retention_days: 365 };
  const person = (
    email: string,
    full_name: string,
    role: Schemas['Role'],
    status: Schemas['UserStatus'],
  ) => addUser(db, { tenant_id: tenant.id, email, full_name, role, status }, seededPassword);
  const ada = person(seededOwner, 'Ada Moreau', 'owner', 'active');
  const about = (type: Schemas['AggregateType'], id: string) => ({ type, id });
  record(db, tenant.id, actorOf(ada), about('tenant', tenant.id), 'tenant.created', {
    name: tenant.name,
  });
  record(db, tenant.id, actorOf(ada), about('user', ada.id), 'user.registered');
  later(12);
  const grace = person(seededMember, 'Grace Okafor', 'member', 'active');
  record(db, tenant.id, actorOf(ada), about('user', grace.id), 'user.invited', { role: 'member' });
  const noor = person('noor@northwind.example', 'Noor Haddad', 'admin', 'invited');
  record(db, tenant.id, actorOf(ada), about('user', noor.id), 'user.invited', { role: 'admin' });
  const expires_at = new Date(end + 6 * 24 * 60 * MINUTE).toISOString();
  db.invitations.push({
    token: seededInvitation,
    user_id: noor.id,
    invited_by: ada.id,
    expires_at,
  });
  const nightly = addApiKey(db, ada, {
    name: 'Nightly import',
    scopes: ['create_tasks', 'read_agents', 'read_events'],
    days: 90,
  });
  nightly.last_used_at = new Date(end - 40 * MINUTE).toISOString();
  const old = addApiKey(db, ada, { name: 'Old crawler', scopes: ['read_tasks'], days: 30 });
  Object.assign(old, { status: 'revoked', revoked_at: db.now(), prefix: 'ac_live_x3Lm' });
  addProviderKey(db, ada, 'openai', 'sk-proj-1a2b3c4d');
  later(9);

  const make = (name: string, description: string, agent_type: string, by = ada) => {
    later(7);
    return addAgent(db, by, {
      name,
      description,
      agent_type,
      capabilities: ['summarise', 'translate'].slice(0, name.length % 3),
      configuration: agent_type === 'echo' ? {} : { temperature: 0.2, max_tokens: 2048 },
    });
  };
  const start = (agent: Schemas['Agent'], status: Schemas['Agent']['status'], event: string) => {
    later(2);
    touch(db, agent, { status });
    record(db, tenant.id, actorOf(ada), about('agent', agent.id), event);
  };
  const scout = make('Scout', 'Reads incoming papers and writes three-line summaries.', 'claude');
  start(scout, 'running', 'agent.started');
  const ledger = make(
    'Invoice reader',
    'Turns scanned invoices into booking lines.',
    'gpt-4',
    grace,
  );
  start(ledger, 'paused', 'agent.paused');
  const echo = make('Echo', 'Answers with its input. Good for trying things out.', 'echo');
  start(echo, 'running', 'agent.started');
  const crawler = make('Press monitor', 'Watches the trade press for our name.', 'openai/gpt-4o');
  start(crawler, 'error', 'agent.failed');
  crawler.error = 'The provider refused the key (401).';

  const run = (
    agent: Schemas['Agent'],
    name: string,
    prompt: string,
    outcome: Partial<Schemas['Task']>,
    priority = 3,
  ) => {
    later(17);
    const task = addTask(db, grace, { name, agent_id: agent.id, input_data: { prompt }, priority });
    const on = about('task', task.id);
    if (outcome.status === undefined) return task;
    record(db, tenant.id, actorOf(grace), on, 'task.queued');
    touch(db, task, { queued_at: db.now(), started_at: db.now(), attempts: 1 });
    record(db, tenant.id, agentActor(db, agent.id), on, 'task.attempt_started', { number: 1 });
    later(0.07);
    touch(db, task, { ...outcome, finished_at: outcome.status === 'running' ? null : db.now() });
    if (outcome.status === 'completed') {
      record(db, tenant.id, agentActor(db, agent.id), on, 'task.completed', { usage: task.usage });
    }
    if (outcome.status === 'failed') {
      record(db, tenant.id, agentActor(db, agent.id), on, 'task.failed', { failure: task.error });
    }
    return task;
  };
  const usage = { input_tokens: 1834, output_tokens: 212, cost_usd: '0.008680' };
  const asked = 'Which of the papers should I read first?';
  const talk = addTurn(
    db,
    ada,
    { agent_id: scout.id, name: asked },
    {
      content: asked,
      outcome: {
        status: 'completed',
        finished_at: db.now(),
        output_data: {
          text: 'The attention survey: the other two build on it.\n\nIt takes an hour, and section 4 can wait.',
        },
      },
    },
  );
  later(3);
  addTurn(
    db,
    grace,
    { agent_id: scout.id, name: asked, conversation_id: talk.conversation_id ?? '' },
    {
      content: 'And the shortest of them?',
      outcome: {
        status: 'failed',
        finished_at: db.now(),
        error: { code: 'provider.limited', message: 'The provider asks to slow down.' },
      },
    },
  );
  run(scout, 'Summarise the attention survey', 'Summarise in three lines.', {
    status: 'completed',
    usage,
    output_data: {
      text: 'Sparse attention keeps most of the quality at a fraction of the cost.\nThe gap closes with longer training.\nLong documents profit most.',
    },
  });
  run(crawler, 'Press of the week', 'Find this week’s mentions of Northwind.', {
    status: 'failed',
    error: { code: 'provider.rejected', message: 'The provider refused the key (401).' },
  });
  run(scout, 'Compare two retrieval papers', 'What do they disagree about?', {
    status: 'completed',
    usage,
    output_data: { text: 'They disagree about reranking.' },
  });
  run(echo, 'Try the connection', 'Hello there', {
    status: 'completed',
    output_data: { echo: { prompt: 'Hello there' } },
  });
  later(2);
  addSchedule(db, ada, {
    name: 'Press at the weekend',
    agent_id: crawler.id,
    cron: '0 10 * * SAT',
    enabled: false,
  });
  addSchedule(db, ada, {
    name: 'Morning report',
    agent_id: scout.id,
    cron: '30 8 * * MON-FRI',
    time_zone: 'Europe/Berlin',
    input_data: { prompt: 'What came in since yesterday?' },
    runs: 41,
    last_task_id: db.tasks[0]?.id ?? null,
    last_run_at: db.now(),
    skipped_runs: 2,
    last_skipped_at: db.now(),
    last_skip_reason: 'schedule.overlap',
  });
  run(scout, 'Weekly digest', 'Digest of everything since Monday.', { status: 'running' }, 5);
  run(ledger, 'October invoices', 'Book all invoices of October.', {}, 4);
  const answer = run(scout, 'Answer the reviewer', 'Write to the second reviewer.', {
    status: 'running',
  });
  addApproval(db, answer, {
    tool: 'http_request',
    arguments: {
      method: 'POST',
      url: 'https://mail.northwind.example/send',
      body: { to: 'reviewer-2@journal.example', text: 'Thank you for your remarks.' },
    },
  });
  const asking = agentActor(db, answer.agent_id);
  record(db, tenant.id, asking, about('task', answer.id), 'task.approval_requested');
  clock.now = end;
}
