import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { http, type Schemas } from '@/api/client';
import { answer } from '@/api/problem';
import { readKey } from '@/api/query';

export type UsageReport = Schemas['UsageReport'];
export type UsageOfGroup = Schemas['UsageOfGroup'];
export type UsageGroup = Schemas['UsageGroup'];

/** How far back, in days up to the present one. */
export const PERIODS = { '7': 'Last 7 days', '30': 'Last 30 days', '90': 'Last 90 days' } as const;
export type Period = keyof typeof PERIODS;

const DAY = 86_400_000;

/** The beginning of the first day of the period, UTC. */
export function beginOf(period: Period, now: number): string {
  return new Date(Math.floor(now / DAY) * DAY - (Number(period) - 1) * DAY).toISOString();
}

export const reportQuery = (group_by: UsageGroup, from: string) => {
  const query = { group_by, from };
  return queryOptions({
    queryKey: readKey('/api/v1/usage', { query }),
    queryFn: ({ signal }) => answer(http.GET('/api/v1/usage', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
};
