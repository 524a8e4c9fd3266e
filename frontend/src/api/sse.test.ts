import { expect, test } from 'vitest';
import { createSseParser } from './sse';

test('a message is complete at its blank line', () => {
  const parse = createSseParser();
  expect(parse('id: 7\nevent: agent.created\ndata: {"a":1}\n')).toEqual([]);
  expect(parse('\n')).toEqual([{ id: '7', event: 'agent.created', data: '{"a":1}' }]);
});

test('messages may be cut anywhere', () => {
  const stream = 'id: 1\r\nevent: x\r\ndata: one\r\n\r\nid: 2\r\ndata: two\r\ndata: lines\r\n\r\n';
  const whole = createSseParser()(stream);
  const parse = createSseParser();
  expect(Array.from(stream).flatMap((character) => parse(character))).toEqual(whole);
  expect(whole).toEqual([
    { id: '1', event: 'x', data: 'one' },
    { id: '2', event: 'message', data: 'two\nlines' },
  ]);
});

test('comments and unknown fields say nothing, and a message needs data', () => {
  const parse = createSseParser();
  expect(parse(': still here\n\nretry: 100\ncolour: red\n\nevent: x\n\n')).toEqual([]);
});

test('the id stays until another comes, and one with a null character does not count', () => {
  const parse = createSseParser();
  expect(parse('id: 5\ndata: a\n\ndata: b\n\nid: 6\0\ndata: c\n\n').map(({ id }) => id)).toEqual([
    '5',
    '5',
    '5',
  ]);
});

test('a byte order mark at the start and a missing space are fine', () => {
  expect(createSseParser()('\uFEFFdata:x\n\n')).toEqual([{ id: '', event: 'message', data: 'x' }]);
});
