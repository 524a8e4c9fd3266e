/** The kinds of events in an organisation's log. */
export const eventTypes = [
  'tenant.created',
  'tenant.details_changed',
  'tenant.settings_changed',
  'tenant.subscription_changed',
  'tenant.suspended',
  'tenant.reactivated',
  'user.registered',
  'user.invited',
  'user.invitation_accepted',
  'user.invitation_revoked',
  'user.profile_changed',
  'user.role_changed',
  'user.deactivated',
  'user.reactivated',
  'user.signed_in',
  'user.sign_in_failed',
  'user.signed_out',
  'agent.created',
  'agent.changed',
  'agent.started',
  'agent.stopped',
  'agent.paused',
  'agent.resumed',
  'agent.failed',
  'agent.terminated',
  'task.created',
  'task.amended',
  'task.queued',
  'task.attempt_started',
  'task.completed',
  'task.attempt_failed',
  'task.failed',
  'task.retried',
  'task.cancelled',
  'task.withdrawn',
] as const;

export type EventType = (typeof eventTypes)[number];

const known: ReadonlySet<string> = new Set(eventTypes);

/** Whether this dashboard knows the kind; a newer server may record others. */
export function isEventType(type: string): type is EventType {
  return known.has(type);
}
