import { useState } from 'react';
import { fieldProblems } from '@/api/problem';
import { useSubmissionKey } from '@/lib/useSubmissionKey';
import { FormDialog } from '@/ui/FormDialog';
import { FormProblem } from '@/ui/FormProblem';
import { AgentFields } from './AgentFields';
import { agentBodyOf, agentPointers, emptyAgentForm } from './agentForm';
import { type Agent, useCreateAgent } from './queries';

interface CreateAgentDialogProps {
  onClose: () => void;
  onCreated: (agent: Agent) => void;
}

export function CreateAgentDialog({ onClose, onCreated }: CreateAgentDialogProps) {
  const [values, setValues] = useState(emptyAgentForm);
  const create = useCreateAgent();
  const submissionKey = useSubmissionKey();
  const problems = fieldProblems(create.error, agentPointers);
  return (
    <FormDialog
      title="New agent"
      submitLabel="Create agent"
      onClose={onClose}
      error={create.error}
      isSending={create.isPending}
      onSubmit={() => {
        const body = agentBodyOf(values);
        create.mutate({ body, headers: submissionKey(body) }, { onSuccess: onCreated });
      }}
    >
      <AgentFields values={values} onChange={setValues} problems={problems} />
      <FormProblem problems={problems} />
    </FormDialog>
  );
}
