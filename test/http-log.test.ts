import { describe, expect, it } from 'vitest';
import { httpJob, type Handler } from '../functions/http.ts';
import { jsonLog } from '../functions/io/log.ts';
import { callUndescribed, type SampleRequest } from './rigs/gateway-event.ts';

const routeKey = 'GET /v1/users/{userId}';

/** The lines that one request leaves. */
async function linesOf(
  getUser: Handler<unknown>,
  request: Partial<SampleRequest> = {},
): Promise<Record<string, unknown>[]> {
  const lines: string[] = [];
  const log = jsonLog('sample', (line) => void lines.push(line));
  const job = httpJob({ getUser: { key: routeKey, who: 'anyone' } }, { getUser }, { log, settings: {} });
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
});
