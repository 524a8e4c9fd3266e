import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { agentChoicesQuery } from '@/api/agents';
import { fieldProblems } from '@/api/problem';
import { FormDialog } from '@/ui/FormDialog';
import { FormProblem } from '@/ui/FormProblem';
import { ScheduleFields } from './ScheduleFields';
import { changeBodyOf, scheduleFormOf, schedulePointers } from './scheduleForm';
import { type Schedule, useChangeSchedule } from './scheduleQueries';

interface EditScheduleDialogProps {
  schedule: Schedule;
  onClose: () => void;
}

/** Changes a schedule. */
export function EditScheduleDialog({ schedule, onClose }: EditScheduleDialogProps) {
  const [values, setValues] = useState(() => scheduleFormOf(schedule));
  // What was seen when the form was opened is what is changed.
  const [seen] = useState(schedule);
  const agents = useQuery(agentChoicesQuery).data?.items ?? [];
  const change = useChangeSchedule(seen);
  const problems = fieldProblems(change.error, schedulePointers);
  return (
    <FormDialog
      title={`Edit ${seen.name}`}
      submitLabel="Save schedule"
      onClose={onClose}
      error={change.error}
      isSending={change.isPending}
      onSubmit={() => change.mutate(changeBodyOf(values), { onSuccess: onClose })}
    >
      <ScheduleFields
        values={values}
        onChange={setValues}
        agents={agents}
        problems={problems}
        isNew={false}
      />
      <FormProblem problems={problems} />
    </FormDialog>
  );
}
