import Button from '@mui/material/Button';
import MenuItem from '@mui/material/MenuItem';
import TextField from '@mui/material/TextField';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Schemas } from '@/api/client';
import { fieldProblems } from '@/api/problem';
import { useSubmissionKey } from '@/lib/useSubmissionKey';
import { Field } from '@/ui/Field';
import { Form } from '@/ui/Form';
import { FormProblem } from '@/ui/FormProblem';
import { planName, plansQuery, priceOf } from './plans';
import { type SubscriptionTier, useCreateTenant } from './queries';
import { slugOf } from './slug';

interface CreateTenantFormProps {
  onCreated: (tenant: Schemas['CreatedTenant']) => void;
}

/** The organisation's name, address and contact. The subdomain follows the name until it is typed. */
export function CreateTenantForm({ onCreated }: CreateTenantFormProps) {
  const [name, setName] = useState('');
  const [typedSubdomain, setTypedSubdomain] = useState<string | null>(null);
  const [contactName, setContactName] = useState('');
  const [contactEmail, setContactEmail] = useState('');
  const [tier, setTier] = useState<SubscriptionTier>('free');
  const plans = useQuery(plansQuery).data;
  const create = useCreateTenant();
  const submissionKey = useSubmissionKey();
  const subdomain = typedSubdomain ?? slugOf(name);
  const problems = fieldProblems(
    create.error,
    ['/name', '/subdomain', '/contact_name', '/contact_email', '/subscription_tier'],
    { subdomain_taken: '/subdomain' },
  );

  function submit(): void {
    const body = {
      name: name.trim(),
      subdomain: subdomain.trim(),
      contact_email: contactEmail.trim(),
      contact_name: contactName.trim(),
      subscription_tier: tier,
    };
    create.mutate({ body, headers: submissionKey(body) }, { onSuccess: onCreated });
  }

  return (
    <Form label="Create organisation" onSubmit={submit} error={create.error}>
      <Field
        label="Organisation name"
        name="organization"
        autoComplete="organization"
        required
        autoFocus
        value={name}
        onChange={setName}
        problem={problems.at('/name')}
      />
      <Field
        label="Subdomain"
        name="subdomain"
        autoComplete="off"
        required
        value={subdomain}
        onChange={(value) => setTypedSubdomain(value.toLowerCase())}
        help="3 to 63 letters, digits and hyphens. Your team signs in under it."
        problem={problems.at('/subdomain')}
      />
      <Field
        label="Your name"
        name="contact_name"
        autoComplete="name"
        required
        value={contactName}
        onChange={setContactName}
        problem={problems.at('/contact_name')}
      />
      <Field
        label="Your email"
        type="email"
        name="contact_email"
        autoComplete="email"
        required
        value={contactEmail}
        onChange={setContactEmail}
        problem={problems.at('/contact_email')}
      />
      <TextField
        select
        label="Plan"
        value={tier}
        error={problems.at('/subscription_tier') !== undefined}
        helperText={problems.at('/subscription_tier') ?? 'You can change it at any time.'}
        onChange={({ target }) => {
          const chosen = plans?.find((plan) => plan.tier === target.value);
          if (chosen !== undefined) setTier(chosen.tier);
        }}
      >
        {plans === undefined ? (
          <MenuItem value={tier}>{planName(tier)}</MenuItem>
        ) : (
          plans.map((plan) => (
            <MenuItem key={plan.tier} value={plan.tier}>
              {planName(plan.tier)}, {priceOf(plan).replace('By', 'by')}
            </MenuItem>
          ))
        )}
      </TextField>
      <FormProblem problems={problems} />
      <Button type="submit" variant="contained" size="large" loading={create.isPending}>
        Continue
      </Button>
    </Form>
  );
}
