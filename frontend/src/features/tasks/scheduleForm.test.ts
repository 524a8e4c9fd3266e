import { expect, test } from 'vitest';
import { changeBodyOf, createBodyOf, emptyScheduleForm, scheduleFormOf } from './scheduleForm';
import type { Schedule } from './scheduleQueries';

const schedule: Schedule = {
  id: 's',
  tenant_id: 't',
  agent_id: 'a',
  name: 'Report',
  cron: '30 8 * * *',
  time_zone: 'Europe/Berlin',
  task_type: 'prompt',
  input_data: { prompt: 'What is new?' },
  priority: 4,
  timeout_seconds: 60,
  max_attempts: 2,
  queue_timeout_seconds: 900,
  overlap: 'queue',
  catch_up: 'skip',
  enabled: false,
  next_runs: [],
  runs: 0,
  last_run_at: null,
  last_task_id: null,
  skipped_runs: 0,
  last_skipped_at: null,
  last_skip_reason: null,
  created_by: null,
  version: 1,
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
};

test('a schedule survives being shown and sent unchanged', () => {
  const { id, tenant_id, agent_id, ...rest } = schedule;
  expect(rest).toMatchObject(changeBodyOf(scheduleFormOf(schedule)));
});

test('an input that is more than words is shown as JSON', () => {
  const form = scheduleFormOf({ ...schedule, input_data: { prompt: 'x', n: 1 } });
  expect(form.inputKind).toBe('json');
  expect(changeBodyOf(form).input_data).toEqual({ prompt: 'x', n: 1 });
});

test('a limit to waiting is left out where there is none, and taken away by a change', () => {
  const form = { ...emptyScheduleForm, name: ' Report ', agent_id: 'a' };
  expect(createBodyOf(form)).not.toHaveProperty('queue_timeout_seconds');
  expect(createBodyOf(form).name).toBe('Report');
  expect(changeBodyOf(form).queue_timeout_seconds).toBeNull();
});
