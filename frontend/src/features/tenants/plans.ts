import type { SubscriptionTier } from './queries';

/** A plan as it is offered. */
export interface Plan {
  tier: SubscriptionTier;
  name: string;
  price: string;
  includes: readonly string[];
}

export const plans: readonly Plan[] = [
  {
    tier: 'free',
    name: 'Free',
    price: '$0',
    includes: ['5 agents', '1,000 tasks a month', '3 users', 'Community access'],
  },
  {
    tier: 'basic',
    name: 'Basic',
    price: '$29 a month',
    includes: ['25 agents', '10,000 tasks a month', '5 users', 'Email support'],
  },
  {
    tier: 'professional',
    name: 'Professional',
    price: '$99 a month',
    includes: ['100 agents', '100,000 tasks a month', '25 users', 'Priority support'],
  },
  {
    tier: 'enterprise',
    name: 'Enterprise',
    price: 'By agreement',
    includes: ['Unlimited agents', 'Unlimited tasks', 'Unlimited users', 'Support day and night'],
  },
];

/** The plan's name for people. */
export function planName(tier: SubscriptionTier): string {
  return plans.find((plan) => plan.tier === tier)?.name ?? tier;
}
