import type { Schemas } from '@/api/client';
import { objectOf } from '@/lib/parseObject';
import type { InputValues } from './InputField';
import type { TaskType } from './queries';
import type { Schedule } from './scheduleQueries';

/** The form as it is on the screen. */
export interface ScheduleFormValues extends InputValues {
  name: string;
  agent_id: string;
  cron: string;
  time_zone: string;
  task_type: TaskType;
  priority: number;
  timeout_seconds: string;
  max_attempts: string;
  queue_timeout_seconds: string;
  overlap: Schemas['ScheduleOverlap'];
  catch_up: Schemas['ScheduleCatchUp'];
  enabled: boolean;
}

/** What becomes of a time at which the task before is not over. */
export const overlaps = {
  skip: 'Leave the time out',
  queue: 'Queue another task',
} satisfies Record<Schemas['ScheduleOverlap'], string>;

/** What becomes of times that were missed. */
export const catchUps = {
  once: 'One task for the last of them',
  skip: 'None',
} satisfies Record<Schemas['ScheduleCatchUp'], string>;

export const emptyScheduleForm: ScheduleFormValues = {
  name: '',
  agent_id: '',
  cron: '0 9 * * MON-FRI',
  time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  task_type: 'prompt',
  priority: 3,
  inputKind: 'text',
  text: '',
  json: '',
  timeout_seconds: '300',
  max_attempts: '3',
  queue_timeout_seconds: '',
  overlap: 'skip',
  catch_up: 'once',
  enabled: true,
};

/** A schedule as the form shows it. */
export function scheduleFormOf(schedule: Schedule): ScheduleFormValues {
  const { prompt, ...rest } = schedule.input_data;
  const isText = typeof prompt === 'string' && Object.keys(rest).length === 0;
  return {
    name: schedule.name,
    agent_id: schedule.agent_id,
    cron: schedule.cron,
    time_zone: schedule.time_zone,
    task_type: schedule.task_type,
    priority: schedule.priority,
    inputKind: isText ? 'text' : 'json',
    text: isText ? prompt : '',
    json: JSON.stringify(schedule.input_data, null, 2),
    timeout_seconds: String(schedule.timeout_seconds),
    max_attempts: String(schedule.max_attempts),
    queue_timeout_seconds: schedule.queue_timeout_seconds?.toString() ?? '',
    overlap: schedule.overlap,
    catch_up: schedule.catch_up,
    enabled: schedule.enabled,
  };
}

/** The form as the API wants it to change a schedule; the agent stays what it is. */
export function changeBodyOf(values: ScheduleFormValues): Schemas['ChangeScheduleBody'] {
  return {
    name: values.name.trim(),
    cron: values.cron.trim(),
    time_zone: values.time_zone.trim(),
    task_type: values.task_type,
    priority: values.priority,
    input_data: inputOf(values),
    timeout_seconds: Number(values.timeout_seconds),
    max_attempts: Number(values.max_attempts),
    queue_timeout_seconds:
      values.queue_timeout_seconds === '' ? null : Number(values.queue_timeout_seconds),
    overlap: values.overlap,
    catch_up: values.catch_up,
    enabled: values.enabled,
  };
}

/** The form as the API wants it to create a schedule. */
export function createBodyOf(values: ScheduleFormValues): Schemas['CreateScheduleBody'] {
  const { queue_timeout_seconds, ...body } = changeBodyOf(values);
  return {
    ...body,
    name: values.name.trim(),
    cron: values.cron.trim(),
    agent_id: values.agent_id,
    ...(queue_timeout_seconds == null ? {} : { queue_timeout_seconds }),
  };
}

function inputOf({ inputKind, json, text }: InputValues): Record<string, unknown> {
  if (inputKind === 'json') return objectOf(json);
  return text.trim() === '' ? {} : { prompt: text };
}

export const schedulePointers = [
  '/name',
  '/agent_id',
  '/cron',
  '/time_zone',
  '/task_type',
  '/priority',
  '/input_data',
  '/timeout_seconds',
  '/max_attempts',
  '/queue_timeout_seconds',
  '/overlap',
  '/catch_up',
] as const;
