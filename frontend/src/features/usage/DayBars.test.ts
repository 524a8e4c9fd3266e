import { expect, test } from 'vitest';
import { daysOf } from './DayBars';

test('each day of a time comes once, the one it ends in too', () => {
  expect(daysOf('2026-02-27T00:00:00Z', '2026-03-01T09:30:00Z')).toEqual([
    '2026-02-27',
    '2026-02-28',
    '2026-03-01',
  ]);
  expect(daysOf('2026-02-27T00:00:00Z', '2026-02-28T00:00:00Z')).toEqual(['2026-02-27']);
});
