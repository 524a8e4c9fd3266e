import { expect, test } from 'vitest';
import { formatAgo, formatSpan, fromLocalInput } from './dates';

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
const now = Date.UTC(2026, 0, 1);

test('moments are told relative to now', () => {
  expect(formatAgo(at(-3), now)).toBe('just now');
  expect(formatAgo(at(-300), now)).toBe('5 minutes ago');
  expect(formatAgo(at(7200), now)).toBe('in 2 hours');
});

test('spans are told in the unit that fits', () => {
  expect(formatSpan(at(0), at(0.32))).toBe('320 ms');
  expect(formatSpan(at(0), at(4.24))).toBe('4.2 s');
  expect(formatSpan(at(0), at(185))).toBe('3 min 5 s');
  expect(formatSpan(at(0), at(7800))).toBe('2 h 10 min');
});

test('an empty or broken input is no moment', () => {
  expect(fromLocalInput('')).toBeUndefined();
  expect(fromLocalInput('soon')).toBeUndefined();
  expect(fromLocalInput('2026-01-01T12:00')).toMatch(/^2026-01-0[12]T.*Z$/);
});
