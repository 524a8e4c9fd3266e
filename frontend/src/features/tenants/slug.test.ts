import { expect, test } from 'vitest';
import { slugOf } from './slug';

test('a name suggests a subdomain', () => {
  expect(slugOf('Zoë & Sons, Ltd.')).toBe('zoe-sons-ltd');
  expect(slugOf('  ')).toBe('');
  expect(slugOf('x'.repeat(90))).toHaveLength(63);
});
