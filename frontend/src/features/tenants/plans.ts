import { queryOptions } from '@tanstack/react-query';
import { anonymousHttp, type Schemas } from '@/api/client';
import { answer } from '@/api/problem';
import { readKey } from '@/api/query';
import { formatCount } from '@/lib/numbers';
import type { SubscriptionTier } from './queries';

/** A plan as it is offered. */
export type Plan = Schemas['Plan'];

/** Every plan that an organisation can choose, the smallest first. */
export const plansQuery = queryOptions({
  queryKey: readKey('/api/v1/plans'),
  queryFn: async ({ signal }) =>
    (await answer(anonymousHttp.GET('/api/v1/plans', { signal }))).items,
  // It changes with the server only.
  staleTime: Number.POSITIVE_INFINITY,
});

const names = {
  free: 'Free',
  basic: 'Basic',
  professional: 'Professional',
  enterprise: 'Enterprise',
} satisfies Record<SubscriptionTier, string>;

/** The plan's name for people. */
export const planName = (tier: SubscriptionTier): string => names[tier];

/** What a month of the plan costs. */
export function priceOf({ price_usd_per_month: price }: Plan): string {
  if (price === null) return 'By agreement';
  return price === 0 ? '$0' : `$${formatCount(price)} a month`;
}

/** What the plan allows, and what comes with it besides. */
export function includedIn({ limits, features }: Plan): string[] {
  const most = (count: number | null, of: string) =>
    `${count === null ? 'Unlimited' : formatCount(count)} ${of}`;
  return [
    most(limits.agents, 'agents'),
    most(limits.tasks_per_month, 'tasks a month'),
    most(limits.users, 'users'),
    ...features,
  ];
}
