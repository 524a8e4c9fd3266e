import { useState } from 'react';
import { fieldProblems } from '@/api/problem';
import { useSubmissionKey } from '@/lib/useSubmissionKey';
import { Field } from '@/ui/Field';
import { FormDialog } from '@/ui/FormDialog';
import { FormProblem } from '@/ui/FormProblem';
import { LifeField } from './LifeField';
import { type Permission, useCreateApiKey } from './queries';
import { ScopeField } from './ScopeField';
import { SecretDialog } from './SecretDialog';

/** Makes a key for a program, and shows it once. */
export function CreateApiKeyDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly Permission[]>([]);
  const [days, setDays] = useState(90);
  const create = useCreateApiKey();
  const submissionKey = useSubmissionKey();
  const problems = fieldProblems(create.error, ['/name', '/scopes']);
  if (create.data !== undefined) return <SecretDialog created={create.data} onClose={onClose} />;

  function submit(): void {
    const body = { name: name.trim(), scopes: [...scopes], expires_in_days: days };
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
      <ScopeField value={scopes} onChange={setScopes} problem={problems.at('/scopes')} />
      <FormProblem problems={problems} />
    </FormDialog>
  );
}
