import ExpandMoreOutlined from '@mui/icons-material/ExpandMoreOutlined';
import Accordion from '@mui/material/Accordion';
import AccordionDetails from '@mui/material/AccordionDetails';
import AccordionSummary from '@mui/material/AccordionSummary';
import MenuItem from '@mui/material/MenuItem';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import type { FieldProblems } from '@/api/problem';
import { Field } from '@/ui/Field';
import { InputField } from './InputField';
import type { TaskAgent } from './queries';
import type { TaskFormValues } from './taskForm';
import { PriorityField, TaskTypeField } from './WorkFields';

interface TaskFieldsProps {
  values: TaskFormValues;
  onChange: (values: TaskFormValues) => void;
  agents: readonly TaskAgent[];
  problems: FieldProblems;
}

/** What makes a task; what has a good default is folded away. */
export function TaskFields({ values, onChange, agents, problems }: TaskFieldsProps) {
  const set = (change: Partial<TaskFormValues>) => onChange({ ...values, ...change });
  const agent = agents.find(({ id }) => id === values.agent_id);
  const hasFoldedProblem = [
    '/task_type',
    '/timeout_seconds',
    '/max_attempts',
    '/scheduled_at',
  ].some((pointer) => problems.at(pointer) !== undefined);
  return (
    <>
      <Field
        label="Name"
        required
        autoFocus
        value={values.name}
        onChange={(name) => set({ name })}
        problem={problems.at('/name')}
      />
      <TextField
        select
        label="Agent"
        required
        // An agent that is chosen but not read yet is no choice of the list.
        value={agent === undefined ? '' : values.agent_id}
        onChange={({ target }) => set({ agent_id: target.value })}
        error={problems.at('/agent_id') !== undefined}
        helperText={
          problems.at('/agent_id') ??
          (agent !== undefined && agent.status !== 'running'
            ? `${agent.name} is not running: the task waits until you start it and execute the task.`
            : undefined)
        }
      >
        {agents.map(({ id, name, status }) => (
          <MenuItem key={id} value={id}>
            {name}
            {status === 'running' ? '' : ` (${status})`}
          </MenuItem>
        ))}
      </TextField>
      <InputField values={values} onChange={set} problem={problems.at('/input_data')} />
      <PriorityField
        value={values.priority}
        onChange={(priority) => set({ priority })}
        problems={problems}
      />
      <Accordion
        variant="outlined"
        disableGutters
        {...(hasFoldedProblem ? { expanded: true } : {})}
        sx={{ borderRadius: '8px', '&::before': { display: 'none' } }}
      >
        <AccordionSummary expandIcon={<ExpandMoreOutlined />}>More options</AccordionSummary>
        <AccordionDetails>
          <Stack sx={{ gap: 2.25 }}>
            <TaskTypeField
              value={values.task_type}
              onChange={(task_type) => set({ task_type })}
              problems={problems}
            />
            <Field
              label="Time limit in seconds"
              type="number"
              value={values.timeout_seconds}
              onChange={(timeout_seconds) => set({ timeout_seconds })}
              problem={problems.at('/timeout_seconds')}
              slotProps={{ htmlInput: { min: 1, max: 86_400 } }}
            />
            <Field
              label="Attempts at most"
              type="number"
              value={values.max_attempts}
              onChange={(max_attempts) => set({ max_attempts })}
              problem={problems.at('/max_attempts')}
              slotProps={{ htmlInput: { min: 1, max: 10 } }}
            />
            <Field
              label="Not before"
              type="datetime-local"
              value={values.scheduled_at}
              onChange={(scheduled_at) => set({ scheduled_at })}
              problem={problems.at('/scheduled_at')}
              slotProps={{ inputLabel: { shrink: true } }}
            />
          </Stack>
        </AccordionDetails>
      </Accordion>
    </>
  );
}
