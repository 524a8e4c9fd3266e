import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { http, type Schemas } from '@/api/client';
import type { operations } from '@/api/generated';
import { answer } from '@/api/problem';
import { readKey } from '@/api/query';

export type AuditEvent = Schemas['AuditEvent'];
export type AuditQuery = NonNullable<operations['list_audit_events']['parameters']['query']>;

export const auditQuery = (query: AuditQuery) =>
  queryOptions({
    queryKey: readKey('/api/v1/audit/events', { query }),
    queryFn: ({ signal }) =>
      answer(http.GET('/api/v1/audit/events', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });

const MOST_CHOICES = 200;

/** The users whose deeds can be asked for. */
export const actorsQuery = queryOptions({
  queryKey: readKey('/api/v1/tenants/users', { query: { limit: MOST_CHOICES } }),
  queryFn: ({ signal }) =>
    answer(
      http.GET('/api/v1/tenants/users', { params: { query: { limit: MOST_CHOICES } }, signal }),
    ),
});
