import { expect, test } from 'vitest';
import { nameProgram } from './program';

test('browsers are called by their names, and other programs by their own words', () => {
  const chrome =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36';
  expect(nameProgram(chrome)).toBe('Chrome on Linux');
  expect(nameProgram(`${chrome} Edg/139.0.0.0`)).toBe('Edge on Linux');
  expect(nameProgram('Mozilla/5.0 (Macintosh; Intel Mac OS X 15.6; rv:142.0) Firefox/142.0')).toBe(
    'Firefox on macOS',
  );
  expect(nameProgram('curl/8.14.1')).toBe('curl');
  expect(nameProgram('nightly-import/3')).toBe('nightly-import/3');
  expect(nameProgram(null)).toBe('An unknown program');
});
