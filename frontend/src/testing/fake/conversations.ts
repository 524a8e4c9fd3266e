/** Conversations of the fake API: series of tasks, as in the real one. */
import { actorOf, agentActor, type FakeDb, type Schemas, touch } from './db.ts';
import {
  type Call,
  json,
  noContent,
  notFound,
  page,
  refuse,
  single,
  text,
  validate,
} from './http.ts';
import { caller, requirePermission } from './identity.ts';
import { addTask, enqueue, findAgent, type WorkerPace } from './work.ts';

type Task = Schemas['Task'];
type Conversation = Schemas['Conversation'];

/** What is said in one turn, and what comes of it. */
interface Turn {
  content: string;
  outcome?: Partial<Task>;
}

/** The first turn of a conversation, or the next one. */
export function addTurn(
  db: FakeDb,
  by: Schemas['User'],
  of: { agent_id: string; name: string; conversation_id?: string },
  { content, outcome = {} }: Turn,
): Task {
  const task = addTask(db, by, {
    conversation_id: db.nextId(),
    ...of,
    input_data: { prompt: content },
  });
  return touch(db, task, { queued_at: db.now(), ...outcome });
}

/** Its turns, the first one first. */
function turnsOf(db: FakeDb, id: string): Task[] {
  return db.tasks.filter(({ conversation_id }) => conversation_id === id).toReversed();
}

function conversationOf(turns: readonly Task[]): Conversation | null {
  const [first, last] = [turns.at(0), turns.at(-1)];
  if (first?.conversation_id == null || last === undefined) return null;
  return {
    id: first.conversation_id,
    tenant_id: first.tenant_id,
    agent_id: first.agent_id,
    title: first.name,
    last_task_id: last.id,
    status: last.status,
    created_by: first.created_by,
    version: turns.length,
    created_at: first.created_at,
    updated_at: last.created_at,
  };
}

function messagesOf(db: FakeDb, turn: Task): Schemas['Message'][] {
  const { id: task_id, status } = turn;
  const known = db.users.find(({ user }) => user.id === turn.created_by) ?? notFound();
  const asked: Schemas['Message'] = {
    task_id,
    status,
    role: 'user',
    author: actorOf(known.user),
    content: String(turn.input_data.prompt),
    error: turn.error,
    created_at: turn.created_at,
  };
  if (status !== 'completed') return [asked];
  return [
    asked,
    {
      task_id,
      status,
      role: 'assistant',
      author: agentActor(db, turn.agent_id),
      content: String(turn.output_data?.text ?? turn.input_data.prompt),
      error: null,
      created_at: turn.finished_at ?? turn.updated_at,
    },
  ];
}

function view(db: FakeDb, id: string): Schemas['ConversationWithMessages'] {
  const turns = turnsOf(db, id);
  const conversation = conversationOf(turns) ?? notFound();
  return {
    ...conversation,
    messages: turns.flatMap((turn) => messagesOf(db, turn)),
    earlier_turns: 0,
  };
}

export function conversationsOfAgent(call: Call, agentId: string, pace: WorkerPace): Response {
  const { db } = call;
  const agent = findAgent(call, agentId);
  if (call.request.method === 'GET') {
    const ids = new Set(
      db.tasks
        .filter(({ agent_id }) => agent_id === agentId)
        .map(({ conversation_id }) => conversation_id)
        .filter((id) => id !== null),
    );
    return page(
      call,
      [...ids].map((id) => conversationOf(turnsOf(db, id))),
    );
  }
  const by = caller(call);
  requirePermission(by, 'create_tasks');
  const content = said(call, 'message');
  if (agent.status !== 'running') refuse(409, 'agent.not_running', 'The agent is not running.');
  const turn = addTurn(db, by, { agent_id: agentId, name: content }, { content });
  enqueue(db, by, turn, 'task.queued', pace);
  return single(201, view(db, turn.conversation_id ?? ''));
}

export function oneConversation(call: Call, id: string, part: string, pace: WorkerPace): Response {
  const { db } = call;
  const { tenant_id, ...conversation } = view(db, id);
  const by = caller(call);
  if (by.tenant_id !== tenant_id) return notFound();
  if (call.request.method === 'GET') return single(200, view(db, id));
  if (conversation.created_by !== by.id) requirePermission(by, 'manage_tasks');
  if (call.request.method === 'DELETE') {
    db.tasks = db.tasks.filter(({ conversation_id }) => conversation_id !== id);
    return noContent();
  }
  if (part !== 'messages') return notFound();
  const content = said(call, 'content');
  if (['pending', 'running', 'waiting_approval'].includes(conversation.status)) {
    refuse(409, 'conversation.busy', 'The turn before has not come to its end.');
  }
  const { agent_id, title } = conversation;
  const turn = addTurn(db, by, { agent_id, name: title, conversation_id: id }, { content });
  enqueue(db, by, turn, 'task.queued', pace);
  return json(202, turn);
}

function said(call: Call, name: string): string {
  const content = text(call, name) ?? '';
  validate({ [`/${name}`]: content.trim() === '' && 'must not be blank' });
  return content;
}
