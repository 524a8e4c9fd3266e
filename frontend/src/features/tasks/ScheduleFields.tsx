import FormControlLabel from '@mui/material/FormControlLabel';
import MenuItem from '@mui/material/MenuItem';
import Switch from '@mui/material/Switch';
import TextField from '@mui/material/TextField';
import type { FieldProblems } from '@/api/problem';
import { Field } from '@/ui/Field';
import { InputField } from './InputField';
import { NextRuns } from './NextRuns';
import type { TaskAgent } from './queries';
import { ScheduleOptions } from './ScheduleOptions';
import type { ScheduleFormValues } from './scheduleForm';

interface ScheduleFieldsProps {
  values: ScheduleFormValues;
  onChange: (values: ScheduleFormValues) => void;
  agents: readonly TaskAgent[];
  problems: FieldProblems;
  /** Whether the agent can be chosen; one that has the schedule keeps it. */
  isNew: boolean;
}

/** What makes a schedule: when, for which agent, and what its tasks are. */
export function ScheduleFields(props: ScheduleFieldsProps) {
  const { values, onChange, agents, problems, isNew } = props;
  const set = (change: Partial<ScheduleFormValues>) => onChange({ ...values, ...change });
  const isKnown = agents.some(({ id }) => id === values.agent_id);
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
        disabled={!isNew}
        // An agent that is chosen but not read yet is no choice of the list.
        value={isKnown ? values.agent_id : ''}
        onChange={({ target }) => set({ agent_id: target.value })}
        error={problems.at('/agent_id') !== undefined}
        helperText={problems.at('/agent_id') ?? 'Times at which it does not run are left out.'}
      >
        {agents.map(({ id, name }) => (
          <MenuItem key={id} value={id}>
            {name}
          </MenuItem>
        ))}
      </TextField>
      <Field
        label="Times"
        required
        value={values.cron}
        onChange={(cron) => set({ cron })}
        problem={problems.at('/cron')}
        help="Minute, hour, day of the month, month, day of the week: 30 8 * * MON-FRI."
        slotProps={{ htmlInput: { spellCheck: false } }}
      />
      <Field
        label="Time zone"
        required
        value={values.time_zone}
        onChange={(time_zone) => set({ time_zone })}
        problem={problems.at('/time_zone')}
        help="Such as Europe/Berlin."
        slotProps={{ htmlInput: { spellCheck: false } }}
      />
      <NextRuns cron={values.cron} zone={values.time_zone} />
      <InputField values={values} onChange={set} problem={problems.at('/input_data')} />
      <ScheduleOptions values={values} onChange={set} problems={problems} />
      <FormControlLabel
        label="Makes tasks"
        control={
          <Switch
            checked={values.enabled}
            onChange={(_, enabled) => set({ enabled })}
            slotProps={{ input: { role: 'switch' } }}
          />
        }
      />
    </>
  );
}
