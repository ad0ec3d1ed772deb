import { describe, expect, it } from 'vitest';
import { httpJob, type Handler } from '../functions/http.ts';
import { jsonLog, logAbout } from '../functions/io/log.ts';
import type { Route } from '../functions/rules/http/routes.ts';
import { callUndescribed, type SampleRequest } from './rigs/gateway-event.ts';

const routeKey = 'GET /v1/users/{userId}';

/** The lines that one request leaves. */
async function linesOf(
  getUser: Handler<unknown>,
  request: Partial<SampleRequest> = {},
  who: Route['who'] = 'anyone',
): Promise<Record<string, unknown>[]> {
  const lines: string[] = [];
  const log = jsonLog('sample', (line) => void lines.push(line));
  const job = httpJob({ getUser: { key: routeKey, who } }, { getUser }, { log, settings: {} });
  await callUndescribed(job, { routeKey, path: '/v1/users/planted', parameters: { userId: 'planted' }, ...request });
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the log of a request', () => {
  it('is one line with the route, the status and the time, and nothing of the path', async () => {
    const lines = await linesOf(async () => ({ status: 200 }), { query: { keyword: 'planted' } });
    expect(lines).toMatchObject([{ event: 'request', route: routeKey, status: 200, ms: expect.any(Number) }]);
    expect(JSON.stringify(lines)).not.toContain('planted');
  });

  it('of a bug says its kind and where it happened, and nothing that its text quotes', async () => {
    const lines = await linesOf(() => {
      throw new RangeError('planted is out of range');
    });
    expect(lines).toMatchObject([
      { event: 'bug', kind: 'RangeError', at: expect.stringContaining('http-log.test') },
      { event: 'request', route: routeKey, status: 500, code: 'internal_error' },
    ]);
    expect(JSON.stringify(lines)).not.toContain('planted');
  });

  it('carries the pseudonym of the person, from where the handler knows it, and no other request carries it', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((settle) => (release = settle));
    const first = linesOf(async () => {
      logAbout({ person: 'sample-pseudonym' });
      await held;
      throw new RangeError('planted');
    });
    expect((await linesOf(async () => ({ status: 200 })))[0]).not.toHaveProperty('person');
    release();
    expect((await first).map(({ event, person }) => [event, person])).toEqual([
      ['bug', 'sample-pseudonym'],
      ['request', 'sample-pseudonym'],
    ]);
  });

  const answer = async () => ({ status: 200 });
  it.each([
    [{ azp: 'sample-client' }, 'contacts.read', 'e281e4fccc26'],
    [{ appid: 'sample-client', sub: 'planted' }, 'contacts.read', 'e281e4fccc26'],
    // The subject may be a person: nothing follows from it.
    [{ sub: 'planted' }, 'contacts.read', 'unnamed'],
    [{ azp: 'sample-client' }, 'user', undefined],
  ] as const)('of a call by %j to a route for %s is marked with its caller: %s', async (claims, who, caller) => {
    const [line] = await linesOf(answer, { claims }, who);
    expect(line?.['caller']).toBe(caller);
    expect(JSON.stringify(line)).not.toMatch(/sample-client|planted/);
  });
});
