import { expect, test } from 'vitest';
import { answer, fieldProblems, type Problem, ProblemError, readProblem } from './problem';

const problem = (more: Partial<Problem>): ProblemError =>
  new ProblemError({
    type: 'about:blank',
    title: 'Invalid fields',
    status: 422,
    code: 'validation_failed',
    detail: 'Some fields are invalid.',
    ...more,
  });

const fault = (field: string, message: string) => ({ field, code: 'invalid', message });

test('messages stand at the fields that their pointers name', () => {
  const { at, rest } = fieldProblems(
    problem({ errors: [fault('/name', 'must be given'), fault('/email', 'No address.')] }),
    ['/name', '/email'],
  );
  expect(at('/name')).toBe('Must be given.');
  expect(at('/email')).toBe('No address.');
  expect(rest).toBeNull();
});

test('a message about a part of a field stands at the field', () => {
  const { at } = fieldProblems(
    problem({ errors: [fault('/capabilities/0', 'must not be blank')] }),
    ['/name', '/capabilities'],
  );
  expect(at('/capabilities')).toBe('0: must not be blank');
});

test('a field whose name begins alike is another field', () => {
  const { at, elsewhere } = fieldProblems(problem({ errors: [fault('/name_tag', 'No.')] }), [
    '/name',
  ]);
  expect(at('/name')).toBeUndefined();
  expect(elsewhere).toEqual(['name_tag: No.']);
});

test('messages about fields that are not shown are kept for the form', () => {
  const { at, rest, elsewhere } = fieldProblems(
    problem({ errors: [fault('/name', 'Too short.'), fault('', 'Send less.')] }),
    ['/name'],
  );
  expect(at('/name')).toBe('Too short.');
  expect(elsewhere).toEqual(['Send less.']);
  expect(rest?.code).toBe('validation_failed');
});

test('a refusal without fields stands at the field that its code speaks of', () => {
  const { at, rest } = fieldProblems(
    problem({ status: 409, code: 'subdomain_taken', detail: 'This subdomain is taken.' }),
    ['/subdomain'],
    { subdomain_taken: '/subdomain' },
  );
  expect(at('/subdomain')).toBe('This subdomain is taken.');
  expect(rest).toBeNull();
});

test('a refusal is told in the page’s own words where it has some', () => {
  const { at } = fieldProblems(problem({ status: 404, code: 'not_found' }), ['/subdomain'], {
    not_found: ['/subdomain', 'No organisation has it.'],
  });
  expect(at('/subdomain')).toBe('No organisation has it.');
});

test('a refusal that speaks of a field that is not shown is for the form', () => {
  const { rest, elsewhere } = fieldProblems(problem({ code: 'last_owner' }), ['/full_name'], {
    last_owner: '/role',
  });
  expect(rest?.code).toBe('last_owner');
  expect(elsewhere).toEqual([]);
});

test('any other refusal is for the form', () => {
  expect(fieldProblems(problem({ code: 'quota_exceeded' }), ['/name']).rest?.code).toBe(
    'quota_exceeded',
  );
  expect(fieldProblems(null, ['/name']).rest).toBeNull();
});

test('a body that is no problem becomes one of the same status', () => {
  expect(readProblem('<html>Bad gateway</html>', 502)).toMatchObject({
    status: 502,
    code: 'unexpected_answer',
  });
});

test('a lost connection is a problem too', async () => {
  const refused = answer(Promise.reject(new TypeError('Failed to fetch')));
  await expect(refused).rejects.toMatchObject({ problem: { status: 0, code: 'unreachable' } });
});
