import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  broadcastId,
  cli,
  expectOneLine,
  problem,
  startBroadcastStub,
  type StubApi,
  viewOf,
} from './broadcast-stub.ts';

let stub: StubApi;
beforeAll(async () => (stub = await startBroadcastStub()));
afterAll(() => stub.close());
const route = `PATCH /v1/broadcasts/${broadcastId}`;
beforeEach(() => {
  stub.forget();
  stub.answer(route, { body: viewOf({ state: 'accepted', nextAt: '2027-03-01T02:00:00Z' }) });
});

const change = (...args: string[]) => cli([...args, '--local', stub.url]);
const asked = () => stub.callsOf(route).map(({ body }) => body);

describe('broadcast edit, pause and resume', () => {
  it('asks for what is said alone, and shows the broadcast as it is now', async () => {
    const { code, out, err } = await change(
      'edit',
      broadcastId,
      '--message',
      'At ten.',
      '--at',
      '2027-03-01T10:00',
      '--zone',
      'Asia/Taipei',
    );
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^state +accepted$/m);
    expect(out).toMatch(/^next +2027-03-01T02:00:00Z$/m);
    const schedule = { kind: 'at', at: '2027-03-01T10:00:00', timeZone: 'Asia/Taipei' };
    expect(asked()).toEqual([{ message: 'At ten.', schedule }]);
  });

  it('pauses and resumes', async () => {
    expect((await change('pause', broadcastId)).code).toBe(0);
    expect(JSON.parse((await change('resume', broadcastId, '--json')).out)).toMatchObject({ state: 'accepted' });
    expect(asked()).toEqual([{ paused: true }, { paused: false }]);
  });

  it('sends to everybody only what somebody agreed to', async () => {
    const asking = ['edit', broadcastId, '--all', '--role', 'staff'];
    expectOneLine(await change(...asking), /needs --confirm all/);
    expect(asked()).toEqual([]);
    expect((await change(...asking, '--confirm', 'all')).code).toBe(0);
    expect(asked()).toEqual([{ audience: { kind: 'all', where: { roles: ['staff'] } }, confirm: 'all' }]);
  });

  it('says that nothing is to be changed', async () => {
    expectOneLine(await change('edit', broadcastId), /say what to change/);
    expect(asked()).toEqual([]);
  });

  it('does not take conditions for an audience', async () => {
    expectOneLine(await change('edit', broadcastId, '--role', 'staff'), /need those whom they narrow/);
  });

  it('says in one line that it comes too late', async () => {
    const late = problem(409, 'broadcast_running', 'It runs.', [{ path: 'runs', problem: 'has one under way' }]);
    stub.answer(route, late);
    expectOneLine(await change('edit', broadcastId, '--message', 'x'), /runs: has one under way \(broadcast_running\)/);
  });
});
