import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { fieldProblems } from '@/api/problem';
import { rolesQuery } from '@/api/roles';
import { useSubmissionKey } from '@/lib/useSubmissionKey';
import { Field } from '@/ui/Field';
import { FormDialog } from '@/ui/FormDialog';
import { FormProblem } from '@/ui/FormProblem';
import { AgentsField } from './AgentsField';
import { LifeField } from './LifeField';
import { type KeyAgent, type Permission, type PolicyEntry, useCreateApiKey } from './queries';
import { ScopeField } from './ScopeField';
import { SecretDialog } from './SecretDialog';

/** Makes a key for a program, and shows it once. */
export function CreateApiKeyDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly Permission[]>([]);
  const [agents, setAgents] = useState<readonly KeyAgent[] | null>(null);
  const [days, setDays] = useState(90);
  const policy = useQuery(rolesQuery).data?.permissions ?? [];
  const create = useCreateApiKey();
  const submissionKey = useSubmissionKey();
  const ids = agents?.map(({ id }) => id) ?? null;
  const agentFields = ids?.map((_, place) => `/agent_ids/${place}`) ?? [];
  const problems = fieldProblems(create.error, ['/name', '/scopes', ...agentFields, '/agent_ids'], {
    'api_key.scope_beyond_agents': '/scopes',
  });
  const [agentProblem] = (agents ?? []).flatMap(({ name: agent }, place) => {
    const problem = problems.at(`/agent_ids/${place}`);
    return problem === undefined ? [] : [`${agent}: ${problem}`];
  });
  // What was ticked before the key was bound, and is not about single agents, is not offered any more.
  const isOffered = (of: PolicyEntry) => ids === null || of.is_of_single_agents;
  const offered = policy.filter(isOffered).map(({ permission }) => permission);
  const chosen = scopes.filter((scope) => offered.includes(scope));
  if (create.data !== undefined) return <SecretDialog created={create.data} onClose={onClose} />;

  function submit(): void {
    const body = { name: name.trim(), scopes: chosen, agent_ids: ids, expires_in_days: days };
    create.mutate({ body, headers: submissionKey(body) });
  }

  return (
    <FormDialog
      title="New API key"
      submitLabel="Create key"
      onClose={onClose}
      onSubmit={submit}
      error={create.error}
      isSending={create.isPending}
    >
      <Field
        label="Name"
        required
        autoFocus
        value={name}
        onChange={setName}
        help="What the program is called, so that you know it again."
        problem={problems.at('/name')}
      />
      <LifeField value={days} onChange={setDays} />
      <AgentsField
        value={agents}
        onChange={setAgents}
        problem={agentProblem ?? problems.at('/agent_ids')}
      />
      <ScopeField
        value={chosen}
        onChange={setScopes}
        isOffered={isOffered}
        problem={problems.at('/scopes')}
      />
      <FormProblem problems={problems} />
    </FormDialog>
  );
}
