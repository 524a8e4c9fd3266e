/** Fields that tasks and the schedules that make them have in common. */
import MenuItem from '@mui/material/MenuItem';
import TextField from '@mui/material/TextField';
import type { FieldProblems } from '@/api/problem';
import { keysOf, oneOf } from '@/lib/oneOf';
import { priorities } from './priority';
import { taskTypes } from './taskTypes';

interface WorkFieldProps<Value> {
  value: Value;
  onChange: (value: Value) => void;
  problems: FieldProblems;
}

export function TaskTypeField({
  value,
  onChange,
  problems,
}: WorkFieldProps<keyof typeof taskTypes>) {
  return (
    <TextField
      select
      label="Task type"
      value={value}
      onChange={({ target }) => onChange(oneOf(keysOf(taskTypes), target.value) ?? value)}
      error={problems.at('/task_type') !== undefined}
      helperText={problems.at('/task_type')}
    >
      {keysOf(taskTypes).map((type) => (
        <MenuItem key={type} value={type}>
          {taskTypes[type]}
        </MenuItem>
      ))}
    </TextField>
  );
}

export function PriorityField({ value, onChange, problems }: WorkFieldProps<number>) {
  return (
    <TextField
      select
      label="Priority"
      value={value}
      onChange={({ target }) => onChange(Number(target.value))}
      error={problems.at('/priority') !== undefined}
      helperText={problems.at('/priority')}
    >
      {priorities.map(([level, name]) => (
        <MenuItem key={level} value={level}>
          {name}
        </MenuItem>
      ))}
    </TextField>
  );
}
