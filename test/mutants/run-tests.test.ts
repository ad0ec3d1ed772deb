import { describe, expect, it } from 'vitest';
import { readReport } from './run-tests.ts';

describe('a report of a run', () => {
  const report = (assertionResults: object[], more: object = {}) =>
    ({
      success: false,
      numTotalTests: 1,
      testResults: [{ name: '/project/test/a.test.ts', status: 'failed', assertionResults, ...more }],
    }) as never;
  const failed = (message: string) => ({ fullName: 'a fact', status: 'failed', failureMessages: [message] });

  it('names the test that failed', () => {
    expect(readReport(report([failed('AssertionError: expected 1 to be 2')]), '/project')).toMatchObject({
      is: 'failed',
      test: 'test/a.test.ts: a fact',
    });
  });

  it('names a test that could not read an answer', () => {
    const message = 'SyntaxError: Unexpected token \'/\', "// loader" is not valid JSON';
    expect(readReport(report([failed(message)]), '/project')).toMatchObject({ is: 'failed' });
  });

  it.each([
    'ValidationException: Invalid ConditionExpression',
    'ReferenceError: x is not defined',
    'SyntaxError: Unexpected token',
  ])('of a code that cannot run (%s) says nothing of the tests', (message) => {
    expect(readReport(report([failed(message)]), '/project')).toMatchObject({ is: 'broken' });
  });

  it('of a file that cannot be loaded says nothing of the tests', () => {
    expect(readReport(report([], { message: 'Cannot find module' }), '/project')).toMatchObject({ is: 'broken' });
  });

  it('of no test at all says nothing', () => {
    expect(readReport({ success: true, numTotalTests: 0, testResults: [] }, '/project')).toMatchObject({
      is: 'broken',
    });
  });

  it('passes where everything did', () => {
    const all = { success: true, numTotalTests: 1, testResults: [] };
    expect(readReport(all, '/project')).toEqual({ is: 'passed' });
  });
});
