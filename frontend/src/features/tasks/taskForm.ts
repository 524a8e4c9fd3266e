import type { Schemas } from '@/api/client';
import { fromLocalInput } from '@/lib/dates';
import { objectOf } from '@/lib/parseObject';
import type { InputValues } from './InputField';
import type { TaskType } from './queries';

/** The form as it is on the screen. */
export interface TaskFormValues extends InputValues {
  name: string;
  agent_id: string;
  task_type: TaskType;
  priority: number;
  timeout_seconds: string;
  max_attempts: string;
  /** What `<input type="datetime-local">` holds. */
  scheduled_at: string;
}

export const emptyTaskForm: TaskFormValues = {
  name: '',
  agent_id: '',
  task_type: 'prompt',
  priority: 3,
  inputKind: 'text',
  text: '',
  json: '',
  timeout_seconds: '',
  max_attempts: '',
  scheduled_at: '',
};

/** The form as the API wants it; what was left empty is left to the server. */
export function taskBodyOf(values: TaskFormValues): Schemas['CreateTaskBody'] {
  const input_data =
    values.inputKind === 'json'
      ? objectOf(values.json)
      : values.text.trim() === ''
        ? {}
        : { prompt: values.text };
  const scheduled_at = fromLocalInput(values.scheduled_at);
  return {
    name: values.name.trim(),
    agent_id: values.agent_id,
    task_type: values.task_type,
    priority: values.priority,
    input_data,
    ...(values.timeout_seconds === '' ? {} : { timeout_seconds: Number(values.timeout_seconds) }),
    ...(values.max_attempts === '' ? {} : { max_attempts: Number(values.max_attempts) }),
    ...(scheduled_at === undefined ? {} : { scheduled_at }),
  };
}

export const taskPointers = [
  '/name',
  '/agent_id',
  '/task_type',
  '/priority',
  '/input_data',
  '/timeout_seconds',
  '/max_attempts',
  '/scheduled_at',
] as const;
