import { expect, test } from 'vitest';
import { type Draft, withEvent, withFrame } from './draft';

const frame = (event: string, call_id: string, text: string) => ({
  id: '',
  event,
  data: JSON.stringify({ step: 1, call_id, text }),
});

test('an answer grows by what comes after it and is replaced by all of it', () => {
  let draft: Draft | null = null;
  draft = withFrame(draft, frame('draft', 'a', 'Once '));
  draft = withFrame(draft, frame('delta', 'a', 'upon'));
  expect(draft?.text).toBe('Once upon');
  draft = withFrame(draft, frame('draft', 'a', 'Once upon a time'));
  expect(draft?.text).toBe('Once upon a time');
});

test('what comes of another answer, or reads as nothing, changes nothing', () => {
  const draft = withFrame(null, frame('draft', 'a', 'Once'));
  expect(withFrame(draft, frame('delta', 'b', ' upon'))).toBe(draft);
  expect(withFrame(draft, { id: '', event: 'delta', data: 'no JSON' })).toBe(draft);
  expect(withFrame(draft, { id: '', event: 'delta', data: '{"text":1}' })).toBe(draft);
});

test('each call begins anew, and its end leaves the answer as it is', () => {
  const draft = withFrame(null, frame('draft', 'a', 'Once'));
  expect(withEvent(draft, { type: 'task.step_ended' })).toBe(draft);
  expect(withEvent(draft, { type: 'task.step_started' })).toBeNull();
});
