import { useState } from 'react';
import { fieldProblems } from '@/api/problem';
import { Field } from '@/ui/Field';
import { FormDialog } from '@/ui/FormDialog';
import { FormProblem } from '@/ui/FormProblem';
import { type Approval, type Decision, useDecideApproval } from './queries';

interface DecideDialogProps {
  approval: Approval;
  decision: Decision;
  onClose: () => void;
}

const words = {
  approve: { title: 'Approve', consequence: 'The call is made as shown, and the task goes on.' },
  deny: { title: 'Deny', consequence: 'The call is not made. The agent is told so and goes on.' },
} satisfies Record<Decision, { title: string; consequence: string }>;

/** Asks for the reason of an answer. */
export function DecideDialog({ approval, decision, onClose }: DecideDialogProps) {
  const [reason, setReason] = useState('');
  const decide = useDecideApproval(approval);
  const problems = fieldProblems(decide.error, ['/reason']);
  const { title, consequence } = words[decision];
  return (
    <FormDialog
      title={`${title} ${approval.tool}?`}
      submitLabel={title}
      isDestructive={decision === 'deny'}
      onClose={onClose}
      onSubmit={() => decide.mutate({ decision, reason }, { onSuccess: onClose })}
      error={decide.error}
      isSending={decide.isPending}
    >
      <div>{consequence}</div>
      <Field
        label="Why"
        autoFocus
        required={decision === 'deny'}
        value={reason}
        onChange={setReason}
        problem={problems.at('/reason')}
        help="It stays in the log, with your name."
      />
      <FormProblem problems={problems} />
    </FormDialog>
  );
}
