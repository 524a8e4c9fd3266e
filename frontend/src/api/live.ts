/** From an event in the log to the cached reads that it makes stale. */
import type { QueryClient } from '@tanstack/react-query';
import { type EventType, isEventType } from '@/lib/eventTypes';
import { type GetPath, invalidate } from './query';
import type { CloudEvent } from './stream';

/** A read that changed; without `id`, every read of the path. */
export interface StaleRead {
  path: GetPath;
  id?: string;
}

const LOG: StaleRead[] = [{ path: '/api/v1/audit/events' }, { path: '/api/v1/tenants/health' }];
const USAGE: StaleRead = { path: '/api/v1/tenants/current/usage' };
const ME: StaleRead = { path: '/api/v1/auth/me' };
const SESSIONS: StaleRead = { path: '/api/v1/auth/sessions' };
const SCHEDULES: StaleRead[] = [{ path: '/api/v1/schedules' }];
const CONVERSATIONS: StaleRead[] = [{ path: '/api/v1/agents/{id}/conversations' }];
const INVITATIONS: StaleRead = { path: '/api/v1/tenants/invitations' };

/** The reads that change with the event. */
export function readsChangedBy(event: Pick<CloudEvent, 'type' | 'subject'>): StaleRead[] {
  if (!isEventType(event.type)) return LOG;
  return [...LOG, ...ofType(event.type, event.subject.slice(event.subject.indexOf('/') + 1))];
}

function ofType(type: EventType, id: string): StaleRead[] {
  switch (type) {
    case 'tenant.created':
    case 'tenant.details_changed':
    case 'tenant.suspended':
    case 'tenant.reactivated':
      return [{ path: '/api/v1/tenants/current' }, ME];
    case 'tenant.work_stopped':
    case 'tenant.work_reopened':
      return [{ path: '/api/v1/tenants/current' }, { path: '/api/v1/tasks' }, ME];
    case 'tenant.settings_changed':
      return [{ path: '/api/v1/tenants/current' }, { path: '/api/v1/tenants/current/settings' }];
    case 'tenant.subscription_changed':
      return [{ path: '/api/v1/tenants/current' }, ME, USAGE];
    case 'tenant.budget_set':
      return [{ path: '/api/v1/tenants/current/budget' }, { path: '/api/v1/tenants/current' }];
    case 'tenant.api_key_created':
    case 'tenant.api_key_rotated':
    case 'tenant.api_key_revoked':
      return [{ path: '/api/v1/api-keys' }];
    case 'tenant.provider_key_set':
    case 'tenant.provider_key_removed':
      return [{ path: '/api/v1/provider-keys' }];
    case 'user.signed_in':
      return [...user(id), ME, SESSIONS];
    case 'user.profile_changed':
    case 'user.role_changed':
      return [...user(id), ME];
    case 'user.registered':
    case 'user.invited':
    case 'user.invitation_accepted':
    case 'user.invitation_revoked':
    case 'user.invitation_resent':
    case 'user.invitation_expired':
    case 'user.deactivated':
    case 'user.reactivated':
      return [...user(id), INVITATIONS, USAGE];
    case 'user.signed_out':
    case 'user.session_revoked':
    case 'user.password_changed':
      return [SESSIONS];
    case 'user.sign_in_failed':
    case 'user.password_reset_requested':
      return [];
    case 'agent.created':
    case 'agent.terminated':
      return [...agent(id), USAGE];
    case 'agent.schedule_created':
    case 'agent.schedule_changed':
    case 'agent.schedule_removed':
      return SCHEDULES;
    case 'agent.changed':
    case 'agent.started':
    case 'agent.stopped':
    case 'agent.paused':
    case 'agent.resumed':
    case 'agent.failed':
      return agent(id);
    case 'agent.budget_set':
      return [...agent(id), { path: '/api/v1/agents/{id}/budget', id }];
    // A schedule may have made it, and then shows it as its last.
    case 'task.created':
      return [...task(id), USAGE, ...SCHEDULES, ...CONVERSATIONS];
    case 'task.queued':
      return [...task(id), USAGE];
    case 'task.withdrawn':
      return [...task(id), USAGE, ...CONVERSATIONS];
    case 'task.amended':
      return [...task(id), ...CONVERSATIONS];
    case 'task.attempt_started':
    case 'task.step_started':
    case 'task.step_ended':
    case 'task.handed_back':
    case 'task.completed':
    case 'task.attempt_failed':
    case 'task.failed':
    case 'task.retried':
      return task(id);
    // A task that waits for a person may be cancelled too.
    case 'task.cancelled':
    case 'task.approval_requested':
    case 'task.approval_decided':
    case 'task.approval_expired':
      return [...task(id), { path: '/api/v1/approvals' }];
    default:
      return type satisfies never;
  }
}

const user = (id: string): StaleRead[] => [
  { path: '/api/v1/tenants/users' },
  { path: '/api/v1/tenants/users/{id}', id },
];
const agent = (id: string): StaleRead[] => [
  { path: '/api/v1/agents' },
  { path: '/api/v1/agents/{id}', id },
];
const task = (id: string): StaleRead[] => [
  { path: '/api/v1/tasks' },
  { path: '/api/v1/tasks/{id}', id },
  { path: '/api/v1/tasks/{id}/steps', id },
  // It may be a turn of any.
  { path: '/api/v1/conversations/{id}' },
];

/** Soon enough to feel live, late enough to take a burst of events as one. */
const FIRST_FLUSH_MS = 80;
/** A busy organisation makes each open page read at most once per this time. */
const FLUSH_EVERY_MS = 1000;

/** Collects events and marks their reads stale in batches. Returns the function to feed it. */
export function createRefetcher(client: QueryClient): (event: CloudEvent) => void {
  const waiting = new Map<string, StaleRead>();
  let isScheduled = false;
  let lastFlush = 0;

  function flush(): void {
    isScheduled = false;
    lastFlush = Date.now();
    const reads = [...waiting.values()];
    waiting.clear();
    for (const { path, id } of reads) {
      // Rejections stay with the queries themselves, which show them.
      void invalidate(client, path, id === undefined ? {} : { id });
    }
  }

  return (event) => {
    for (const read of readsChangedBy(event)) waiting.set(`${read.path} ${read.id ?? ''}`, read);
    if (isScheduled) return;
    isScheduled = true;
    setTimeout(flush, Math.max(FIRST_FLUSH_MS, lastFlush + FLUSH_EVERY_MS - Date.now()));
  };
}
