/** Events as sentences: who did what to which. */
import type { components } from '@/api/generated';
import { type EventType, isEventType } from './eventTypes';

type Actor = components['schemas']['Actor'];

/** What every view of an event knows about it. */
export interface Happened {
  type: string;
  actor: Actor;
  data: Readonly<Record<string, unknown>>;
}

const phrases = {
  'tenant.created': 'created the organisation',
  'tenant.details_changed': 'changed the organisation details',
  'tenant.settings_changed': 'changed the settings',
  'tenant.subscription_changed': 'changed the plan',
  'tenant.suspended': 'suspended the organisation',
  'tenant.reactivated': 'reactivated the organisation',
  'tenant.work_stopped': 'stopped all work',
  'tenant.work_reopened': 'let work begin again',
  'tenant.budget_set': 'set the budget',
  'tenant.api_key_created': 'created an API key',
  'tenant.api_key_rotated': 'rotated an API key',
  'tenant.api_key_revoked': 'revoked an API key',
  'tenant.provider_key_set': 'set a provider’s key',
  'tenant.provider_key_removed': 'removed a provider’s key',
  'user.registered': 'registered',
  'user.invited': 'invited a colleague',
  'user.invitation_accepted': 'accepted an invitation',
  'user.invitation_resent': 'sent an invitation anew',
  'user.invitation_expired': 'replaced an expired invitation',
  'user.invitation_revoked': 'revoked an invitation',
  'user.profile_changed': 'changed a profile',
  'user.role_changed': 'changed a role',
  'user.deactivated': 'deactivated a user',
  'user.reactivated': 'reactivated a user',
  'user.signed_in': 'signed in',
  'user.sign_in_failed': 'failed to sign in',
  'user.signed_out': 'signed out',
  'user.session_revoked': 'had a session ended',
  'user.password_changed': 'changed a password',
  'user.password_reset_requested': 'asked to reset a password',
  'agent.created': 'created agent',
  'agent.changed': 'changed an agent',
  'agent.started': 'started an agent',
  'agent.stopped': 'stopped an agent',
  'agent.paused': 'paused an agent',
  'agent.resumed': 'resumed an agent',
  'agent.failed': 'saw an agent fail',
  'agent.budget_set': 'set the budget of an agent',
  'agent.schedule_created': 'made a schedule for an agent',
  'agent.schedule_changed': 'changed a schedule of an agent',
  'agent.schedule_removed': 'deleted a schedule of an agent',
  'agent.terminated': 'deleted an agent',
  'task.created': 'created task',
  'task.amended': 'changed a task',
  'task.queued': 'queued a task',
  'task.attempt_started': 'started an attempt',
  'task.step_started': 'began a step',
  'task.step_ended': 'ended a step',
  'task.approval_requested': 'asked for approval of a call',
  'task.approval_decided': 'answered for a call',
  'task.approval_expired': 'had no answer for a call in time',
  'task.handed_back': 'gave a task back to the queue',
  'task.completed': 'completed a task',
  'task.attempt_failed': 'saw an attempt fail',
  'task.failed': 'gave up on a task',
  'task.retried': 'retried a task',
  'task.cancelled': 'cancelled a task',
  'task.withdrawn': 'deleted a task',
} satisfies Record<EventType, string>;

/** Who did it, in words. */
export function nameActor(actor: Actor): string {
  switch (actor.type) {
    case 'user':
      return actor.name ?? 'A user';
    case 'api_key':
      return actor.name ?? 'An API key';
    case 'agent':
      return actor.name ?? 'A deleted agent';
    // Its name is that of one worker among many.
    case 'system':
      return 'AgentCores';
    case 'anonymous':
      return 'Someone';
    default:
      return actor.type satisfies never;
  }
}

/** What was done: "created agent “Scout”". */
export function describeEvent({ type, data }: Happened): string {
  const phrase = isEventType(type) ? phrases[type] : `recorded ${type}`;
  const names = type === 'agent.created' || type === 'task.created';
  return names && typeof data.name === 'string' ? `${phrase} “${data.name}”` : phrase;
}

export type EventTone = 'good' | 'bad' | 'quiet' | 'plain';

/** How loud the event should look. */
export function eventTone(type: string): EventTone {
  if (type === 'task.completed') return 'good';
  if (/failed$|suspended$|work_stopped$/.test(type)) return 'bad';
  if (/^user\.signed_|attempt_started$|step_\w+$|handed_back$|queued$/.test(type)) return 'quiet';
  return 'plain';
}

/** The page of the thing an event is about, where there is one. */
export function eventTarget(aggregateType: string, id: string): string | null {
  if (aggregateType === 'agent') return `/agents/${id}`;
  if (aggregateType === 'task') return `/tasks/${id}`;
  return null;
}
