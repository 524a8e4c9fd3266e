import { expect, test } from 'vitest';
import { indented } from './indented';

test('a text that reads the same is indented', () => {
  expect(indented('{"a": [1, "b  c"],"d":"\\"e"}')).toBe(
    '{\n  "a": [\n    1,\n    "b  c"\n  ],\n  "d": "\\"e"\n}',
  );
});

test.each([
  ['a number with more digits than are read', '{"amount":12345678901234567890}'],
  ['a member that is there twice', '{"to":"a@example.com","to":"b@example.com"}'],
  ['a number that is written in another way', '{"amount":1e3}'],
])('%s stays as it is', (_, text) => {
  expect(indented(text)).toBe(text);
});
