import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { agentChoicesQuery } from '@/api/agents';
import { fieldProblems } from '@/api/problem';
import { useSubmissionKey } from '@/lib/useSubmissionKey';
import { FormDialog } from '@/ui/FormDialog';
import { FormProblem } from '@/ui/FormProblem';
import { ScheduleFields } from './ScheduleFields';
import { createBodyOf, emptyScheduleForm, schedulePointers } from './scheduleForm';
import { useCreateSchedule } from './scheduleQueries';

/** Creates a schedule. */
export function CreateScheduleDialog({ onClose }: { onClose: () => void }) {
  const [values, setValues] = useState(emptyScheduleForm);
  const agents = useQuery(agentChoicesQuery).data?.items ?? [];
  const create = useCreateSchedule();
  const submissionKey = useSubmissionKey();
  const problems = fieldProblems(create.error, schedulePointers);
  const body = () => createBodyOf(values);
  return (
    <FormDialog
      title="New schedule"
      submitLabel="Create schedule"
      onClose={onClose}
      error={create.error}
      isSending={create.isPending}
      onSubmit={() =>
        create.mutate({ body: body(), headers: submissionKey(body()) }, { onSuccess: onClose })
      }
    >
      <ScheduleFields
        values={values}
        onChange={setValues}
        agents={agents}
        problems={problems}
        isNew
      />
      <FormProblem problems={problems} />
    </FormDialog>
  );
}
