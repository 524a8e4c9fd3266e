import { useState } from 'react';
import { fieldProblems } from '@/api/problem';
import { useSubmissionKey } from '@/lib/useSubmissionKey';
import { FormDialog } from '@/ui/FormDialog';
import { FormProblem } from '@/ui/FormProblem';
import { LifeField } from './LifeField';
import { OverlapField } from './OverlapField';
import { type ApiKey, useRotateApiKey } from './queries';
import { SecretDialog } from './SecretDialog';

/** Makes another key in place of this one, and shows it once. */
export function RotateApiKeyDialog({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const [days, setDays] = useState(90);
  const [hours, setHours] = useState(24);
  const rotate = useRotateApiKey(apiKey.id);
  const submissionKey = useSubmissionKey();
  const problems = fieldProblems(rotate.error, []);
  if (rotate.data !== undefined) return <SecretDialog created={rotate.data} onClose={onClose} />;

  function submit(): void {
    const body = { expires_in_days: days, overlap_hours: hours };
    rotate.mutate({ body, headers: submissionKey(body) });
  }

  return (
    <FormDialog
      title={`Rotate ${apiKey.name}`}
      submitLabel="Make the new key"
      onClose={onClose}
      onSubmit={submit}
      error={rotate.error}
      isSending={rotate.isPending}
    >
      <OverlapField value={hours} onChange={setHours} />
      <LifeField value={days} onChange={setDays} />
      <FormProblem problems={problems} />
    </FormDialog>
  );
}
