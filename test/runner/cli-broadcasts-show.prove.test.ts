import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  broadcastId,
  cli,
  expectOneLine,
  problem,
  runOf,
  showRoute,
  startBroadcastStub,
  type StubApi,
  viewOf,
} from './broadcast-stub.ts';

let stub: StubApi;
beforeAll(async () => (stub = await startBroadcastStub()));
afterAll(() => stub.close());
beforeEach(() => stub.forget());

const local = () => ['--local', stub.url];

describe('broadcast list, show and cancel', () => {
  it('lists the broadcasts page by page, each on one line', async () => {
    const {
      runs: _runs,
      audience: _audience,
      ...listed
    } = viewOf({ message: `two\nlines ${'👩‍💻'.repeat(60)}` }) as Record<string, unknown>;
    stub.answer(
      'GET /v1/broadcasts',
      { body: { broadcasts: [listed], next: 'page 2' } },
      { body: { broadcasts: [{ ...listed, message: 'older', nextAt: '2027-03-02T01:00:00Z' }], next: null } },
    );
    const { code, out } = await cli(['list', ...local()]);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      `2027-03-01T00:59:00Z  ${broadcastId}  scheduled  now  two\\u000alines ${'👩‍💻'.repeat(49)}…`,
      `2027-03-01T00:59:00Z  ${broadcastId}  scheduled  now (next 2027-03-02T01:00:00Z)  older`,
      '',
    ]);
    const routes = stub.callsOf('GET /v1/broadcasts').map(({ route }) => route);
    expect(routes).toEqual(['GET /v1/broadcasts', 'GET /v1/broadcasts?from=page+2']);
  });

  it('lists no more than it is asked for, and says when there is nothing', async () => {
    stub.answer('GET /v1/broadcasts', { body: { broadcasts: [viewOf(), viewOf()], next: null } });
    const { out } = await cli(['list', '--max', '1', ...local()]);
    expect(out.split('\n')).toEqual([expect.any(String), 'stopped after 1: --max shows more', '']);
    stub.answer('GET /v1/broadcasts', { body: { broadcasts: [], next: null } });
    expect((await cli(['list', ...local()])).out).toBe('there are no broadcasts\n');
  });

  it('shows a broadcast, its schedule and its runs', async () => {
    const schedule = { kind: 'cron', cron: '0 9 ? * MON *', timeZone: 'Asia/Taipei', end: '2027-12-31T00:00:00' };
    const audience = { kind: 'all', where: { roles: ['staff'] } };
    const runs = [runOf('sending', 4), runOf('finished', 10, { scheduledAt: '2027-02-22T01:00:00Z' })];
    stub.answer(showRoute, { body: viewOf({ schedule, audience, runs, nextAt: '2027-03-08T01:00:00Z' }) });
    const { code, out } = await cli(['show', broadcastId, ...local()]);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      `broadcast      ${broadcastId}`,
      'state          scheduled',
      'message        We open at nine.',
      'audience       all, {"where":{"roles":["staff"]}}',
      'schedule       cron 0 9 ? * MON * Asia/Taipei until 2027-12-31T00:00:00, at most 60 minutes late',
      'created        2027-03-01T00:59:00Z',
      'next           2027-03-08T01:00:00Z',
      'run            2027-03-01T01:00:00Z  sending: 4 of 10, planned 6, sent 4, failed 0, unknown 0, 120 a minute',
      'run            2027-02-22T01:00:00Z  finished: 10 of 10, sent 10, failed 0, unknown 0',
      '',
    ]);
  });

  it('says what a cancellation stops, and cancels', async () => {
    const cancelled = { planned: 0, claimed: 0, sent: 4, failed: 0, skipped: 0, cancelled: 6, unknown: 0 };
    stub.answer(showRoute, { body: viewOf({ runs: [runOf('sending', 4)], nextAt: '2027-03-08T01:00:00Z' }) });
    stub.answer(`POST /v1/broadcasts/${broadcastId}/cancel`, {
      body: viewOf({ state: 'cancelled', runs: [runOf('cancelled', 4, { counts: cancelled })] }),
    });
    const { code, out } = await cli(['cancel', broadcastId, ...local()]);
    expect(code).toBe(0);
    expect(out).toMatch(/^cancels +the run 2027-03-01T01:00:00Z {2}sending: .*; 4 stay as they are/m);
    expect(out).toMatch(/^cancels +the run at 2027-03-08T01:00:00Z, and every later one$/m);
    expect(out).toMatch(/^state +cancelled\nrun +.* cancelled: 10 of 10, sent 4, failed 0, cancelled 6, unknown 0\n$/m);
  });

  it('says that a broadcast is over and cannot be cancelled', async () => {
    stub.answer(showRoute, { body: viewOf({ state: 'done' }) });
    stub.answer(`POST /v1/broadcasts/${broadcastId}/cancel`, problem(409, 'broadcast_over', 'It is over.'));
    expectOneLine(
      await cli(['cancel', broadcastId, ...local()]),
      /It is over \(broadcast_over\) \[request request-1\]/,
    );
  });

  it.each([
    ['../users/member-1', '..%2Fusers%2Fmember-1'],
    ['3f0c2f1e', '3f0c2f1e'],
  ])('asks for one broadcast, whatever its id is written like: %s', async (id, written) => {
    stub.answer(`GET /v1/broadcasts/${written}`, problem(404, 'not_found', 'There is nothing at this address.'));
    expectOneLine(await cli(['show', id, ...local()]), /\(not_found\): there is no such broadcast/);
    expect(stub.calls.at(-1)?.route).toBe(`GET /v1/broadcasts/${written}`);
  });
});
