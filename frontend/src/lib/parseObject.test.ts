import { expect, test } from 'vitest';
import { parseObject } from './parseObject';

test('an object is read, and blank text is the empty one', () => {
  expect(parseObject('{"a": 1}')).toEqual({ ok: true, value: { a: 1 } });
  expect(parseObject('  ')).toEqual({ ok: true, value: {} });
});

test('other values and broken text are told', () => {
  for (const text of ['[1]', 'null', '3', '{"a": }']) {
    expect(parseObject(text).ok, text).toBe(false);
  }
});
