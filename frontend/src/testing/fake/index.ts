/**
 * A small API in memory with the shapes of the real one, for tests and for working on the dashboard
 * without a server. Requests that the API does not have are answered 501, so that a typo shows.
 */
import * as access from './access.ts';
import * as control from './control.ts';
import * as conversations from './conversations.ts';
import { createDb, type FakeDb } from './db.ts';
import { type Call, json, noContent, Refusal, single } from './http.ts';
import * as identity from './identity.ts';
import * as log from './log.ts';
import { plans, policy } from './policy.ts';
import * as schedules from './schedules.ts';
import * as spending from './spending.ts';
import * as work from './work.ts';

export interface FakeApi {
  db: FakeDb;
  handle: (request: Request) => Promise<Response>;
}

/** Builds an empty API. */
export function createFakeApi(
  pace: work.WorkerPace = { claim: 30, work: 60 },
  now: () => number = Date.now,
): FakeApi {
  const db = createDb(now);
  return {
    db,
    handle: async (request) => {
      const url = new URL(request.url);
      const call: Call = {
        db,
        request,
        path: url.pathname.replace('/api/v1', ''),
        query: url.searchParams,
        body: await readBody(request),
      };
      try {
        return await once(call, () => route(call, pace));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return new Response(JSON.stringify(error.problem), {
          status: error.problem.status,
          headers: { 'content-type': 'application/problem+json' },
        });
      }
    },
  };
}

/** Repeats the first answer of an `Idempotency-Key`. */
async function once(call: Call, answer: () => Response): Promise<Response> {
  const key = call.request.headers.get('idempotency-key');
  if (key === null) return answer();
  const content = call.path + JSON.stringify(call.body);
  const earlier = call.db.answered.get(key);
  if (earlier !== undefined && earlier.content === content) {
    return json(earlier.status, earlier.body);
  }
  const response = answer();
  const body: unknown = await response.clone().json();
  call.db.answered.set(key, { content, status: response.status, body });
  return response;
}

function route(call: Call, pace: work.WorkerPace): Response {
  const [room = '', id = '', move = ''] = call.path.split('/').slice(1);
  switch (`${call.request.method} ${call.path}`) {
    case 'POST /tenants':
      return identity.createTenant(call);
    case 'POST /auth/register':
      return identity.register(call);
    case 'POST /auth/login':
      return identity.logIn(call);
    case 'POST /auth/refresh':
      return identity.refresh(call);
    case 'POST /auth/logout':
      return identity.logOut(call);
    case 'POST /auth/reauthenticate':
      return access.reauthenticate(call);
    case 'PUT /auth/password':
      return access.changePassword(call);
    case 'POST /auth/password-reset':
      return access.requestReset(call);
    case 'POST /auth/password-reset/confirm':
      return access.confirmReset(call);
    case 'POST /auth/invitations/inspect':
      return identity.inspectInvitation(call);
    case 'GET /auth/sessions':
      return access.listSessions(call);
    case 'DELETE /auth/sessions':
      return access.endSessions(call, '');
    case 'GET /plans':
      return json(200, { items: plans });
    case 'GET /roles':
      return json(200, policy);
    case 'GET /api-keys':
    case 'POST /api-keys':
      return access.apiKeys(call);
    case 'GET /provider-keys':
    case 'POST /provider-keys':
      return access.providerKeys(call);
    case 'GET /tenants/invitations':
      return identity.listInvitations(call);
    case 'GET /auth/me':
      return identity.me(call);
    case 'PUT /auth/profile':
      return identity.changeProfile(call);
    case 'GET /tenants/current':
      return single(200, identity.tenantOf(call.db, identity.caller(call)));
    case 'PUT /tenants/current':
      return identity.changeTenant(call);
    case 'GET /tenants/current/settings':
      return identity.settings(call);
    case 'PUT /tenants/current/settings':
      return identity.changeSettings(call);
    case 'PUT /tenants/current/subscription':
      return identity.changeSubscription(call);
    case 'POST /tenants/current/stop-all':
      return control.stopAll(call);
    case 'POST /tenants/current/reopen':
      return control.reopen(call);
    case 'GET /tenants/current/budget':
    case 'PUT /tenants/current/budget':
      return spending.tenantBudget(call);
    case 'GET /usage':
      return spending.reportUsage(call);
    case 'GET /approvals':
      return control.listApprovals(call);
    case 'GET /tenants/current/usage':
      return log.usage(call);
    case 'GET /tenants/health':
      return log.health(call);
    case 'GET /tenants/users':
      return identity.listUsers(call);
    case 'POST /tenants/users/invite':
      return identity.inviteUser(call);
    case 'GET /agents':
      return work.listAgents(call);
    case 'POST /agents':
      return work.createAgent(call);
    case 'GET /tasks':
      return work.listTasks(call);
    case 'POST /tasks':
      return work.createTask(call);
    case 'GET /schedules':
      return schedules.listSchedules(call);
    case 'POST /schedules':
      return schedules.createSchedule(call);
    case 'POST /schedules/preview':
      return schedules.previewSchedule(call);
    case 'GET /audit/events':
      return log.listAuditEvents(call);
    case 'GET /events':
      return log.listEvents(call);
    case 'GET /events/stream':
      return log.streamEvents(call);
  }
  const [, , , , last = ''] = call.path.split('/');
  if (room === 'auth' && id === 'sessions') return access.endSessions(call, move);
  if (room === 'api-keys') return access.oneApiKey(call, id, move);
  if (room === 'provider-keys') return access.removeProviderKey(call, id);
  if (room === 'tenants' && id === 'invitations') return identity.oneInvitation(call, move, last);
  if (room === 'tenants' && id === 'users') {
    if (last === 'password-reset') return json(202, {});
    return last === 'sessions' ? noContent() : identity.oneUser(call, move);
  }
  if (room === 'agents' && move === 'budget') return spending.agentBudget(call, id);
  if (room === 'agents' && move === 'conversations') {
    return conversations.conversationsOfAgent(call, id, pace);
  }
  if (room === 'conversations') return conversations.oneConversation(call, id, move, pace);
  if (room === 'agents')
    return move === '' ? work.oneAgent(call, id) : work.moveAgent(call, id, move);
  if (room === 'schedules') return schedules.oneSchedule(call, id);
  if (room === 'tasks') {
    if (move === 'steps') return work.listSteps(call, id);
    if (move === 'stream') return log.streamTask(call, work.findTask(call, id));
    if (move === 'approval') return control.decideApproval(call, id);
    return move === '' ? work.oneTask(call, id) : work.moveTask(call, id, move, pace);
  }
  return json(501, { title: 'The fake API does not have this', code: 'not_faked' });
}

async function readBody(request: Request): Promise<Record<string, unknown>> {
  const text = await request.clone().text();
  if (text === '') return {};
  const body: unknown = JSON.parse(text);
  return typeof body === 'object' && body !== null ? { ...body } : {};
}
