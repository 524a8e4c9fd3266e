import { expect, test } from 'vitest';
import { emptyTaskForm, taskBodyOf } from './taskForm';

const form = { ...emptyTaskForm, name: ' Digest ', agent_id: 'a' };

test('what is left empty is left to the server', () => {
  expect(taskBodyOf(form)).toEqual({
    name: 'Digest',
    agent_id: 'a',
    task_type: 'prompt',
    priority: 3,
    input_data: {},
  });
});

test('words become a prompt, JSON stays as it is', () => {
  expect(taskBodyOf({ ...form, text: 'Hi' }).input_data).toEqual({ prompt: 'Hi' });
  const json = { ...form, inputKind: 'json', text: 'unused', json: '{"a": [1]}' } as const;
  expect(taskBodyOf(json).input_data).toEqual({ a: [1] });
});

test('numbers and the moment are sent as the API wants them', () => {
  const body = taskBodyOf({ ...form, timeout_seconds: '60', max_attempts: '2' });
  expect(body).toMatchObject({ timeout_seconds: 60, max_attempts: 2 });
});
