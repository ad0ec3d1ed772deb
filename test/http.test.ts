import { describe, expect, it } from 'vitest';
import { httpJob, type Handler } from '../functions/http.ts';
import { jsonLog } from '../functions/io/log.ts';
import { keysOf, routes, type Route } from '../functions/rules/http/routes.ts';
import { callUndescribed, type SampleAnswer, type SampleRequest } from './rigs/gateway-event.ts';

const all = Object.values(routes).flatMap((ofJob) => Object.entries<Route>(ofJob));

/** Asks every route of the API in the same way, over handlers that answer which one of them was reached. */
async function askAll(request: Partial<SampleRequest>): Promise<Record<string, SampleAnswer>> {
  const handlers = Object.fromEntries(
    all.map(([id]) => [id, (async () => ({ status: 200, body: { reached: id } })) satisfies Handler<unknown>]),
  );
  const job = httpJob(Object.fromEntries(all), handlers, { log: jsonLog('sample', () => undefined), settings: {} });
  const keys = all.flatMap(([, route]) => keysOf(route));
  return Object.fromEntries(
    await Promise.all(
      keys.map(async (routeKey) => [routeKey, await callUndescribed(job, { routeKey, ...request })] as const),
    ),
  );
}

const isOpenKey = Object.fromEntries(
  all.flatMap(([, route]) => keysOf(route).map((key) => [key, ['anyone', 'signature'].includes(route.who)])),
);

describe('a request', () => {
  it('reaches the handler of its route, and of no other', async () => {
    for (const [id, route] of all)
      for (const key of keysOf(route))
        expect([key, (await askAll({ claims: { sub: 'sample' } }))[key]?.body]).toEqual([key, { reached: id }]);
  });

  it('for a route of another job is answered 404', async () => {
    const job = httpJob({}, {}, { log: jsonLog('sample', () => undefined), settings: {} });
    expect(await callUndescribed(job, { routeKey: 'GET /v1/health' })).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
  });

  it.each([
    ['no authorizer', {}],
    ['a Lambda authorizer', { authorizer: { lambda: { sub: 'sample' } } }],
    ['an IAM authorizer', { authorizer: { iam: { userId: 'sample' } } }],
    ['a JWT authorizer without claims', { authorizer: { jwt: {} } }],
  ])('behind %s reaches the open routes alone', async (_, request) => {
    for (const [key, { status, body }] of Object.entries(await askAll(request)))
      expect([key, status, body.code]).toEqual(
        isOpenKey[key] ? [key, 200, undefined] : [key, 403, 'token_without_user'],
      );
  });

  it('whose bearer nobody can tell for the moment is told when to come again, on every route that wants one', async () => {
    const answers = Object.entries(await askAll({ authorizer: { lambda: { refused: 'unknown' } } }));
    for (const [key, { status, headers }] of answers.filter(([one]) => !isOpenKey[one]))
      expect([key, status, headers['retry-after']]).toEqual([key, 503, '15']);
  });
});
