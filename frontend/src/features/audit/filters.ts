import type { Schemas } from '@/api/client';
import { keysOf } from '@/lib/oneOf';
import type { UrlFilters } from '@/lib/useUrlFilters';

export const auditFilterNames = [
  'aggregate_type',
  'event_type',
  'actor_id',
  'from',
  'to',
  'aggregate_id',
  'request_id',
  'order',
] as const;

export type AuditUrlFilters = UrlFilters<(typeof auditFilterNames)[number]>;

export const aggregateNames = {
  tenant: 'Organisation',
  user: 'User',
  agent: 'Agent',
  task: 'Task',
} satisfies Record<Schemas['AggregateType'], string>;

export const aggregateTypes = keysOf(aggregateNames);
