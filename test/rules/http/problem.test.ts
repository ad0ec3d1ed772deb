import { describe, expect, it } from 'vitest';
import {
  outages,
  refusals,
  Refused,
  Unavailable,
  type OutageCode,
  type RefusalCode,
} from '../../../functions/rules/failure.ts';
import { problemOf } from '../../../functions/rules/http/problem.ts';

describe('problemOf', () => {
  it.each(Object.entries(refusals))('says %s with its status', (code, [status, title]) => {
    const { problem, retryAfterMs } = problemOf(new Refused(code as RefusalCode), 'request-1');
    expect(problem).toEqual({
      type: `urn:contact-bridge:problem:${code}`,
      title,
      status,
      code,
      requestId: 'request-1',
    });
    expect(title).toMatch(/^[A-Z].+\.$/);
    expect(retryAfterMs).toBeUndefined();
  });

  it.each(Object.entries(outages))('says %s with its status and when to come back', (code, [status, title]) => {
    const { problem, retryAfterMs } = problemOf(new Unavailable(code as OutageCode), 'request-1');
    expect(problem).toMatchObject({ status, code, title });
    expect(title).toMatch(/^[A-Z].+\.$/);
    expect(retryAfterMs).toBe(2_000);
  });

  it('names what is wrong with the input', () => {
    const flaws = [{ path: 'name', problem: 'must be a string' }];
    expect(problemOf(new Refused('body_invalid', { flaws }), 'r').problem.errors).toEqual(flaws);
    expect(problemOf(new Refused('body_invalid'), 'r').problem).not.toHaveProperty('errors');
  });

  it('carries the pause and what the caller comes back with', () => {
    const failure = new Unavailable('maiagent_busy', { retryAfterMs: 7_000, setting: 'maiAgent.baseUrl' });
    const { problem, retryAfterMs } = problemOf(failure.with({ visitorToken: 'sample-token' }), 'r');
    expect(retryAfterMs).toBe(7_000);
    expect(problem).toMatchObject({ code: 'maiagent_busy', visitorToken: 'sample-token' });
    expect(problemOf(new Refused('visitor_budget_spent', { retryAfterMs: 9_000 }), 'r').retryAfterMs).toBe(9_000);
  });

  it('tells the operator’s setting to nobody else', () => {
    const failure = new Unavailable('maiagent_refused_key', { setting: 'private setting' });
    expect(JSON.stringify(problemOf(failure, 'r'))).not.toContain('private');
    expect(failure.with({}).setting).toBe('private setting');
  });

  it.each([
    new Error('private'),
    new TypeError('private'),
    'private',
    { message: 'private', code: 'private' },
    null,
    undefined,
  ])('says nothing of a bug', (bug) => {
    const { problem, retryAfterMs } = problemOf(bug, 'request-1');
    expect(problem).toEqual({
      type: 'urn:contact-bridge:problem:internal_error',
      title: 'Something went wrong here.',
      status: 500,
      code: 'internal_error',
      requestId: 'request-1',
    });
    expect(retryAfterMs).toBeUndefined();
  });

  it('never holds the cause or the stack of a failure', () => {
    const failure = Object.assign(new Refused('not_found'), { cause: new Error('private'), detail: 'private' });
    expect(JSON.stringify(problemOf(failure, 'r'))).not.toMatch(/private|stack|\.ts/);
  });
});
