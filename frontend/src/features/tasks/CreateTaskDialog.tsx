import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { agentChoicesQuery } from '@/api/agents';
import { fieldProblems } from '@/api/problem';
import { useSubmissionKey } from '@/lib/useSubmissionKey';
import { FormDialog } from '@/ui/FormDialog';
import { FormProblem } from '@/ui/FormProblem';
import { type Task, useCreateTask, useMoveTask } from './queries';
import { TaskFields } from './TaskFields';
import { emptyTaskForm, taskBodyOf, taskPointers } from './taskForm';

interface CreateTaskDialogProps {
  /** The agent that is already chosen. */
  agentId?: string;
  onClose: () => void;
  onCreated: (task: Task) => void;
}

/** Creates a task and, when its agent runs, executes it. */
export function CreateTaskDialog({ agentId = '', onClose, onCreated }: CreateTaskDialogProps) {
  const [values, setValues] = useState({ ...emptyTaskForm, agent_id: agentId });
  const agents = useQuery(agentChoicesQuery).data?.items ?? [];
  const create = useCreateTask();
  const move = useMoveTask();
  const submissionKey = useSubmissionKey();
  const error = create.error ?? move.error;
  const problems = fieldProblems(error, taskPointers);
  const agent = agents.find(({ id }) => id === values.agent_id);
  const canExecute = agent?.status === 'running';

  async function submit(then: 'execute' | 'leave'): Promise<void> {
    const body = taskBodyOf(values);
    try {
      const task = await create.mutateAsync({ body, headers: submissionKey(body) });
      const runs = then === 'execute' && canExecute;
      onCreated(runs ? await move.mutateAsync({ id: task.id, move: 'execute' }) : task);
    } catch {
      // The mutations hold the error and the dialog shows it. Sending the form again repeats the
      // creation under the same idempotency key, so there is never a second task.
    }
  }

  return (
    <FormDialog
      title="New task"
      submitLabel={canExecute ? 'Create and execute' : 'Create task'}
      onClose={onClose}
      error={error}
      isSending={create.isPending || move.isPending}
      onSubmit={() => void submit('execute')}
      alternative={
        canExecute ? { label: 'Create only', onSubmit: () => void submit('leave') } : undefined
      }
    >
      <TaskFields values={values} onChange={setValues} agents={agents} problems={problems} />
      <FormProblem problems={problems} />
    </FormDialog>
  );
}
