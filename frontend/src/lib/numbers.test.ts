import { expect, test } from 'vitest';
import { formatUsd } from './numbers';

test('money keeps its cents and drops idle zeros', () => {
  expect(formatUsd('0.000000')).toBe('$0.00');
  expect(formatUsd('0.008680')).toBe('$0.00868');
  expect(formatUsd('12.500000')).toBe('$12.50');
});
