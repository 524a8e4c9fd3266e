import { useState } from 'react';
import { fieldProblems } from '@/api/problem';
import { FormDialog } from '@/ui/FormDialog';
import { FormProblem } from '@/ui/FormProblem';
import { AgentFields } from './AgentFields';
import { agentBodyOf, agentFormOf, agentPointers } from './agentForm';
import { type Agent, useChangeAgent } from './queries';

/** Changes an agent as it was when the dialog opened; a change in between is refused, not lost. */
export function EditAgentDialog({ agent, onClose }: { agent: Agent; onClose: () => void }) {
  const [opened] = useState(agent);
  const [values, setValues] = useState(() => agentFormOf(opened));
  const change = useChangeAgent(opened);
  const problems = fieldProblems(change.error, agentPointers);
  return (
    <FormDialog
      title={`Edit ${opened.name}`}
      submitLabel="Save"
      onClose={onClose}
      error={change.error}
      isSending={change.isPending}
      onSubmit={() => change.mutate(agentBodyOf(values), { onSuccess: onClose })}
    >
      <AgentFields values={values} onChange={setValues} problems={problems} />
      <FormProblem problems={problems} />
    </FormDialog>
  );
}
